"""Sets of strings whose lengths are kept apart from their form, so that a bound of thousands costs no states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from commissure.kernels.grammar.errors import OverBudget
from commissure.kernels.grammar.languages import boolean
from commissure.kernels.grammar.languages.codepoints import SCALARS
from commissure.kernels.grammar.languages.dfa import NOTHING, Dfa, Edge, repeated, words
from commissure.kernels.grammar.languages.minimal import quotient
from commissure.kernels.grammar.languages.text_lengths import count, distances, lengths, longest, some_length, steady

EVERY = repeated(SCALARS)

_FOLDED = 100
"""States that a length may cost when it is folded into the form; more are left to be counted at run time."""
_WIDE = 16
"""What a state costs whose characters are not all ASCII: so many bytes' states come with it."""
_FOLDED_FINITE = 20_000
"""The same for forms whose words are all short anyway, of which the length takes more away than it adds."""
_FOLDED_COUNTED = 200_000
"""The same for forms that cannot be counted at run time."""
_LONGEST_WRITTEN = 10_000
"""Characters of a word beyond which words are not listed."""


@dataclass(frozen=True, slots=True)
class Text:
    """The words of a least automaton over scalar values that have least to most characters; None is without end."""

    dfa: Dfa
    least: int = 0
    most: int | None = None

    def accepts(self, text: str) -> bool:
        """Whether the string is one of them."""
        within = self.least <= len(text) and (self.most is None or len(text) <= self.most)
        return within and self.dfa.accepts(map(ord, text))


@dataclass(frozen=True, slots=True)
class Texts:
    """The union of its alternatives, none of which is empty. Make it by the functions here: they keep it so."""

    alternatives: tuple[Text, ...]

    @staticmethod
    def all() -> Texts:
        """Every string of Unicode scalar values."""
        return Texts((Text(EVERY),))

    @staticmethod
    def none() -> Texts:
        """No string."""
        return Texts(())

    @staticmethod
    def of(members: Iterable[str]) -> Texts:
        """These strings; one with a lone surrogate is no string of scalar values, and left out."""
        return _united([_tidy(_trie(members), 0, None)])

    @staticmethod
    def form(dfa: Dfa, least: int = 0, most: int | None = None) -> Texts:
        """The words of least to most characters of an automaton over scalar values, least as `minimised` makes it."""
        return _united([_tidy(dfa, least, most)])

    @staticmethod
    def length(least: int, most: int | None = None) -> Texts:
        """Every string of least to most characters."""
        return _united([_tidy(EVERY, least, most)])

    @property
    def empty(self) -> bool:
        """Whether no string is in it."""
        return not self.alternatives

    def accepts(self, text: str) -> bool:
        """Whether the string is in it."""
        return any(each.accepts(text) for each in self.alternatives)

    def finite(self, most: int) -> list[str] | None:
        """All strings, ascending; None if they are more than `most`, or too long to be written down."""
        found: set[str] = set()
        for each in self.alternatives:
            if each.least > _LONGEST_WRITTEN or count(each.dfa, each.least, each.most, most) > most:
                return None
            listed = words(_folded(each), most)
            if listed is None:
                return None
            found.update("".join(map(chr, word)) for word in listed)
        return sorted(found) if len(found) <= most else None

    def single(self, most_states: int) -> Text | None:
        """The same strings as one text; None if that takes more than `most_states` states.

        One register counts one string: alternatives that differ in their bounds are folded into one form.
        """
        if len(self.alternatives) == 1:
            return self.alternatives[0]
        if sum(each.dfa.states * (_bound(each.least, each.most) + 1) for each in self.alternatives) > most_states:
            return None
        dfa = reduce(boolean.union, map(_folded, self.alternatives), NOTHING)
        return Text(dfa) if dfa.states <= most_states else None

    def __or__(self, other: Texts) -> Texts:
        """Strings of either."""
        return _united([*self.alternatives, *other.alternatives])

    def __and__(self, other: Texts) -> Texts:
        """Strings of both."""
        return _united([_both(one, two) for one in self.alternatives for two in other.alternatives])

    def __invert__(self) -> Texts:
        """All other strings."""
        return reduce(Texts.__and__, (_without(each) for each in self.alternatives), Texts.all())

    def __sub__(self, other: Texts) -> Texts:
        """Strings that are not in the other."""
        return reduce(Texts.__and__, (_without(each) for each in other.alternatives), self)


