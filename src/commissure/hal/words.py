"""Filler text of a known length: common words that are one token each in current vocabularies."""

from functools import lru_cache

from commissure.hal.clock.dice import dice

# Each is a single token in SmolLM2's vocabulary, with and without a space before it (a test checks).
WORDS = tuple(
    [
        "time",
        "year",
        "people",
        "way",
        "day",
        "man",
        "thing",
        "woman",
        "life",
        "child",
        "world",
        "school",
        "state",
        "family",
        "student",
        "group",
        "country",
        "problem",
        "hand",
        "part",
        "place",
        "case",
        "week",
        "company",
        "system",
        "program",
        "question",
        "work",
        "government",
        "number",
        "night",
        "point",
        "home",
        "water",
        "room",
        "mother",
        "area",
        "money",
        "story",
        "fact",
        "month",
        "lot",
        "right",
        "study",
        "book",
        "eye",
        "job",
        "word",
        "business",
        "issue",
        "side",
        "kind",
        "head",
        "house",
        "service",
        "friend",
        "father",
        "power",
        "hour",
        "game",
        "line",
        "end",
        "member",
        "law",
        "car",
        "city",
        "community",
        "name",
        "president",
        "team",
        "minute",
        "idea",
        "body",
        "information",
        "back",
        "parent",
        "face",
        "others",
        "level",
        "office",
        "door",
        "health",
        "person",
        "art",
        "war",
        "history",
        "party",
        "result",
        "change",
        "reason",
        "research",
        "girl",
        "moment",
        "air",
        "teacher",
        "force",
        "education",
    ]
)


@lru_cache(maxsize=256)
def filler(words: int) -> str:
    """So many words, always the same ones."""
    return " ".join(WORDS[number % len(WORDS)] for number in range(words))


@lru_cache(maxsize=1024)
def distinct_text(words: int, key: str) -> str:
    """So many words drawn by `key`, so that texts with different keys share no long prefix."""
    stream = dice(key)
    return " ".join(stream.choice(WORDS) for _ in range(words))
