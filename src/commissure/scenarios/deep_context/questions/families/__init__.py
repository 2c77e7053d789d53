"""The families of questions: one file each, with its KINDS."""

from __future__ import annotations

import pkgutil
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from typing import cast

from commissure.hal.clock.dice import Dice, dice
from commissure.hal.errors import UsageError, unknown
from commissure.scenarios.deep_context.questions.check import check
from commissure.scenarios.deep_context.questions.draft import Draft, Kind
from commissure.scenarios.deep_context.questions.record import Family, Question, Window
from commissure.scenarios.deep_context.questions.scoring import even_share, near

# So often is a kind drawn anew where the window has no clear answer.
TRIES = 60


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

    Every answer is computed twice. Raises UsageError if the window has clear answers for fewer.
    """
    if not families:
        raise UsageError(f"name at least one family: {', '.join(family_names())}")
    roll = dice(f"{seed} questions {window.id}")
    waiting = {family: deque(kinds_of(family)) for family in families}
    found: list[Question] = []
    asked: set[str] = set()
    while len(found) < count and any(waiting.values()):
        for family, kinds in waiting.items():
            drawn = _next_of(kinds, window, roll, asked) if len(found) < count else None
            if drawn is not None:
                found.append(_question(f"q{len(found) + 1:03d}", cast(Family, family), *drawn, window))
                check(found[-1], window)
    if len(found) < count:
        raise UsageError(
            f"{window.id}: {len(found)} clear questions of {', '.join(families)}, {count} were asked for: "
            "give more tokens, fewer questions, or more families"
        )
    return found


def _next_of(kinds: deque[Kind], window: Window, roll: Dice, asked: set[str]) -> tuple[Kind, Draft] | None:
    """A question of the kind whose turn it is; kinds that have no more are taken out."""
    while kinds:
        kind = kinds.popleft()
        draft = _drawn(kind, window, roll, asked)
        if draft is not None:
            kinds.append(kind)
            asked.add(draft.text)
            return kind, draft
    return None


def _drawn(kind: Kind, window: Window, roll: Dice, asked: set[str]) -> Draft | None:
    """A question that was not asked yet. None where the kind has no more of them, or hardly any."""
    for _ in range(TRIES):
        before = roll.getstate()
        draft = kind.draw(window, roll)
        if draft is not None and draft.text not in asked:
            return draft
        # What threw no dice would be the same again.
        if roll.getstate() == before:
            return None
    return None


def _question(name: str, family: Family, kind: Kind, draft: Draft, window: Window) -> Question:
    gold = draft.answer(window.rows)
    chance = draft.chance
    if chance is None and draft.answer_kind == "NUMERIC":
        chance = near(int(gold), even_share(window))
    elif chance is None:
        chance = 1 / len(draft.choices)
    return Question(
        name, family, kind.name, kind.demand, draft.answer_kind, draft.text, gold, draft.answer, draft.choices, chance,
        draft.code, draft.key, draft.span,
    )  # fmt: skip
