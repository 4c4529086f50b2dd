"""The catalogue's first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, and the counter at revision 0."""
    counter = op.create_table(
        "catalog_counter",
        sa.Column("id", sa.Integer, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalog_counter"),
    )
    op.bulk_insert(counter, [{"id": 1, "revision": 0}])
    _create_titles()
    _create_imports()


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "catalog_import_error",
        "catalog_import",
        "anime_key",
        "anime",
        "anime_version",
        "catalog_counter",
    ):
        op.drop_table(table)


def _create_titles() -> None:
    op.create_table(
        "anime_version",
        sa.Column("revision", sa.BigInteger, autoincrement=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.Text),
        sa.PrimaryKeyConstraint("revision", name="pk_anime_version"),
    )
    op.create_index("ix_anime_version_id_revision", "anime_version", ["id", "revision"])
    op.create_table(
        "anime",
        sa.Column("id", sa.Uuid),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anime"),
        sa.ForeignKeyConstraint(["revision"], ["anime_version.revision"], name="fk_anime_revision"),
    )
    op.create_index("ix_anime_revision", "anime", ["revision"], unique=True)
    op.create_table(
        "anime_key",
        sa.Column("key", sa.String(200)),
        sa.Column("id", sa.Uuid),
        sa.PrimaryKeyConstraint("key", "id", name="pk_anime_key"),
        sa.ForeignKeyConstraint(["id"], ["anime.id"], name="fk_anime_key_id"),
    )
    op.create_index("ix_anime_key_id", "anime_key", ["id"])


def _create_imports() -> None:
    op.create_table(
        "catalog_import",
        sa.Column("digest", sa.String(64)),
        sa.Column("format", sa.String(40), nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("unchanged", sa.BigInteger, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("digest", name="pk_catalog_import"),
    )
    op.create_table(
        "catalog_import_error",
        sa.Column("digest", sa.String(64)),
        sa.Column("line", sa.BigInteger, autoincrement=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", "line", name="pk_catalog_import_error"),
        sa.ForeignKeyConstraint(
            ["digest"], ["catalog_import.digest"], name="fk_catalog_import_error_digest"
        ),
    )
