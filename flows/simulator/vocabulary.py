"""Words that invented titles are made of."""

NOUNS = (
    ("Kitsune", "Fox", "キツネ"),
    ("Hoshi", "Star", "ホシ"),
    ("Umi", "Sea", "ウミ"),
    ("Mori", "Forest", "モリ"),
    ("Tsuki", "Moon", "ツキ"),
    ("Ryuu", "Dragon", "リュウ"),
    ("Tokei", "Clock", "トケイ"),
    ("Kagami", "Mirror", "カガミ"),
    ("Fune", "Ship", "フネ"),
    ("Hana", "Flower", "ハナ"),
    ("Tori", "Bird", "トリ"),
    ("Yuki", "Snow", "ユキ"),
)
QUALITIES = (
    ("Aoi", "Blue", "アオイ"),
    ("Akai", "Red", "アカイ"),
    ("Shiroi", "White", "シロイ"),
    ("Kuroi", "Black", "クロイ"),
    ("Shizukana", "Silent", "シズカナ"),
    ("Nagai", "Long", "ナガイ"),
    ("Chiisana", "Little", "チイサナ"),
    ("Furui", "Ancient", "フルイ"),
)
PLACES = (
    ("Minato", "the Harbour", "ミナト"),
    ("Yama", "the Mountain", "ヤマ"),
    ("Sora", "the Sky", "ソラ"),
    ("Mura", "the Village", "ムラ"),
    ("Toshi", "the City", "トシ"),
    ("Shima", "the Island", "シマ"),
    ("Chika", "the Underground", "チカ"),
    ("Kawa", "the River", "カワ"),
)
STUDIOS = ("Lantern Works", "Studio Pebble", "Kumo Pictures", "Ninth Frame", "Paper Crane")
GENRES = (
    "Action",
    "Adventure",
    "Comedy",
    "Drama",
    "Fantasy",
    "Horror",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Sports",
)
POSITIONS = ("Director", "Music", "Original Creator", "Series Composition")
FIRST = ("Aki", "Hana", "Ren", "Sora", "Yui", "Kaito", "Mio", "Jun", "Rin", "Taro", "Emi")
LAST = ("Aoki", "Fujita", "Hara", "Ishida", "Kudo", "Mori", "Nagai", "Oda", "Sakai", "Ueda")
KANJI = ("青木", "藤田", "原", "石田", "工藤", "森", "永井", "小田", "酒井", "上田")
DEEDS = (
    "a lighthouse keeper finds a letter that was never sent",
    "two rivals must row the same boat",
    "the trains stop running for one summer",
    "a clockmaker teaches a crow to count",
    "the school choir sings for an empty hall",
    "an old map turns out to be right",
    "a cook loses her sense of taste",
    "nobody remembers who built the bridge",
    "a robot learns to mend nets",
    "the festival is held on the wrong day",
)
_ROMAN = (
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def numeral(number: int) -> str:
    """A Roman numeral with a letter for the hundreds: tells titles of the same words apart."""
    letter = "ABCDEFGHJK"[number // 100 % 10] + "ABCDEFGHJK"[number // 1000 % 10]
    rest, roman = number % 100 + 1, ""
    for value, mark in _ROMAN:
        roman += mark * (rest // value)
        rest %= value
    return f"{letter}-{roman}"
