"""Answers of the sources about an invented title, in the shapes the sources use."""

import json
from typing import Any

JIKAN: dict[str, Any] = {
    "data": {
        "mal_id": 900001,
        "url": "https://myanimelist.net/anime/900001/Tsuki_no_Hashi",
        "images": {"webp": {"large_image_url": "https://cdn.example/900001l.webp"}},
        "trailer": {"youtube_id": "abcdefghijk"},
        "titles": [
            {"type": "Default", "title": "Tsuki no Hashi"},
            {"type": "English", "title": "Bridge of the Moon"},
            {"type": "Japanese", "title": "月の橋"},
            {"type": "Synonym", "title": "TsukiHashi"},
        ],
        "type": "TV",
        "source": "Light novel",
        "episodes": 12,
        "status": "Finished Airing",
        "aired": {
            "from": "2019-01-10T00:00:00+00:00",
            "prop": {
                "from": {"day": 10, "month": 1, "year": 2019},
                "to": {"day": 28, "month": 3, "year": 2019},
            },
        },
        "duration": "24 min per ep",
        "rating": "PG-13 - Teens 13 or older",
        "score": 7.5,
        "scored_by": 1200,
        "rank": 900,
        "popularity": 700,
        "members": 5000,
        "favorites": 30,
        "synopsis": "A ferryman builds a bridge by night.\n\n[Written by MAL Rewrite]",
        "season": "winter",
        "year": 2019,
        "studios": [{"mal_id": 1, "name": "Studio Kawa"}],
        "producers": [{"mal_id": 2, "name": "Kawa Partners"}],
        "licensors": [],
        "genres": [{"mal_id": 1, "name": "Drama"}],
        "themes": [{"mal_id": 2, "name": "Historical"}],
        "demographics": [{"mal_id": 3, "name": "Seinen"}],
        "relations": [
            {
                "relation": "Sequel",
                "entry": [{"mal_id": 900002, "type": "anime", "name": "Hashi 2"}],
            },
            {"relation": "Adaptation", "entry": [{"mal_id": 7, "type": "manga", "name": "Hashi"}]},
        ],
        "external": [{"name": "AniDB", "url": "https://anidb.net/anime/77"}],
        "streaming": [{"name": "Stream", "url": "https://stream.example/hashi"}],
    }
}
JIKAN_CHARACTERS: dict[str, Any] = {
    "data": [
        {
            "character": {"mal_id": 11, "name": "Kawano, Haru"},
            "role": "Main",
            "voice_actors": [
                {"person": {"mal_id": 5, "name": "Mori, Aoi"}, "language": "Japanese"}
            ],
        },
        {"character": {"mal_id": 12, "name": "Old Ferry"}, "role": "Supporting"},
    ]
}
JIKAN_EPISODES: dict[str, Any] = {
    "pagination": {"has_next_page": False},
    "data": [
        {
            "mal_id": 1,
            "title": "Night",
            "title_romanji": "Yoru",
            "aired": "2019-01-10T00:00:00+09:00",
            "score": 4.2,
            "filler": False,
        }
    ],
}
JIKAN_STAFF: dict[str, Any] = {
    "data": [{"person": {"mal_id": 9, "name": "Hoshi, Ken"}, "positions": ["Director"]}]
}
ANILIST_MEDIA: dict[str, Any] = {
    "id": 800001,
    "idMal": 900001,
    "type": "ANIME",
    "title": {"romaji": "Tsuki no Hashi", "english": "Bridge of the Moon", "native": "月の橋"},
    "description": "A <b>ferryman</b> builds a bridge.<br><br>~!He is the river!~ __Night__ falls.",
    "source": "LIGHT_NOVEL",
    "format": "TV",
    "episodes": 12,
    "duration": 24,
    "status": "FINISHED",
    "season": "WINTER",
    "seasonYear": 2019,
    "countryOfOrigin": "JP",
    "isAdult": False,
    "startDate": {"year": 2019, "month": 1, "day": 10},
    "endDate": {"year": 2019, "month": 3, "day": None},
    "coverImage": {"extraLarge": "https://cdn.example/800001.jpg"},
    "trailer": {"id": "abcdefghijk", "site": "youtube"},
    "averageScore": 74,
    "popularity": 9000,
    "favourites": 100,
    "genres": ["Drama"],
    "synonyms": [],
    "tags": [{"name": "Rural", "rank": 80}, {"name": "Twist", "rank": 90, "isMediaSpoiler": True}],
    "relations": {
        "edges": [
            {
                "relationType": "SEQUEL",
                "node": {"id": 800002, "type": "ANIME", "title": {"romaji": "Hashi 2"}},
            }
        ]
    },
    "studios": {"edges": [{"isMain": True, "node": {"id": 1, "name": "Studio Kawa"}}]},
    "rankings": [{"rank": 500, "type": "RATED", "allTime": True}],
    "stats": {"scoreDistribution": [{"score": 70, "amount": 10}, {"score": 80, "amount": 5}]},
    "characters": {
        "edges": [
            {
                "role": "MAIN",
                "node": {"id": 21, "name": {"full": "Haru Kawano", "native": "川野ハル"}},
                "voiceActors": [{"id": 22, "name": {"full": "Aoi Mori"}}],
            }
        ]
    },
    "staff": {"edges": [{"role": "Director", "node": {"id": 23, "name": {"full": "Ken Hoshi"}}}]},
}
ANILIST: dict[str, Any] = {"data": {"Media": ANILIST_MEDIA}}
KITSU: dict[str, Any] = {
    "data": [
        {
            "id": "7001",
            "type": "anime",
            "attributes": {
                "slug": "tsuki-no-hashi",
                "synopsis": "A ferryman.",
                "titles": {
                    "en": "Bridge of the Moon",
                    "en_jp": "Tsuki no Hashi",
                    "ja_jp": "月の橋",
                },
                "canonicalTitle": "Tsuki no Hashi",
                "abbreviatedTitles": [None, "Hashi"],
                "averageRating": "71.5",
                "ratingFrequencies": {"14": "3", "20": "4"},
                "userCount": 50,
                "startDate": "2019-01-11",
                "endDate": "2019-03-28",
                "ageRating": "PG",
                "subtype": "TV",
                "status": "finished",
                "episodeCount": 12,
                "episodeLength": 25,
                "nsfw": False,
            },
            "relationships": {
                "mappings": {"data": [{"type": "mappings", "id": "1"}]},
                "categories": {"data": [{"type": "categories", "id": "4"}]},
                "mediaRelationships": {"data": [{"type": "mediaRelationships", "id": "5"}]},
            },
        }
    ],
    "included": [
        {
            "id": "1",
            "type": "mappings",
            "attributes": {"externalSite": "myanimelist/anime", "externalId": "900001"},
        },
        {"id": "4", "type": "categories", "attributes": {"title": "Drama"}},
        {
            "id": "5",
            "type": "mediaRelationships",
            "attributes": {"role": "sequel"},
            "relationships": {"destination": {"data": {"type": "anime", "id": "7002"}}},
        },
        {"id": "7002", "type": "anime", "attributes": {"canonicalTitle": "Hashi 2"}},
    ],
}
ANIDB = """<?xml version="1.0" encoding="UTF-8"?>
<anime id="77" restricted="false">
  <type>TV Series</type><episodecount>12</episodecount>
  <startdate>2019-01-10</startdate><enddate>2019-03-28</enddate>
  <titles>
    <title xml:lang="x-jat" type="main">Tsuki no Hashi (2019)</title>
    <title xml:lang="ja" type="official">月の橋</title>
    <title xml:lang="en" type="official">Bridge of the Moon</title>
  </titles>
  <relatedanime><anime id="78" type="Sequel">Hashi 2</anime></relatedanime>
  <creators><name id="1" type="Animation Work">Studio Kawa</name>
    <name id="2" type="Direction">Hoshi Ken</name></creators>
  <description>* Based on a novel.
http://anidb.net/ch5 [Haru] builds the river`s bridge.
Source: ANN</description>
  <ratings><permanent count="100">7.1</permanent></ratings>
  <picture>77.jpg</picture>
  <resources>
    <resource type="1"><externalentity><identifier>3</identifier></externalentity></resource>
    <resource type="2"><externalentity><identifier>900001</identifier></externalentity>
      <externalentity><identifier>900009</identifier></externalentity></resource>
  </resources>
  <tags><tag id="1" weight="600"><name>drama</name></tag>
    <tag id="2" weight="600" localspoiler="true"><name>twist</name></tag></tags>
  <characters><character id="5" type="main character in"><name>Kawano Haru</name>
    <seiyuu id="6">Mori Aoi</seiyuu></character></characters>
  <episodes><episode id="1"><epno type="1">1</epno><length>25</length>
    <airdate>2019-01-10</airdate><title xml:lang="en">Night</title></episode>
    <episode id="2"><epno type="3">C1</epno><length>2</length></episode></episodes>
</anime>""".encode()
ANIMESCHEDULE: dict[str, Any] = {
    "page": 1,
    "anime": [
        {
            "title": "Tsuki no Hashi",
            "route": "tsuki-no-hashi",
            "premier": "2019-01-09T16:00:00Z",
            "subPremier": "0001-01-01T00:00:00Z",
            "season": {"season": "Winter", "year": "2019"},
            "description": "A <i>ferryman</i>.",
            "genres": [{"name": "Drama", "route": "drama"}],
            "studios": [{"name": "Studio Kawa", "route": "kawa"}],
            "sources": [{"name": "Light Novel"}],
            "mediaTypes": [{"name": "TV"}],
            "episodes": 12,
            "lengthMin": 24,
            "status": "Finished",
            "stats": {"averageScore": 77.1, "ratingCount": 8},
            "names": {"native": "月の橋", "english": "Bridge of the Moon"},
            "relations": {"sequels": ["hashi-2"], "other": None},
            "websites": {
                "mal": "myanimelist.net/anime/900001/Tsuki",
                "aniList": "anilist.co/anime/800001",
                "kitsu": "kitsu.io/anime/tsuki-no-hashi",
                "anidb": "anidb.net/anime/77",
            },
        }
    ],
}


