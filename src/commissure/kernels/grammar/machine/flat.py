"""All states of a machine at once, as a minimal automaton in arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commissure.kernels.grammar.automaton import START, UNBOUNDED, Automaton, Step, sets
from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.errors import Unsatisfiable
from commissure.kernels.grammar.languages.dfa import Edge
from commissure.kernels.grammar.languages.minimal import refined
from commissure.kernels.grammar.machine.lazy import LazyMachine

LEAVES = sets(0)


@dataclass(frozen=True, slots=True)
class Flat:
    """The automaton, and how many states there were before it was made minimal."""

    automaton: Automaton
    met: int


def flattened(machine: LazyMachine, meter: Meter) -> Flat:
    """Every state of a machine. Raises OverBudget if there are too many, Unsatisfiable if its depth allows no text."""
    steps = _explored(machine, meter)
    live = _live(machine, steps)
    if not live[START]:
        raise Unsatisfiable("", "", "no value is flat enough for the depth that it was unrolled to", "unroll deeper")
    steps = [[step for step in found if live[step[2]]] for found in steps]
    label = _classes(machine, steps, live)
    return Flat(_arrays(machine, steps, label), int(sum(live)))


def _explored(machine: LazyMachine, meter: Meter) -> list[list[Step]]:
    steps: list[list[Step]] = [[]]
    while len(steps) < len(machine):
        if len(steps) % 64 == 0:
            meter.check(len(machine))
        steps.append(machine.steps(len(steps)))
    meter.check(len(machine))
    return steps


def _live(machine: LazyMachine, steps: list[list[Step]]) -> list[bool]:
    """From which states a text can end: a depth that is bounded cuts some off."""
    before: list[list[int]] = [[] for _ in steps]
    for state, found in enumerate(steps):
        for _, _, to, _ in found:
            before[to].append(state)
    live = [machine.accepting(state) for state in range(len(steps))]
    waiting = [state for state, ends in enumerate(live) if ends]
    while waiting:
        for state in before[waiting.pop()]:
            if not live[state]:
                live[state] = True
                waiting.append(state)
    return live


def _classes(machine: LazyMachine, steps: list[list[Step]], live: list[bool]) -> list[int]:
    """States that no text tells apart have one label. States differ from the outset in what they do to the register."""
    kinds: dict[object, int] = {}
    label: list[int] = []
    for state, found in enumerate(steps):
        bounds = machine.bounds(state)
        effects: list[tuple[int, int, int]] = []
        for low, high, _, effect in found:
            if bounds is None and effect == LEAVES:
                continue
            if effects and effects[-1][2] == effect and effects[-1][1] + 1 == low:
                low = effects.pop()[0]
            effects.append((low, high, effect))
        kind = (live[state], machine.accepting(state), bounds, tuple(effects))
        label.append(kinds.setdefault(kind, len(kinds)))
    edges: tuple[tuple[Edge, ...], ...] = tuple(tuple((low, high, to) for low, high, to, _ in found) for found in steps)
    return refined(edges, label)


def _arrays(machine: LazyMachine, steps: list[list[Step]], label: list[int]) -> Automaton:
    """States numbered as the start meets them; bytes that no state tells apart are one class."""
    order, number = [START], {label[0]: 0, label[START]: 1}
    for state in order:
        for _, _, to, _ in steps[state]:
            if label[to] not in number:
                number[label[to]] = len(number)
                order.append(to)
    cuts = sorted(
        {0, 256, *(low for state in order for low, _, _, _ in steps[state])}
        | {high + 1 for state in order for _, high, _, _ in steps[state]}
    )
    column = {low: place for place, low in enumerate(cuts)}
    size = len(order) + 1
    following = np.zeros((size, len(cuts) - 1), dtype=np.int32)
    effect = np.full((size, len(cuts) - 1), LEAVES, dtype=np.int32)
    least, most = np.zeros(size, dtype=np.int32), np.full(size, UNBOUNDED, dtype=np.int32)
    accepting = np.zeros(size, dtype=np.bool_)
    for row, state in enumerate(order, start=1):
        accepting[row] = machine.accepting(state)
        bounds = machine.bounds(state)
        if bounds is not None:
            least[row], most[row] = bounds
        for low, high, to, done in steps[state]:
            span = slice(column[low], column[high + 1])
            following[row, span] = number[label[to]]
            effect[row, span] = done
    return _merged(cuts, following, effect, accepting, least, most)


def _merged(
    cuts: list[int],
    following: np.ndarray,
    effect: np.ndarray,
    accepting: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
) -> Automaton:
    """Equal columns are one class of bytes; the register is left out where nothing is counted."""
    counts = bool(least.any() or (most != UNBOUNDED).any())
    whole = np.vstack([following, effect]) if counts else following
    _, first, inverse = np.unique(whole, axis=1, return_index=True, return_inverse=True)
    widths = np.diff(np.asarray(cuts))
    byte_class = np.repeat(inverse.reshape(-1), widths).astype(np.uint8)
    if not counts:
        return Automaton(byte_class, np.ascontiguousarray(following[:, first]), accepting)
    return Automaton(
        byte_class,
        np.ascontiguousarray(following[:, first]),
        accepting,
        np.ascontiguousarray(effect[:, first]),
        least,
        most,
    )
