"""How many rows of an import were left out because their titles had been deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Count from 0 in imports that are there."""
    op.add_column(
        "catalog_import",
        sa.Column("left_out", sa.BigInteger, nullable=False, server_default="0"),
    )


def downgrade() -> None:
    """Forget the counts."""
    op.drop_column("catalog_import", "left_out")
