"""Token tables: an automaton and a vocabulary made into arrays that a step of decoding only looks up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import REFUSED, UNBOUNDED, Automaton
from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.tables.classes import Classes, classes
from commissure.kernels.grammar.tables.reach import path_to, reachable
from commissure.kernels.grammar.tables.register import Register, register_of
from commissure.kernels.grammar.tables.rows import Rows, make_rows
from commissure.kernels.grammar.tables.slots import Counting, SlotMaker
from commissure.kernels.grammar.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class TokenTables:
    """Tables of V tokens in C classes over S states: the automaton's and `ended`, the last, where eos leads.

    A token t in state s has class c = class_of[t] and leads to next[c, s]; 0 refuses it. Ends of the text are tokens
    of an accepting state and of `ended`; special tokens are never allowed. `class_of` [V] uint16, `next` [C, S] int32.

    The mask row of a state and a count is row_of_slot[slot], with slot = base[s] if nothing is counted, and else
    slot = base[s] + clip(count - need_from[s], 0, need_span[s]) + clip(count - room_from[s], 0, room_span[s]).
    `base` [S], `row_of_slot` [slots] int32. States that no run of whole tokens reaches have slot 0: nothing is allowed.

    With `counting`, after t the register is reached = count + spent[c, s] if sets_to[c, s] < 0, else sets_to[c, s]; t
    is refused if reached > most[s], and where it sets the register also if reached < least[s].
    """

    automaton: Automaton
    vocabulary: str
    eos: tuple[int, ...]
    class_of: NDArray[np.uint16]
    next: NDArray[np.int32]
    base: NDArray[np.int32]
    row_of_slot: NDArray[np.int32]
    rows: Rows
    counting: Counting | None

    @property
    def size(self) -> int:
        """V."""
        return len(self.class_of)

    @property
    def states(self) -> int:
        """S."""
        return len(self.base)

    @property
    def ended(self) -> int:
        """The state after eos, in which only eos is allowed."""
        return self.states - 1

    @property
    def bytes(self) -> dict[str, int]:
        """What each part takes: rows packed and in their least forms, classes of tokens, transitions, and the rest."""
        counting = self.counting
        register = (counting.spent, counting.sets_to) if counting else ()
        return {
            "rows, packed": self.rows.packed.nbytes,
            "rows, least forms": self.rows.hybrid_bytes,
            "classes of tokens": self.class_of.nbytes,
            "transitions of classes": self.next.nbytes + sum(part.nbytes for part in register),
            "rows of states": self.base.nbytes + self.row_of_slot.nbytes,
        }

    def rows_of(self, states: NDArray[np.int32], counts: NDArray[np.int32]) -> NDArray[np.int32]:
        """The mask row of each state and count, [n] each."""
        slot = self.base[states]
        if (counting := self.counting) is not None:
            slot = slot + np.clip(counts - counting.need_from[states], 0, counting.need_span[states])
            slot += np.clip(counts - counting.room_from[states], 0, counting.room_span[states])
        return self.row_of_slot[slot]

    def after(self, state: int, count: int, token: int) -> tuple[int, int]:
        """The state and the count after a token of the vocabulary; (0, 0) where it is refused."""
        number = self.class_of[token]
        to = int(self.next[number, state])
        if to == REFUSED or (counting := self.counting) is None:
            return to, 0
        reached, value = count + int(counting.spent[number, state]), int(counting.sets_to[number, state])
        if reached > counting.most[state] or (value >= 0 and reached < counting.least[state]):
            return REFUSED, 0
        return to, reached if value < 0 else value

    @classmethod
    def build(cls, automaton: Automaton, vocabulary: Vocabulary, meter: Meter) -> TokenTables:
        """The tables of an automaton for a vocabulary.

        Raises VocabularyError if a run of the vocabulary's tokens reaches a text that none leads on
        from, which it names; OverBudget; ValueError if the automaton's register is not what it must be.
        """
        eos = tuple(sorted(set(vocabulary.eos)))
        register = register_of(automaton)
        found = _with_end(classes(automaton, register, vocabulary.trie, meter), automaton, eos)
        met = reachable(found.next)
        met[-1] = True
        base, maker, counting = _slots(found, register, met)
        row_of_slot = np.array(maker.row_of_slot, np.int32)
        rows = make_rows(maker.rows, found.class_of)
        tables = cls(
            automaton, vocabulary.fingerprint, eos, found.class_of, found.next, base, row_of_slot, rows, counting
        )
        tables._check(met, vocabulary, meter)
        return tables

    def _check(self, met: NDArray[np.bool_], vocabulary: Vocabulary, meter: Meter) -> None:
        """Raise VocabularyError if tokens reach an empty row."""
        last = np.append(np.flatnonzero(self.row_of_slot == 0)[1:], len(self.row_of_slot))
        spans = self.counting.need_span + self.counting.room_span if self.counting else np.zeros_like(self.base)
        suspect = met & (last[np.searchsorted(last, self.base)] <= self.base + spans)
        if not suspect.any():
            return

        def stuck(state: int, count: int) -> bool:
            return bool(suspect[state]) and not self.rows_of(np.array([state]), np.array([count])).any()

        path = path_to(self.next, self.counting, stuck, lambda _: meter.check(self.states))
        if path is not None:
            text = b"".join(vocabulary.tokens[int(np.argmax(self.class_of == number))] for number in path)
            raise VocabularyError(
                f"no token leads on from the text {text!r}: the vocabulary lacks bytes that the grammar needs there; "
                "add the single bytes as tokens, or narrow the grammar"
            )


def _with_end(found: Classes, automaton: Automaton, eos: tuple[int, ...]) -> Classes:
    """With the state `ended` and, last, the class of the tokens that lead there."""
    number, states = found.next.shape
    class_of = found.class_of.copy()
    class_of[list(eos)] = number
    following = np.zeros((number + 1, states + 1), np.int32)
    following[:-1, :-1] = found.next
    following[-1, np.append(automaton.accepting, True)] = states
    if found.spent is None or found.sets_to is None:
        return Classes(class_of, following, None, None)
    spent, sets_to = np.zeros_like(following, np.int16), np.full_like(following, -1, np.int16)
    spent[:-1, :-1], sets_to[:-1, :-1] = found.spent, found.sets_to
    return Classes(class_of, following, spent, sets_to)


def _slots(
    found: Classes, register: Register | None, met: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], SlotMaker, Counting | None]:
    """The slots of the states that were met, the rows behind them, and how counts choose among a state's slots."""
    number, states = found.next.shape
    maker = SlotMaker(number)
    base = np.zeros(states, np.int32)
    counted = np.append(register.counted, False) if register else np.zeros(states, np.bool_)
    plain = met & ~counted
    base[plain] = maker.plain(found.next.T[plain] != REFUSED)
    if register is None or found.spent is None or found.sets_to is None:
        return base, maker, None
    least, most = np.append(register.least, np.int32(0)), np.append(register.most, np.int32(UNBOUNDED))
    ranges = np.zeros((4, states), np.int32)
    for state in np.flatnonzero(met & counted):
        live = np.flatnonzero(found.next[:, state])
        leaves = found.sets_to[live, state] >= 0
        base[state], *ranges[:, state] = maker.counted(
            live, found.spent[live, state], leaves, int(least[state]), int(most[state])
        )
    return base, maker, Counting(found.spent, found.sets_to, least, most, *ranges)
