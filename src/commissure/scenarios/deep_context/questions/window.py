"""Windows: labelled rows of users over some forty months, as long as asked for."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate

from commissure.hal.clock.dice import Dice, dice
from commissure.hal.errors import UsageError
from commissure.policies.recursion.ask import CHARACTERS_A_TOKEN
from commissure.scenarios.deep_context.questions.needles import LINE_CHARACTERS, drawn
from commissure.scenarios.deep_context.questions.record import Row, Window
from commissure.scenarios.deep_context.questions.texts import LabelledText

# As OOLONG-synth makes its windows (arXiv 2511.02817): rows fill 95 % of the length, a fifth of the users has four
# fifths of the rows, dates are even over about forty months; here, over forty.
FILL, BUSY_ROWS, BUSY_USERS = 0.95, 0.8, 0.2
FIRST_DAY, DAYS = date(2021, 2, 1), 1216
ROWS_A_USER = 12
LEAST_ROWS = 8


def make_window(source: Sequence[LabelledText], tokens: int, seed: int, needles: int = 0) -> Window:
    """A window of about so many tokens, at four characters each. The same for the same source, length and seed.

    `needles` keyed facts stand among the rows. The mix of labels is drawn at random; texts come again where the source
    has too few. Raises UsageError if the length holds fewer than a handful of rows.
    """
    roll = dice(f"{seed} window {tokens}")
    labels = tuple(sorted({one.label for one in source}))
    mean = sum(len(one.text) for one in source) / len(source) + len(_line_frame())
    # What stands beside the rows fits into what they leave, or takes of theirs.
    beside = len(_instructions(tokens, labels)) + 1 + needles * LINE_CHARACTERS
    count = int(min(FILL * tokens * CHARACTERS_A_TOKEN, tokens * CHARACTERS_A_TOKEN - beside) / mean)
    if count < LEAST_ROWS:
        fewest = LEAST_ROWS * mean
        least = int(max(fewest / FILL, fewest + beside) / CHARACTERS_A_TOKEN) + 1
        raise UsageError(f"{tokens} tokens hold {max(0, count)} rows of these texts; {least} tokens are the least")
    texts = _texts(source, labels, count, roll)
    users = _users(count, roll)
    days = [FIRST_DAY + timedelta(days=roll.randrange(DAYS)) for _ in range(count)]
    rows = tuple(Row(day, user, one.text, one.label) for day, user, one in zip(days, users, texts, strict=True))
    return Window(
        f"{tokens} tokens, seed {seed}", rows, labels, _instructions(count, labels), drawn(needles, count, roll)
    )


def _line_frame() -> str:
    return Row(FIRST_DAY, "10000", "", "").line + "\n"


def _texts(source: Sequence[LabelledText], labels: Sequence[str], count: int, roll: Dice) -> list[LabelledText]:
    """Texts whose labels are mixed by random weights; of each label all come once before any comes again."""
    weights = list(accumulate(roll.uniform(0.3, 1.7) for _ in labels))
    decks = {label: _Deck([one for one in source if one.label == label], roll) for label in labels}
    return [decks[labels[bisect(weights, roll.random() * weights[-1])]].draw() for _ in range(count)]


class _Deck:
    """Texts in random order, shuffled anew when all were drawn."""

    def __init__(self, texts: list[LabelledText], roll: Dice) -> None:
        self._texts = texts
        self._roll = roll
        self._left: list[LabelledText] = []

    def draw(self) -> LabelledText:
        if not self._left:
            self._left = self._texts.copy()
            self._roll.shuffle(self._left)
        return self._left.pop()


def _users(count: int, roll: Dice) -> list[str]:
    many = max(5, count // ROWS_A_USER)
    users = [str(number) for number in roll.sample(range(10_000, 100_000), min(many, 50_000))]
    busy = round(BUSY_USERS * len(users))
    groups = users[busy:], users[:busy]
    return [roll.choice(groups[roll.random() < BUSY_ROWS]) for _ in range(count)]


def _instructions(count: int, labels: Sequence[str]) -> str:
    return (
        f"The following lines are {count} short texts, one a line, each with its date and user. Each text has one "
        f"label out of: {', '.join(labels)}. The labels are not shown: find them by reading."
    )
