"""The cache in process never passes its bounds."""

from hypothesis import given
from hypothesis import strategies as st

from animevec.cache.memory import Memory

VALUES = st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.binary(max_size=60)), max_size=80)


@given(VALUES)
def test_entries_and_bytes_stay_bounded_and_what_is_there_is_the_newest(
    written: list[tuple[str, bytes]],
) -> None:
    memory = Memory(entries=5, bytes_=100, ttl_s=60)
    newest: dict[str, bytes] = {}
    for key, value in written:
        memory.put(key, value)
        newest[key] = value
        found = {key: v for key in newest if (v := memory.get(key)) is not None}
        assert len(memory) <= 5
        assert sum(map(len, found.values())) <= 100
        assert found.items() <= newest.items()
        assert key in found


def test_the_least_recently_used_goes_first() -> None:
    memory = Memory(entries=2, bytes_=100, ttl_s=60)
    memory.put("old", b"1")
    memory.put("idle", b"2")
    assert memory.get("old") == b"1"
    memory.put("new", b"3")
    assert (memory.get("old"), memory.get("idle"), memory.get("new")) == (b"1", None, b"3")


def test_an_entry_ends_with_its_time() -> None:
    now = 0.0
    memory = Memory(entries=2, bytes_=100, ttl_s=10, clock=lambda: now)
    memory.put("key", b"value")
    now = 9.9
    assert memory.get("key") == b"value"
    now = 10.1
    assert memory.get("key") is None


def test_a_value_larger_than_the_cache_is_not_kept_and_drops_nothing() -> None:
    memory = Memory(entries=2, bytes_=100, ttl_s=60)
    memory.put("small", b"1")
    memory.put("large", b"x" * 101)
    assert (memory.get("small"), memory.get("large")) == (b"1", None)