def _page(head: str, body: str) -> bytes:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()


def _linked(data: dict[str, Any]) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


ANIMEPLANET = _page(
    '<link rel="canonical" href="https://www.anime-planet.com/anime/bridge-of-the-moon">'
    + _linked(
        {
            "@type": "TVSeries",
            "name": "Bridge of the Moon",
            "description": "A ferryman&ndash;at night.",
            "image": "https://www.anime-planet.comhttps://cdn.example/moon.jpg",
            "startDate": "2019-01-10",
            "endDate": "2019-03-28",
            "numberOfEpisodes": 12,
            "director": [{"name": "Ken HOSHI"}],
        }
    ),
    """<h1>Bridge of the Moon</h1><h2 class="aka">Alt title: Tsuki no Hashi</h2>
    <section class="entryBar"><div><span class="type">TV (12 eps x 24 min)</span></div>
    <a href="/anime/studios/kawa">Studio Kawa</a><a href="/anime/seasons/winter-2019">W</a>
    <div class="avgRating" title="3.900 out of 5 from 1,234 votes"></div><div>Rank #42</div>
    </section><div class="tags"><a>Drama</a></div>
    <div id="tabs--relations--anime"><a class="RelatedEntry" href="/anime/hashi-2">
    <p class="RelatedEntry__name">Hashi 2</p><span class="RelatedEntry__subtitle">Sequel</span>
    </a></div>""",
)
ANISEARCH = _page(
    '<link rel="canonical" href="https://www.anisearch.com/anime/4444,tsuki-no-hashi">'
    + _linked(
        {"@type": "TVSeries", "aggregateRating": {"ratingValue": "3.9", "ratingCount": "12"}}
    ),
    """<div id="information"><ul class="infoblock"><li>
    <div class="title" lang="ja"><strong>Tsuki no Hashi</strong>
    <div class="grey">月の橋</div></div>
    <div class="type"><span>Type:</span> TV-Series, 12 (~<time>24 min</time>)</div>
    <div class="status"><span>Status:</span> Completed</div>
    <div class="released"><span>Release Date:</span> 10.01.2019 ‑ 28.03.2019</div>
    <div class="company"><span>Studio:</span> <a href="company/1">Studio Kawa</a></div>
    <div class="adapted"><span>Adapted From:</span> Light Novel</div>
    <div class="creators"><span>Staff:</span> <a href="person/9,x">Ken HOSHI</a> (Direction)</div>
    </li></ul><div class="synonyms">Synonyms: Hashi, Moon Bridge</div></div>
    <section id="relations2"><ul><li><a href="anime/4445,hashi-2">Hashi 2</a>
    <span>Anime: Sequel</span></li></ul></section>""",
)
MYANIMELIST = _page(
    '<link rel="canonical" href="https://myanimelist.net/anime/900001/Tsuki_no_Hashi">',
    """<h1>Tsuki no Hashi</h1><p itemprop="description">A ferryman.<br>Night.</p>
    <table class="table-list">
    <tr><td class="list-title">Alternative<br>Titles</td><td><span class="fn-grey5">English</span>
    <br> Bridge of the Moon<br><span class="fn-grey5">Japanese</span><br> 月の橋<br></td></tr>
    <tr><td class="list-title">Type</td><td>TV</td></tr>
    <tr><td class="list-title">Episodes</td><td>12</td></tr>
    <tr><td class="list-title">Status</td><td>Finished Airing</td></tr>
    <tr><td class="list-title">Aired</td><td>Jan 10, 2019 to Mar 28, 2019</td></tr>
    <tr><td class="list-title">Premiered</td><td>Winter 2019</td></tr>
    <tr><td class="list-title">Studios</td><td><a>Studio Kawa</a></td></tr>
    <tr><td class="list-title">Licensors</td><td>Unknown</td></tr>
    <tr><td class="list-title">Source</td><td>Light novel</td></tr>
    <tr><td class="list-title">Genres</td><td><a>Drama</a></td></tr>
    <tr><td class="list-title">Duration</td><td>1 hr. 2 min. per ep.</td></tr>
    <tr><td class="list-title">Rating</td><td>R+ - Mild Nudity</td></tr></table>
    <table class="entries-table"><tr><td>Sequel</td><td>
    <a href="https://myanimelist.net/anime/900002/Hashi_2">Hashi 2</a></td></tr></table>
    <div class="external_links"><a href="https://anidb.net/anime/77">AniDB</a></div>""",
)
MYANIMELIST_WIDE = _page(
    '<meta property="og:url" content="https://myanimelist.net/anime/900001/Tsuki_no_Hashi">',
    """<h1>Tsuki no Hashi</h1>
    <div class="spaceit_pad"><span class="dark_text">English:</span> Bridge of the Moon</div>
    <div class="spaceit_pad"><span class="dark_text">Synonyms:</span> Hashi, Moon</div>
    <div class="spaceit_pad"><span class="dark_text">Type:</span> <a>TV</a></div>
    <div class="spaceit_pad"><span class="dark_text">Episodes:</span> Unknown</div>
    <div class="spaceit_pad"><span class="dark_text">Status:</span> Currently Airing</div>
    <div class="spaceit_pad"><span class="dark_text">Aired:</span> Jan 2019 to ?</div>
    <div class="spaceit_pad"><span class="dark_text">Studios:</span> None found,
    <a>add some</a></div>
    <div class="spaceit_pad"><span class="dark_text">Duration:</span> 30 sec. per ep.</div>
    <div class="related-entries"><div class="entry"><div class="relation">Sequel (TV)</div>
    <div class="title"><a href="https://myanimelist.net/anime/900002/Two">Two</a></div></div></div>
    <table class="anime_detail_related_anime"><tr><td>Prequel:</td><td>
    <a href="https://myanimelist.net/anime/900000/Zero">Zero</a></td></tr></table>""",
)
LIVECHART = _page(
    _linked(
        {
            "@type": "TVSeries",
            "url": "https://www.livechart.me/anime/555",
            "name": "Tsuki no Hashi",
            "alternateName": ["月の橋"],
            "datePublished": "2019-01-09",
            "numberOfEpisodes": 12,
            "productionCompany": [{"name": "Studio Kawa"}],
        }
    ),
    """<div><div>Premiere</div><a>January 10, 2019</a></div><div><div>Format</div>TV</div>
    <div><div>Status</div>Finished</div><div><div>Run time</div>24m</div>
    <a href="https://anilist.co/anime/800001">A</a><a href="https://kitsu.io/anime/7001">K</a>""",
)
ANN = _page(
    '<link rel="canonical" href="https://www.animenewsnetwork.com/encyclopedia/anime.php?id=3">',
    """<h1>Tsuki no Hashi (TV)</h1><div id="infotype-2">Alternative title:
    <div class="tab">月の橋 (Japanese)</div></div><div id="infotype-3">Number of episodes: 12</div>
    <div id="infotype-4">Running time: 24 minutes per episode</div>
    <div id="infotype-7">Vintage: 2019-01-10 to 2019-03-28 2020-01-01 (USA)</div>""",
)
ANIDB_PAGE = _page(
    '<link rel="canonical" href="https://anidb.net/anime/77">',
    """<div id="tab_1_pane"><table>
    <tr class="romaji"><td><span itemprop="name">Tsuki no Hashi (2019)</span></td></tr>
    <tr class="type"><td class="value">TV Series,
    <span itemprop="numberOfEpisodes">12</span></td></tr>
    <tr class="year"><td class="value"><span itemprop="startDate" content="2019-01-01">
    ??.??.2019</span></td></tr></table></div>""",
)
SIMKL = _page(
    '<link rel="canonical" href="https://simkl.com/anime/66/tsuki">',
    """<div class="SimklTVAboutBlockTitle"><h1>Tsuki no Hashi</h1>2019 - 2019 • 5 hours •
    12 episodes</div><a href="https://myanimelist.net/anime/900001/">M</a>""",
)
