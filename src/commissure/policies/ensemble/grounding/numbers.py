"""The numbers that a text can be read to name, in the forms that people write them in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*")
_SPACED = re.compile(r"(?<!\d)(?<!\d[.,])\d{1,3}(?:[ '\u2019\u00a0\u2009\u202f]\d{3})+(?:[.,]\d+)?(?!\d)")
# Thousands in groups of three, or lakhs and crores in groups of two before the last three.
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}", re.ASCII)
_AFTER = re.compile(r"\s*(?:(%|per\s?cent\b)|(hundred|thousand|k|million|mn?|billion|bn)\b)", re.IGNORECASE)
_SIZES = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "m": 6, "mn": 6, "billion": 9, "bn": 9}
_MOST_DIGITS = 1000  # longer runs are no numbers that an answer could hold

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_UNITS)}
_WORDS |= {word: 10 * value for value, word in enumerate(_TENS, start=2)}
_WORDS |= {
    f"{ten}-{unit}": 10 * tens + units
    for tens, ten in enumerate(_TENS, start=2)
    for units, unit in enumerate(_UNITS[1:10], start=1)
}
_WORDS |= {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6}
_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b".replace("-", "[- ]"), re.IGNORECASE)


def numbers_in(text: str) -> frozenset[Decimal]:
    """Every number that the text may mean, so that none is missed: where a form has two readings, both.

    1250, 1,250.00, 1.250,00, 1 250 and 1'250 are 1250; 1,250 is also 1.25. Signs, units and letters about the digits
    do not matter, but a minus in front also gives the negative number. 20 % is 20 and 0.2, 2 million 2 and 2000000, and
    "two" 2, as are the words to ninety-nine.
    """
    found: set[Decimal] = set()
    for pattern in (_TOKEN, _SPACED):
        for match in pattern.finditer(text):
            if len(match[0]) <= _MOST_DIGITS:
                readings = {value for one in _readings(_plain(match[0])) for value in (one, *_scaled(text, match, one))}
                found |= readings
                if _is_negative(text, match.start()):
                    found |= {-one for one in readings}
    for match in _WORD.finditer(text):
        value = Decimal(_WORDS[match[0].lower().replace(" ", "-")])
        found |= {value, *_scaled(text, match, value)}
    return frozenset(found)


def _plain(token: str) -> str:
    return re.sub(r"[^\d.,]", "", token)


def _readings(token: str) -> Iterator[Decimal]:
    """Of digits with points and commas in between."""
    if token.isdecimal():
        yield Decimal(token)
        return
    read = False
    if _GROUPED.fullmatch(token):
        read = True
        yield Decimal(re.sub("[.,]", "", token))
    at = max(token.rfind("."), token.rfind(","))
    before, mark, after = token[:at], token[at], token[at + 1 :]
    if mark not in before and (before.isdecimal() or _GROUPED.fullmatch(before)):
        read = True
        yield Decimal(f"{re.sub('[.,]', '', before)}.{after}")
    if not read or (mark == "," and len(after) not in (2, 3)):  # several numbers: a list, or a date
        for piece in token.split("," if "," in token else "."):
            yield from _readings(piece)


def _scaled(text: str, match: re.Match[str], value: Decimal) -> Iterator[Decimal]:
    after = _AFTER.match(text, match.end())
    if after is not None:
        yield value.scaleb(-2 if after[1] else _SIZES[after[2].lower()])


def _is_negative(text: str, start: int) -> bool:
    before = text[max(0, start - 3) : start].rstrip("$€£ ")
    return before.endswith(("-", "\u2212")) and not (len(before) > 1 and (before[-2].isalnum() or before[-2] in "-)"))
