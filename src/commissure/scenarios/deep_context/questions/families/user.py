"""Which users wrote how many texts of which labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from commissure.hal.clock.dice import Dice
from commissure.scenarios.deep_context.questions.draft import (
    COMPARISONS,
    Draft,
    Kind,
    clear_at,
    clearly,
    compared,
    ranked,
)
from commissure.scenarios.deep_context.questions.record import Row, Window

_COUNT = "n = {}\nfor day, user, label in rows:\n"
_SHOWN_USERS = 5
# Only busy users are compared: most others have hardly a text of the label.
_COMPARED_USERS = 40


def _users(rows: Sequence[Row], label: str = "") -> Counter[str]:
    return Counter(row.user for row in rows if not label or row.label == label)


def _best(rows: Sequence[Row], place: int, label: str = "") -> str:
    order = ranked(_users(rows, label))
    return order[place] if place < len(order) else ""


def _everyone(window: Window) -> tuple[str, ...]:
    return tuple(sorted({row.user for row in window.rows}))


def _most(window: Window, roll: Dice) -> Draft | None:
    if not clear_at(_users(window.rows), 0):
        return None
    text = "Which user wrote the most texts? Answer in the form 'User: number'."
    code = _COUNT + "    n[user] = n.get(user, 0) + 1\nresult = max(n, key=lambda user: n[user])"
    return Draft(text, "USER", lambda rows: _best(rows, 0), _everyone(window), code)


def _second(window: Window, roll: Dice) -> Draft | None:
    if not clear_at(_users(window.rows), 1):
        return None
    text = "Which user wrote the second most texts? Answer in the form 'User: number'."
    code = _COUNT + (
        "    n[user] = n.get(user, 0) + 1\nn.pop(max(n, key=lambda user: n[user]))\n"
        "result = max(n, key=lambda user: n[user])"
    )
    return Draft(text, "USER", lambda rows: _best(rows, 1), _everyone(window), code)


def _most_of_label(window: Window, roll: Dice) -> Draft | None:
    label = roll.choice(window.labels)
    if not clear_at(_users(window.rows, label), 0):
        return None
    text = f"Which user wrote the most texts with the label '{label}'? Answer in the form 'User: number'."
    code = _COUNT + (
        f"    if label == {label!r}:\n        n[user] = n.get(user, 0) + 1\n"
        "result = max(n, key=lambda user: n[user]) if n else ''"
    )
    return Draft(text, "USER", lambda rows: _best(rows, 0, label), _everyone(window), code)


def _subset(window: Window, roll: Dice) -> Draft | None:
    label = roll.choice(window.labels)
    users = sorted(roll.sample(_everyone(window), min(_SHOWN_USERS, len(_everyone(window)))))

    def answer(rows: Sequence[Row]) -> str:
        return str(sum(row.user in users and row.label == label for row in rows))

    text = (
        f"Looking only at the texts of the users {', '.join(users)}: how many of them have the label '{label}'? "
        "Answer in the form 'Answer: number'."
    )
    code = f"result = len([1 for day, user, label in rows if label == {label!r} and user in {users!r}])"
    return Draft(text, "NUMERIC", answer, code=code)


def _against(window: Window, roll: Dice) -> Draft | None:
    label = roll.choice(window.labels)
    busiest = ranked(_users(window.rows))[:_COMPARED_USERS]
    if len(busiest) < 2:
        return None
    one, other = roll.sample(busiest, 2)
    counts = _users(window.rows, label)
    if not clearly(counts[one], counts[other]):
        return None

    def answer(rows: Sequence[Row]) -> str:
        found = _users(rows, label)
        return compared(found[one], found[other])

    text = (
        f"Are texts with the label '{label}' more common, less common or of the same frequency from user {one}, "
        f"compared with user {other}, by their number? "
        "Answer in the form 'Answer: more common', 'Answer: less common' or 'Answer: same frequency'."
    )
    code = (
        "gap = 0\nfor day, user, label in rows:\n"
        f"    if label == {label!r}:\n        gap += 1 if user == {one!r} else -1 if user == {other!r} else 0\n"
        "result = 'more common' if gap > 0 else 'less common' if gap < 0 else 'same frequency'"
    )
    return Draft(text, "COMPARISON", answer, COMPARISONS, code)


KINDS = (
    Kind("USER_MOST_OF_LABEL", _most_of_label),
    Kind("USER_SUBSET", _subset),
    Kind("USER_A_VS_B", _against),
    Kind("USER_MOST", _most),
    Kind("USER_SECOND_MOST", _second),
)