def _trie(members: Iterable[str]) -> Dfa:
    """The least automaton of some strings: a tree whose equal branches are made one, from the leaves up."""
    edges: list[dict[int, int]] = [{}]
    accepting: set[int] = set()
    for member in members:
        if any("\ud800" <= one <= "\udfff" for one in member):
            continue
        state = 0
        for one in member:
            to = edges[state].setdefault(ord(one), len(edges))
            if to == len(edges):
                edges.append({})
            state = to
        accepting.add(state)
    rows: list[tuple[Edge, ...]] = [tuple((code, code, to) for code, to in sorted(row.items())) for row in edges]
    label = [0] * len(rows)
    names: dict[tuple[bool, tuple[Edge, ...]], int] = {}
    for state in range(len(rows) - 1, -1, -1):
        key = (state in accepting, tuple((code, code, label[to]) for code, _, to in rows[state]))
        label[state] = names.setdefault(key, len(names))
    return quotient(Dfa(tuple(rows), frozenset(accepting)), label) if accepting else NOTHING


def _tidy(dfa: Dfa, least: int, most: int | None) -> Text | None:
    """The text with no bound that its form implies, folded if that is cheap; None if no string is left of it."""
    if dfa.empty:
        return None
    last = longest(dfa)
    if least <= distances(dfa)[0]:
        least = 0
    if most is not None and last is not None and most >= last:
        most = None
    if least == 0 and most is None:
        return Text(dfa)
    if not some_length(dfa, least, most):
        return None
    wide = any(high > 0x7F for row in dfa.edges for _, high, _ in row)
    size = dfa.states * (_bound(least, most) + 1)
    if size * (_WIDE if wide else 1) <= _FOLDED or (last is not None and size <= _FOLDED_FINITE):
        return Text(boolean.intersection(dfa, lengths(least, most)))
    return Text(dfa, least, most)


def _bound(least: int, most: int | None) -> int:
    """Characters up to which a form has to count."""
    return max(least, most or 0)


def _folded(text: Text) -> Dfa:
    if text.least == 0 and text.most is None:
        return text.dfa
    return boolean.intersection(text.dfa, lengths(text.least, text.most))


def _both(one: Text, two: Text) -> Text | None:
    bounds = [each.most for each in (one, two) if each.most is not None]
    dfa = one.dfa if one.dfa == two.dfa else boolean.intersection(one.dfa, two.dfa)
    return _tidy(dfa, max(one.least, two.least), min(bounds, default=None))


def countable(text: Text) -> Text:
    """The same strings, such that one whose fewest characters fit below `most` can always be ended within its bounds.

    So a register may count them. Where `least` binds and the form has not words of all lengths, they are folded.
    Raises OverBudget if that takes too many states.
    """
    if text.least == 0 or steady(text.dfa):
        return text
    size = text.dfa.states * (_bound(text.least, text.most) + 1)
    if size > _FOLDED_COUNTED:
        reason = f"strings of {text.least:,} characters or more, of a form that has not words of all lengths"
        raise OverBudget("", "", f"{reason}: some {size:,} states", "a smaller minLength, or a simpler pattern")
    return Text(_folded(text))


def _without(text: Text) -> Texts:
    """All strings but the text's: of another form, shorter, or longer."""
    found = [_tidy(boolean.minus(EVERY, text.dfa), 0, None)]
    if text.least:
        found.append(_tidy(EVERY, 0, text.least - 1))
    if text.most is not None:
        found.append(_tidy(EVERY, text.most + 1, None))
    return _united(found)


def _united(found: Iterable[Text | None]) -> Texts:
    """As few alternatives as equal bounds, equal forms and containment allow."""
    by_bounds: dict[tuple[int, int | None], Dfa] = {}
    for text in found:
        if text is not None:
            known = by_bounds.get((text.least, text.most))
            by_bounds[text.least, text.most] = text.dfa if known is None else boolean.union(known, text.dfa)
    by_form: dict[Dfa, list[Text]] = {}
    for (least, most), dfa in by_bounds.items():
        by_form.setdefault(dfa, []).append(Text(dfa, least, most))
    joined = [each for texts in by_form.values() for each in _joined(texts)]
    # Least automata of equal languages are equal, so two different texts never lie within each other.
    single = list(dict.fromkeys(joined))
    return Texts(tuple(one for one in single if not any(one != two and _inside(one, two) for two in single)))


def _joined(texts: list[Text]) -> list[Text]:
    """Texts of one form, with bounds that meet or overlap made one."""
    out: list[Text] = []
    for text in sorted(texts, key=lambda each: each.least):
        last = out[-1] if out else None
        if last is None or (last.most is not None and last.most + 1 < text.least):
            out.append(text)
        elif last.most is not None and (text.most is None or text.most > last.most):
            whole = _tidy(text.dfa, last.least, text.most)
            out[-1] = whole if whole is not None else text
    return out


def _inside(one: Text, two: Text) -> bool:
    """Whether the lengths and the form of the first are within the second's."""
    ends = [end for end in (one.most, longest(one.dfa)) if end is not None]
    shorter = two.most is None or min(ends, default=two.most + 1) <= two.most
    longer = two.least <= max(one.least, distances(one.dfa)[0])
    return longer and shorter and boolean.minus(one.dfa, two.dfa).empty
