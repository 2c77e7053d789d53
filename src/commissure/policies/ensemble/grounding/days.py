"""The days that a text names, in the forms that people write dates in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

Day = tuple[int | None, int, int]  # year, where it is told, month and day

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_BY_NAME = {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}
_MONTH = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)}|sept)\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:,\s*|\s+|-|/)(?P<year>\d{4}))?"
_NAMED = (
    re.compile(rf"(?<![\w]){_DAY}(?:\s+of)?(?:\s+|-|/|\.\s*){_MONTH}{_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}(?:\s+|-)(?:the\s+)?{_DAY}{_YEAR}(?!\w)", re.IGNORECASE),
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", re.ASCII | re.DOTALL)


def days_in(text: str) -> frozenset[Day]:
    """Every day that the text may name: 2026-03-14, 14 March 2026, March 14th, 14/03/2026 and 03/14/26.

    Of days in figures with the year last both orders count. A day without a year is named by a capitalised month only.
    """
    return frozenset(day for day in _read(text) if _real(day))


def _read(text: str) -> Iterator[Day]:
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            if match["year"] or match["month"][0].isupper():
                year = int(match["year"]) if match["year"] else None
                yield year, _BY_NAME[match["month"][:3].lower()], int(match["day"])
    for year, _, month, day in _YEAR_FIRST.findall(text):
        yield int(year), int(month), int(day)
    for one, _, other, end in _YEAR_LAST.findall(text):
        full = int(end) if len(end) == 4 else 2000 + int(end)
        yield full, int(one), int(other)
        yield full, int(other), int(one)


def _real(day: Day) -> bool:
    year, month, of_month = day
    try:
        date(2000 if year is None else year, month, of_month)
    except ValueError:
        return False
    return True


def iso_day(value: object) -> date | None:
    """The day of a JSON value that is an ISO 8601 date, or a time of such a day; None for any other."""
    return _iso_day(value) if isinstance(value, str) and value[4:5] == "-" else None


@lru_cache(maxsize=1024)
def _iso_day(text: str) -> date | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def is_named(day: date, days: frozenset[Day]) -> bool:
    """Whether it is among the days of a text, of which some may lack the year."""
    return (day.year, day.month, day.day) in days or (None, day.month, day.day) in days
