"""Motifs: every tag has a look, and every motif really draws."""

from random import Random

import numpy as np
import pytest

from animevec.artwork import scene
from animevec.artwork.backdrops import BACKDROPS
from animevec.artwork.brief import THINGS
from animevec.artwork.emblems import EMBLEMS
from animevec.artwork.palette import Era, Mood, palette
from animevec.artwork.stage import Stage
from animevec.artwork.tags import LOOKS, look_of

PALETTE = palette(0.6, 0.4, Mood.EPIC, Era.CEL)


def stage() -> Stage:
    return Stage((60, 84), PALETTE, Random(1))


@pytest.mark.parametrize("tag", sorted(LOOKS))
def test_every_tag_names_motifs_that_exist(tag: str) -> None:
    look = LOOKS[tag]
    assert set(look.backdrops) <= BACKDROPS.keys()
    assert set(look.emblems) <= EMBLEMS.keys()


def test_no_motif_is_left_unused() -> None:
    assert {b for look in LOOKS.values() for b in look.backdrops} == BACKDROPS.keys()
    emblems = {e for look in LOOKS.values() for e in look.emblems} | {*THINGS.values()}
    assert emblems == EMBLEMS.keys()


@pytest.mark.parametrize("name", sorted(BACKDROPS))
def test_a_backdrop_fills_the_picture(name: str) -> None:
    drawn = stage()
    BACKDROPS[name](drawn)
    assert np.asarray(drawn.finished()).std() > 4


@pytest.mark.parametrize("name", sorted(EMBLEMS))
def test_an_emblem_is_seen_where_it_was_put(name: str) -> None:
    drawn = stage()
    before = np.asarray(drawn.finished()).astype(int)
    EMBLEMS[name](drawn, 0.5, 0.7, 0.2)
    changed = np.abs(np.asarray(drawn.finished()).astype(int) - before).sum(-1) > 30
    rows, columns = np.nonzero(changed)
    assert changed.mean() > 0.004
    assert abs(columns.mean() - 30) < 12 and abs(rows.mean() - 42) < 18


@pytest.mark.parametrize("tag", ["Action", "SCHOOL", " mecha "])
def test_tags_are_found_whatever_their_capitals(tag: str) -> None:
    assert look_of(tag) is not None


def test_a_scene_belongs_to_its_seed_and_its_caption_names_its_tags() -> None:
    one, again, other = scene(5), scene(5), scene(6)
    assert one.picture.tobytes() == again.picture.tobytes() and one.caption == again.caption
    assert one.picture.tobytes() != other.picture.tobytes()
    assert all(tag in one.caption for tag in one.tags)
