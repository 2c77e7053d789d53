"""Whether a value occurs in its source."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from math import isfinite

from commissure.policies.ensemble.grounding.days import days_in, is_named, iso_day
from commissure.policies.ensemble.grounding.finding import UNCHECKED, Finding, neutral, refuted, supported
from commissure.policies.ensemble.grounding.names import words_of
from commissure.policies.ensemble.grounding.numbers import numbers_in

_WORD = re.compile(r"\w+")


class Source:
    """A text that answers are about; what it says is read once, on use."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded = f" {' '.join(text.casefold().split())} "

    @cached_property
    def numbers(self) -> frozenset[Decimal]:
        """The numbers that it names."""
        return numbers_in(self._text)

    @cached_property
    def days(self) -> frozenset[tuple[int | None, int, int]]:
        """The days that it names."""
        return days_in(self._text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words, case-folded."""
        return frozenset(_WORD.findall(self._folded))

    @cached_property
    def spaced(self) -> str:
        """Its words in their order, case-folded, with one space about each."""
        return f" {' '.join(words_of(self._text))} "

    def has(self, phrase: str) -> bool:
        """Whether it holds the phrase, whatever the case and whitespace, and not as a part of longer words."""
        folded = " ".join(phrase.casefold().split())
        at = self._folded.find(folded) if folded else -1
        while at >= 0:
            if _bounded(self._folded, at, at + len(folded)):
                return True
            at = self._folded.find(folded, at + 1)
        return False

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not self._folded.strip()


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether no word goes on over either edge of a place in a text that begins and ends with a space."""
    return not (_is_word(text[start - 1]) and _is_word(text[start])) and not (
        _is_word(text[end - 1]) and _is_word(text[end])
    )


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@lru_cache(maxsize=64)
def read_source(text: str) -> Source:
    """The same source for the same text, for several answers to it."""
    return Source(text)


def occurs(value: object, source: Source) -> Finding:
    """Of a leaf that is copied out of the source. Strings, numbers and dates that do not occur are refuted.

    A string is supported as a phrase, and neutral where all its words occur, but apart. A date as JSON has it, in ISO
    8601, is supported by that day in any form, and refuted where the source names other days only. Nothing is said of
    true, false, null, an empty string, and of anything about an empty source.
    """
    if source.is_empty:
        return neutral("the source is empty")
    if isinstance(value, str):
        day = iso_day(value)
        return _text_occurs(value, source) if day is None else _day_occurs(value, day, source)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number_occurs(value, source)
    return UNCHECKED


def _text_occurs(text: str, source: Source) -> Finding:
    if not text.strip():
        return UNCHECKED
    if source.has(text):
        return supported(f"{text!r:.60} occurs")
    words = _WORD.findall(text.casefold())
    missing = next((word for word in words if word not in source.words), None)
    if missing is None and words:
        return neutral(f"the words of {text!r:.60} occur, but apart")
    return refuted(f"{text if missing is None else missing!r:.60} does not occur")


def _day_occurs(text: str, day: date, source: Source) -> Finding:
    if is_named(day, source.days) or source.has(text):
        return supported(f"the day {day} is named")
    return refuted(f"other days are named, but not {day}") if source.days else neutral("no day is named")


def _number_occurs(number: float, source: Source) -> Finding:
    if isinstance(number, float) and not isfinite(number):
        return refuted(f"{number} is no number")
    exact = Decimal(number) if isinstance(number, int) else Decimal(repr(number))
    shown = f"{exact:g}" if abs(exact.adjusted()) < 30 else f"{exact:.3e}"
    return supported(f"{shown} occurs") if exact in source.numbers else refuted(f"{shown} does not occur")


def member_occurs(value: object, source: Source) -> Finding:
    """Of a member of an enum, which need not be copied: supported where it or its words occur, else neutral."""
    if isinstance(value, str):
        words = " ".join(words_of(value))
        if source.has(value) or (words and f" {words} " in source.spaced):
            return supported(f"{value!r:.60} occurs")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = occurs(value, source)
        if found.standing > 0:
            return found
    return neutral("one of the values that the schema allows")
