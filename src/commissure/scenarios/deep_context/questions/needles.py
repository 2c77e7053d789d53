"""Keyed facts that stand among the rows of a window."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product

from commissure.hal.clock.dice import Dice

_FACT = re.compile(r"Note: the storage number of (the [a-z]+ [a-z]+) is (\d{7})\.")
_COLOURS = (
    "amber", "cobalt", "crimson", "ivory", "jade", "ochre", "russet", "slate", "teal", "umber", "azure", "coral",
    "ebony", "fawn", "indigo", "lilac", "maroon", "olive", "pearl", "sepia", "silver", "tan", "violet", "white",
    "yellow",
)  # fmt: skip
_THINGS = (
    "ledger", "globe", "casket", "tapestry", "chart", "prism", "bell", "quill", "mirror", "flask", "abacus", "banner",
    "censer", "dagger", "easel", "flute", "goblet", "helmet", "icon", "jar", "kite", "locket", "mask", "needle",
    "organ", "pennant", "quilt", "ring", "shield", "trunk", "urn", "vase", "whistle", "xylophone", "yoke", "zither",
    "anvil", "basin", "candle", "drum",
)  # fmt: skip
# The longest line of a fact, with its end.
LINE_CHARACTERS = len(f"Note: the storage number of the {max(_COLOURS, key=len)} {max(_THINGS, key=len)} is 1234567.\n")


def drawn(count: int, rows: int, roll: Dice) -> tuple[tuple[int, str], ...]:
    """Facts, at most 1,000, each at a place among so many rows."""
    keys = [f"the {colour} {thing}" for colour, thing in product(_COLOURS, _THINGS)]
    chosen = roll.sample(keys, min(count, len(keys)))
    return tuple(
        (roll.randrange(rows + 1), f"Note: the storage number of {key} is {roll.randrange(10**6, 10**7)}.")
        for key in chosen
    )


def facts_in(lines: Iterable[str]) -> dict[str, str]:
    """The facts that the lines hold, by their keys."""
    return {found[1]: found[2] for line in lines if (found := _FACT.search(line))}
