"""What answers score that nobody read for: a question that they answer leaks its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from commissure.hal.clock.dice import dice
from commissure.scenarios.deep_context.questions.record import Question, Window
from commissure.scenarios.deep_context.questions.scoring import even_share, score

Asked = tuple[Window, Question]
ROUNDS = 5


def baselines(asked: Sequence[Asked]) -> dict[str, float]:
    """Mean score of each way to answer without reading the texts, by its name. Raises ValueError for no questions.

    Labels by dice read users and dates: busy users and long spans have more of every label.
    """
    if not asked:
        raise ValueError("baselines of no questions")
    scores: dict[str, Callable[[int], float]] = {
        "uniform guess": lambda place: asked[place][1].chance,
        "first choice": lambda place: _said(asked[place], _first(asked[place])),
        "even share": lambda place: _said(asked[place], _even_share(asked[place])),
        "majority of the others": lambda place: _said(asked[place], _majority(asked, place)),
        "labels by dice": lambda place: _by_dice(*asked[place]),
    }
    return {name: sum(map(of, range(len(asked)))) / len(asked) for name, of in scores.items()}


def _said(asked: Asked, said: str) -> float:
    return score(asked[1], said)


def _first(asked: Asked) -> str:
    choices = asked[1].choices
    return choices[0] if choices else ""


def _even_share(asked: Asked) -> str:
    window, question = asked
    return even_share(window) if question.answer_kind == "NUMERIC" else _first(asked)


def _majority(asked: Sequence[Asked], place: int) -> str:
    """The most common answer to the other questions of the kind; of equals the first by name."""
    kind = asked[place][1].kind
    golds = Counter(one.gold for other, (_, one) in enumerate(asked) if other != place and one.kind == kind)
    return min(golds, key=lambda gold: (-golds[gold], gold)) if golds else ""


def _by_dice(window: Window, question: Question) -> float:
    """Every row labelled by dice, and the answer counted: dates and users are read, texts are not."""
    if question.family == "needle":
        return 0.0
    roll = dice(f"{window.id} {question.id} by dice")
    total = 0.0
    for _ in range(ROUNDS):
        rows = [replace(row, label=roll.choice(window.labels)) for row in window.rows]
        total += score(question, question.answer(rows))
    return total / ROUNDS
