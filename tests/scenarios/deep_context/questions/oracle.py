"""The answer to a question, found from its words and the labelled lines alone: nothing of the families is used."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from commissure.scenarios.deep_context.questions.record import Question, Window

MORE_LESS_SAME = {1: "more common", -1: "less common", 0: "same frequency"}


class Table:
    """The rows as arrays of text: days sort as they are written."""

    def __init__(self, window: Window) -> None:
        self.day = np.array([row.day.isoformat() for row in window.rows])
        self.month = np.array([day[:7] for day in self.day])
        self.user = np.array([row.user for row in window.rows])
        self.label = np.array([row.label for row in window.rows])
        self.labels = window.labels
        self.lines = window.lines

    def by_label(self, where: Any = True) -> dict[str, int]:
        return {label: int(np.sum((self.label == label) & where)) for label in self.labels}


def ordered(values: Sequence[str], where: Any) -> list[str]:
    names, counts = np.unique(np.asarray(values)[where], return_counts=True)
    return [str(names[place]) for place in np.argsort(-counts, kind="stable")]


def told(question: Question, window: Window) -> str:
    """Raises LookupError for words that it does not know."""
    table = Table(window)
    ask = question.text.split(" Answer ")[0]
    for pattern, answer in ANSWERS.items():
        found = re.fullmatch(pattern, ask)
        if found is not None:
            return str(answer(table, *found.groups()))
    raise LookupError(ask)


def _most(table: Table, place: int) -> str:
    counts = table.by_label()
    return sorted(counts, key=lambda label: -counts[label])[place]


def _compared(one: float, other: float) -> str:
    return MORE_LESS_SAME[int(np.sign(one - other))]


def _before_after(table: Table, label: str, day: str) -> str:
    mine, old = table.label == label, table.day < day
    return _compared(int(sum(mine & old)) * int(sum(~old)), int(sum(mine & ~old)) * int(sum(old)))


def _months(table: Table) -> dict[str, dict[str, int]]:
    cells = Counter(zip(table.month.tolist(), table.label.tolist(), strict=True))
    return {
        month: {label: cells[month, label] for label in table.labels} for month in sorted(set(table.month.tolist()))
    }


def _over(table: Table, one: str, other: str) -> list[str]:
    return [month for month, counts in _months(table).items() if counts[one] > counts[other]]


def _sole_top(table: Table, label: str) -> int:
    tops = [[one for one in n if n[one] == max(n.values())] for n in _months(table).values()]
    return tops.count([label])


def _users(table: Table, users: str, label: str) -> int:
    return table.by_label(np.isin(table.user, users.split(", ")))[label]


def _meets(table: Table, user: str, words: str) -> bool:
    mine = table.user == user
    if found := re.fullmatch(r"has at least one text with the label '(.*)' or '(.*?)'(?: on or after (.*))?", words):
        one, other, since = found.groups()
        return bool(np.any(mine & ((table.label == one) | (table.label == other)) & (table.day >= (since or ""))))
    if found := re.fullmatch(r"has (exactly|at least) (\d+) texts? with the label '(.*?)'(?: before (.*))?", words):
        how, times, label, until = found.groups()
        count = int(np.sum(mine & (table.label == label) & (table.day < (until or "9999"))))
        return count == int(times) if how == "exactly" else count >= int(times)
    raise LookupError(words)


def _pairs(table: Table, first: str, second: str) -> str:
    users = [str(user) for user in np.unique(table.user)]
    a, b = ({user: _meets(table, user, words) for user in users} for words in (first, second))
    return "\n".join(f"{x}, {y}" for x, y in combinations(users, 2) if (a[x] and b[y]) or (a[y] and b[x]))


def _fact(table: Table, key: str) -> str:
    (fact,) = re.findall(rf"storage number of {key} is (\d+)", "\n".join(table.lines))
    return str(fact)


_OF_WHOM = r"List all pairs of users \(no pair twice, the lower number first\) of whom "
ANSWERS: dict[str, Any] = {
    r"Which of the labels is the most common among the texts\?": lambda t: _most(t, 0),
    r"Which of the labels is the second most common among the texts\?": lambda t: _most(t, 1),
    r"Which of the labels is the least common among the texts\?": lambda t: _most(t, -1),
    r"How many of the texts have the label '(.*)'\?": lambda t, label: t.by_label()[label],
    r"Which label is represented exactly (\d+) times\?": lambda t, n: dict(map(reversed, t.by_label().items()))[int(n)],
    r"Is the label '(.*)' more common, less common or of the same frequency among the texts as '(.*)'\?": (
        lambda t, one, other: _compared(t.by_label()[one], t.by_label()[other])
    ),
    r"Which user wrote the most texts\?": lambda t: ordered(t.user, slice(None))[0],
    r"Which user wrote the second most texts\?": lambda t: ordered(t.user, slice(None))[1],
    r"Which user wrote the most texts with the label '(.*)'\?": lambda t, label: ordered(t.user, t.label == label)[0],
    r"Looking only at the texts of the users (.*): how many of them have the label '(.*)'\?": _users,
    r"Are texts with the label '(.*)' more common, less common or of the same frequency from user (\d+), compared with "
    r"user (\d+), by their number\?": (
        lambda t, label, one, other: _compared(_users(t, one, label), _users(t, other, label))
    ),
    r"In which month were the most texts written\?": lambda t: ordered(t.month, slice(None))[0],
    r"Is the label '(.*)' more common, less common or of the same frequency before (.*), compared with that day and "
    r"later, as a share of the texts\?": _before_after,
    r"How many texts with the label '(.*)' were written from (.*) to (.*), both days included\?": (
        lambda t, label, first, last: t.by_label((t.day >= first) & (t.day <= last))[label]
    ),
    r"What is the first month in which the label '(.*)' comes more often than '(.*)'\?": (
        lambda t, one, other: _over(t, one, other)[0]
    ),
    r"In how many months does the label '(.*)' come more often than '(.*)'\?": (
        lambda t, one, other: len(_over(t, one, other))
    ),
    r"In how many months is '(.*)' the single most common label\?": _sole_top,
    _OF_WHOM + r"each of the two (.*)\.": lambda t, words: _pairs(t, words, words),
    _OF_WHOM + r"one of the two, whichever, (.*), and the other one (.*)\.": _pairs,
    r"What is the storage number of (.*)\?": _fact,
}
