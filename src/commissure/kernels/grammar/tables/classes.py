"""Classes of tokens: tokens that do the same in every state are one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import REFUSED, Automaton
from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.grammar.tables.maps import DEAD, IDENTITY, Maps
from commissure.kernels.grammar.tables.register import Register
from commissure.kernels.grammar.vocabulary import Trie

MOST = 2**16 - 1
"""Classes: their numbers, and that of the class of eos, are uint16."""

LARGEST = 2**15 - 1
"""Of what a token adds to the length register or sets it to: these are int16."""


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """C classes of V tokens over S states; class 0 holds the tokens that every state refuses.

    `class_of` [V] uint16; `next` [C, S] int32, 0 where refused; with a register also `spent` and `sets_to` [C, S]
    int16: see TokenTables.
    """

    class_of: NDArray[np.uint16]
    next: NDArray[np.int32]
    spent: NDArray[np.int16] | None
    sets_to: NDArray[np.int16] | None


def classes(automaton: Automaton, register: Register | None, trie: Trie, meter: Meter) -> Classes:
    """One map a node of the trie, level by level; the maps of the nodes where tokens end are the classes.

    Raises OverBudget, and DoesNotFit beyond MOST classes or LARGEST. Only some hundred maps are distinct, so most of
    the work is one look-up a node.
    """
    maps = Maps(automaton, register)
    column = automaton.byte_class.astype(np.intp)[trie.byte]
    of_node = np.empty(trie.nodes, np.intp)
    of_node[0] = IDENTITY
    for first, last in zip(trie.levels[1:-1], trie.levels[2:], strict=True):
        of_node[first:last] = maps.after(of_node[trie.parent[first:last]], column[first:last])
        meter.check(automaton.states)
    # Special tokens have no node but the root's.
    of_node[0] = DEAD
    of_token = of_node[trie.node]
    used = np.zeros(len(maps), np.bool_)
    used[of_token] = used[DEAD] = True
    if np.count_nonzero(used) > MOST:
        raise DoesNotFit(f"{np.count_nonzero(used):,} classes of tokens; at most {MOST:,} fit: split the schema")
    class_of = (np.cumsum(used) - 1).astype(np.uint16)[of_token]
    return Classes(class_of, *_dense(maps, np.flatnonzero(used), automaton.states, register is not None))


def _dense(
    maps: Maps, chosen: NDArray[np.intp], states: int, counts: bool
) -> tuple[NDArray[np.int32], NDArray[np.int16] | None, NDArray[np.int16] | None]:
    owner, entries = maps.entries(chosen)
    shape = (len(chosen), states)
    to = np.full(shape, REFUSED, np.int32)
    to[owner, entries[:, 0]] = entries[:, 1]
    if not counts:
        return to, None, None
    largest = int(entries[:, 2:].max(initial=0))
    if largest > LARGEST:
        raise DoesNotFit(f"a token sets or raises the length register by {largest:,}; at most {LARGEST:,} fits")
    spent, sets_to = np.zeros(shape, np.int16), np.full(shape, -1, np.int16)
    spent[owner, entries[:, 0]] = entries[:, 2]
    sets_to[owner, entries[:, 0]] = entries[:, 3]
    return to, spent, sets_to
