"""Invented pages of Anime-Planet."""

import json
from html import escape
from pathlib import Path

from flows.simulator.world import Work, World

SITE = "https://www.anime-planet.com"
TYPES = {"TV": "TV", "Movie": "Movie", "OVA": "OVA", "ONA": "Web"}


def page(world: World, slug: str) -> bytes | None:
    """``/anime/{slug}``."""
    work = world.find("animeplanet", "animeplanet", slug)
    return None if work is None else _page(work).encode()


def write(world: World, folder: Path) -> int:
    """Pages as an operator would have saved them, ``<folder>/animeplanet/<slug>.html``."""
    target = folder / "animeplanet"
    target.mkdir(parents=True, exist_ok=True)
    written = 0
    for work in world:
        if (document := page(world, work.slug)) is not None:
            (target / f"{work.slug}.html").write_bytes(document)
            written += 1
    return written


def _page(work: Work) -> str:
    data = {
        "@type": "Movie" if work.kind == "Movie" else "TVSeries",
        "name": work.romaji,
        "description": work.synopsis,
        "image": f"{SITE}https://pictures.invalid/planet/{work.number}.jpg",
        "startDate": work.start.isoformat(),
        "endDate": work.end.isoformat() if work.end else None,
        "numberOfEpisodes": work.episodes,
        "director": [{"@type": "Person", "name": work.staff[0][0].upper()}],
    }
    tags = "".join(f"<li><a>{escape(name)}</a></li>" for name in work.genres)
    season = f"{('winter', 'spring', 'summer', 'fall')[(work.start.month - 1) // 3]}"
    return f"""<!doctype html><html><head><title>{escape(work.romaji)} | Anime-Planet</title>
<link rel="canonical" href="{SITE}/anime/{work.slug}">
<script type="application/ld+json">{json.dumps(data)}</script></head><body>
<h1>{escape(work.romaji)}</h1><h2 class="aka">Alt title: {escape(work.english)}</h2>
<section class="entryBar"><span class="type">{TYPES[work.kind]} ({work.episodes} eps)</span>
<a href="/anime/studios/x">{escape(work.studio)}</a>
<a href="/anime/seasons/{season}-{work.start.year}">season</a>
<span class="iconYear">{work.start.year}</span>
<div class="avgRating" title="{work.score / 2:.2f} out of 5 from 1,{work.number:03d} votes"></div>
</section><div class="tags"><ul>{tags}</ul></div></body></html>"""
