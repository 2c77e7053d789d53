"""Sets of Unicode scalar values as intervals: the classes that ECMA-262 names, and the properties behind \\p."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

Interval = tuple[int, int]
Symbols = tuple[Interval, ...]
"""Lowest and highest scalar value of each interval: disjoint, ascending, not adjacent."""

SCALARS: Symbols = ((0, 0xD7FF), (0xE000, 0x10FFFF))
DIGITS: Symbols = ((0x30, 0x39),)
WORD: Symbols = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACES: Symbols = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
"""WhiteSpace and LineTerminator of ECMA-262, sections 12.2 and 12.3."""
LINE_ENDS: Symbols = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))

CATEGORIES = {
    "L": ("Letter",),
    "Lu": ("Uppercase_Letter",),
    "Ll": ("Lowercase_Letter",),
    "Lt": ("Titlecase_Letter",),
    "LC": ("Cased_Letter",),
    "Lm": ("Modifier_Letter",),
    "Lo": ("Other_Letter",),
    "M": ("Mark", "Combining_Mark"),
    "Mn": ("Nonspacing_Mark",),
    "Mc": ("Spacing_Mark",),
    "Me": ("Enclosing_Mark",),
    "N": ("Number",),
    "Nd": ("Decimal_Number", "digit"),
    "Nl": ("Letter_Number",),
    "No": ("Other_Number",),
    "P": ("Punctuation", "punct"),
    "Pc": ("Connector_Punctuation",),
    "Pd": ("Dash_Punctuation",),
    "Ps": ("Open_Punctuation",),
    "Pe": ("Close_Punctuation",),
    "Pi": ("Initial_Punctuation",),
    "Pf": ("Final_Punctuation",),
    "Po": ("Other_Punctuation",),
    "S": ("Symbol",),
    "Sm": ("Math_Symbol",),
    "Sc": ("Currency_Symbol",),
    "Sk": ("Modifier_Symbol",),
    "So": ("Other_Symbol",),
    "Z": ("Separator",),
    "Zs": ("Space_Separator",),
    "Zl": ("Line_Separator",),
    "Zp": ("Paragraph_Separator",),
    "C": ("Other",),
    "Cc": ("Control", "cntrl"),
    "Cf": ("Format",),
    "Cs": ("Surrogate",),
    "Co": ("Private_Use",),
    "Cn": ("Unassigned",),
}
"""General categories and their aliases (PropertyValueAliases.txt of the Unicode character database)."""

_SHORT = {alias: short for short, aliases in CATEGORIES.items() for alias in (short, *aliases)}


def normal(intervals: Iterable[Interval]) -> Symbols:
    """The set as disjoint ascending intervals, without surrogates."""
    out: list[Interval] = []
    for low, high in sorted(intervals):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return _scalars(out)


def _scalars(ascending: list[Interval]) -> Symbols:
    kept: list[Interval] = []
    for low, high in ascending:
        for least, most in SCALARS:
            if max(low, least) <= min(high, most):
                kept.append((max(low, least), min(high, most)))
    return tuple(kept)


def without(symbols: Symbols, of: Symbols = SCALARS) -> Symbols:
    """Those of `of` that are not in `symbols`; by default the complement."""
    out: list[Interval] = []
    taken = iter((*symbols, (0x110000, 0x110000)))
    low_taken, high_taken = next(taken)
    for low, high in of:
        while low <= high:
            while high_taken < low:
                low_taken, high_taken = next(taken)
            if low_taken > high:
                out.append((low, high))
                break
            if low_taken > low:
                out.append((low, low_taken - 1))
            low = high_taken + 1
    return tuple(out)


def named(name: str) -> Symbols | None:
    """The set of a general category or of a binary property by its ECMA-262 name, or None if it cannot be told exactly.

    By Python's own Unicode database (`unicodedata.unidata_version`); scripts are not in it.
    """
    short = _SHORT.get(name.removeprefix("General_Category=").removeprefix("gc="))
    if short is not None:
        parts = ("Lu", "Ll", "Lt") if short == "LC" else (short,)
        table = _categories()
        return normal(each for key, found in table.items() if key.startswith(parts) for each in found)
    return _binary(name)


@lru_cache(maxsize=32)
def _binary(name: str) -> Symbols | None:
    if name in ("Any", "ASCII", "ASCII_Hex_Digit", "AHex"):
        return {"Any": SCALARS, "ASCII": ((0, 0x7F),)}.get(name, ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)))
    if name == "Assigned":
        return without(normal(_categories()["Cn"]))
    test = _TESTS.get(name)
    return None if test is None else normal(_runs(test).get(True, ()))


_TESTS: dict[str, Callable[[str], bool]] = {
    "Lowercase": str.islower,
    "Lower": str.islower,
    "Uppercase": str.isupper,
    "Upper": str.isupper,
    "XID_Start": lambda one: one != "_" and one.isidentifier(),
    "XIDS": lambda one: one != "_" and one.isidentifier(),
    "XID_Continue": lambda one: f"a{one}".isidentifier(),
    "XIDC": lambda one: f"a{one}".isidentifier(),
}


@lru_cache(maxsize=1)
def _categories() -> dict[str, list[Interval]]:
    return _runs(unicodedata.category)


_Kind = TypeVar("_Kind")


def _runs(sort: Callable[[str], _Kind]) -> dict[_Kind, list[Interval]]:
    """Intervals of all scalar values by what `sort` says of them."""
    out: dict[_Kind, list[Interval]] = {}
    for low, high in SCALARS:
        begun, now = low, sort(chr(low))
        for code in range(low + 1, high + 1):
            if (kind := sort(chr(code))) != now:
                out.setdefault(now, []).append((begun, code - 1))
                begun, now = code, kind
        out.setdefault(now, []).append((begun, high))
    return out
