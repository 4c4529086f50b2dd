"""Issued keys verify until revoked; what is stored cannot be used as a key."""

import stat
from pathlib import Path

import pytest

from animevec.errors import Conflict, NotFound
from animevec.keys import KeyStore, Role, admin_key


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(f"sqlite:///{tmp_path / 'keys.db'}")


def test_a_token_verifies_as_the_role_it_was_issued_for(keys: KeyStore) -> None:
    for role in Role:
        key, token = keys.issue(role.value, role)
        found = keys.verify(token)
        assert found is not None
        assert (found.id, found.role) == (key.id, role)


def test_revoked_changed_and_foreign_tokens_do_not_verify(keys: KeyStore) -> None:
    key, token = keys.issue("one", Role.READER)
    for wrong in ("", "x", token[:-1], token + "a", token.replace("avk", "avq"), f"avk_{key.id}_"):
        assert keys.verify(wrong) is None
    keys.revoke(key.id)
    assert keys.verify(token) is None
    with pytest.raises(NotFound):
        keys.revoke(key.id)


def test_the_database_holds_no_token(keys: KeyStore, tmp_path: Path) -> None:
    _, token = keys.issue("one", Role.ADMIN)
    keys.close()
    secret = token.split("_", 2)[2].encode()
    assert all(secret not in file.read_bytes() for file in tmp_path.iterdir())


def test_two_keys_of_one_name_are_refused(keys: KeyStore) -> None:
    keys.issue("one", Role.READER)
    with pytest.raises(Conflict, match="'one'"):
        keys.issue("one", Role.READER)


def test_the_first_admin_key_is_private_kept_and_replaced_when_lost(
    keys: KeyStore, tmp_path: Path
) -> None:
    file = tmp_path / "secrets" / "admin.key"
    token = admin_key(keys, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert admin_key(keys, file) == token
    file.unlink()
    fresh = admin_key(keys, file)
    assert fresh != token and keys.verify(token) is None and keys.verify(fresh) is not None
