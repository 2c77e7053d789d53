"""A few numbers, each named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from commissure.kernels.grammar.languages.dfa import Dfa
from commissure.kernels.grammar.languages.numbers.spelling import explored, shortest

ZEROS = "only zeros may follow"


def listed(numbers: Iterable[Decimal]) -> Dfa:
    """Plain spellings of these numbers. Raises PatternError for one that is too long, see `digits`."""
    members = {shortest(number) for number in numbers}
    if "0" in members:
        members.add("-0")
    children: defaultdict[str, set[str]] = defaultdict(set)
    for member in members:
        for place, figure in enumerate(member):
            children[member[:place]].add(figure)

    def steps(text: str) -> Iterator[tuple[int, int, str]]:
        if text == ZEROS:
            yield ord("0"), ord("0"), ZEROS
            return
        named = children.get(text, set())
        more = {"." if "." not in text else "0"} if _bare(text) in members else set()
        for figure in sorted(named | more):
            to = text + figure if figure in named or figure == "." else ZEROS
            yield ord(figure), ord(figure), to

    return explored("", steps, lambda text: text == ZEROS or (text[-1:].isdigit() and _bare(text) in members))


def _bare(text: str) -> str:
    """Without the zeros at the end of a fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text
