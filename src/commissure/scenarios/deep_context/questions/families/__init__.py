"""The families of questions: one file each, with its KINDS."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from itertools import cycle, islice
from typing import cast

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError, unknown
from commissure.scenarios.deep_context.questions.draft import Draft, Kind
from commissure.scenarios.deep_context.questions.record import Family, Question, Window

# So often is a kind drawn anew where the window has no clear answer.
TRIES = 60
# What a guess at a number scores that knows rows and labels only.
_NUMERIC_CHANCE = 0.0


def family_names() -> tuple[str, ...]:
    """Their names, one a file of this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def kinds_of(family: str) -> tuple[Kind, ...]:
    """The kinds of a family. Raises UsageError for an unknown name."""
    if family not in family_names():
        raise unknown("family", family, family_names())
    return cast(tuple[Kind, ...], import_module(f"{__name__}.{family}").KINDS)


def questions_of(window: Window, families: Sequence[str], count: int, seed: int) -> list[Question]:
    """So many questions about the window, in turn of the families and of the kinds of each; no text comes twice.

    Raises UsageError if the window has clear answers for fewer.
    """
    roll = dice(f"{seed} questions {window.id}")
    turns = [[(family, kind) for kind in kinds_of(family)] for family in families]
    order = [kinds[place % len(kinds)] for place in range(max(map(len, turns))) for kinds in turns]
    found: list[Question] = []
    asked: set[str] = set()
    for family, kind in islice(cycle(order), count * 4):
        if len(found) == count:
            break
        draft = next((one for _ in range(TRIES) if (one := kind.draw(window, roll)) and one.text not in asked), None)
        if draft is not None:
            asked.add(draft.text)
            found.append(_question(f"q{len(found) + 1:03d}", cast(Family, family), kind, draft, window))
    if len(found) < count:
        raise UsageError(
            f"{window.id}: {len(found)} clear questions of {', '.join(families)}, {count} were asked for: "
            "give more tokens, fewer questions, or more families"
        )
    return found


def _question(name: str, family: Family, kind: Kind, draft: Draft, window: Window) -> Question:
    chance = draft.chance
    if chance is None:
        chance = 1 / len(draft.choices) if draft.choices else _NUMERIC_CHANCE
    return Question(
        name, family, kind.name, kind.demand, draft.answer_kind, draft.text, draft.answer(window.rows), draft.answer,
        draft.choices, chance, draft.code, draft.key, draft.span,
    )  # fmt: skip
