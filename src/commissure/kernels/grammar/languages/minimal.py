"""The least automaton of a language."""

from __future__ import annotations

from commissure.kernels.grammar.languages.dfa import NOTHING, Dfa, Edge, merged


def trimmed(dfa: Dfa) -> Dfa:
    """Without the states that cannot be reached or from which no word can end; the start stays state 0."""
    before: list[list[int]] = [[] for _ in dfa.edges]
    reached = {0}
    waiting = [0]
    while waiting:
        state = waiting.pop()
        for _, _, to in dfa.edges[state]:
            before[to].append(state)
            if to not in reached:
                reached.add(to)
                waiting.append(to)
    waiting = [state for state in dfa.accepting if state in reached]
    live = set(waiting)
    while waiting:
        for state in before[waiting.pop()]:
            if state not in live:
                live.add(state)
                waiting.append(state)
    if 0 not in live:
        return NOTHING
    if len(live) == len(dfa.edges):
        return dfa
    names = {state: name for name, state in enumerate(sorted(live))}
    edges = tuple(
        tuple((low, high, names[to]) for low, high, to in dfa.edges[state] if to in names) for state in sorted(live)
    )
    return Dfa(edges, frozenset(names[state] for state in dfa.accepting if state in names))


def minimised(dfa: Dfa) -> Dfa:
    """The trimmed automaton with as few states as its language allows.

    Partitions are refined by signature, only where a successor's class has changed (Valmari and Lehtinen 2008 refine
    in the same spirit, O(m log n)): the larger part of a split class keeps its name.
    """
    dfa = trimmed(dfa)
    label = refined(dfa.edges, [1 if state in dfa.accepting else 0 for state in range(dfa.states)])
    return quotient(dfa, label)


def quotient(dfa: Dfa, label: list[int]) -> Dfa:
    """One state a class, numbered as a walk from the start meets them, so that equal languages give equal automata."""
    member: dict[int, int] = {}
    for state, name in enumerate(label):
        member.setdefault(name, state)
    order = [label[0]]
    names = {label[0]: 0}
    edges: list[tuple[Edge, ...]] = []
    place = 0
    while place < len(order):
        row = merged([(low, high, label[to]) for low, high, to in dfa.edges[member[order[place]]]])
        place += 1
        for _, _, to in row:
            if to not in names:
                names[to] = len(order)
                order.append(to)
        edges.append(tuple((low, high, names[to]) for low, high, to in row))
    accepting = frozenset(names[label[state]] for state in dfa.accepting)
    return Dfa(tuple(edges), accepting)


def refined(edges: tuple[tuple[Edge, ...], ...], label: list[int]) -> list[int]:
    """The coarsest labels at least as fine as these under which equal labels have equal successors."""
    label = list(label)
    before: list[list[int]] = [[] for _ in edges]
    for state, row in enumerate(edges):
        for _, _, to in row:
            before[to].append(state)
    blocks: dict[int, set[int]] = {}
    for state, name in enumerate(label):
        blocks.setdefault(name, set()).add(state)
    fresh = max(label) + 1
    dirty = set(range(len(edges)))
    while dirty:
        touched: dict[int, list[int]] = {}
        for state in dirty:
            touched.setdefault(label[state], []).append(state)
        # Names change only after all splits of a round: signatures are of the names before it.
        leaving = [
            (name, group) for name, states in touched.items() for group in _split(edges, label, blocks[name], states)
        ]
        moved: list[int] = []
        for name, group in leaving:
            blocks[name].difference_update(group)
            blocks[fresh] = set(group)
            for state in group:
                label[state] = fresh
            moved.extend(group)
            fresh += 1
        dirty = {state for to in moved for state in before[to]}
    return label


def _split(
    edges: tuple[tuple[Edge, ...], ...], label: list[int], block: set[int], states: list[int]
) -> list[list[int]]:
    """The groups that leave a block: all but its largest."""
    groups: dict[tuple[Edge, ...], list[int]] = {}
    for state in states:
        key = merged([(low, high, label[to]) for low, high, to in edges[state]])
        groups.setdefault(key, []).append(state)
    kept = len(block) - len(states)
    if kept:
        # Those whose successors did not change have one signature; who still shares it stays with them.
        dirty = set(states)
        other = next(state for state in block if state not in dirty)
        same = merged([(low, high, label[to]) for low, high, to in edges[other]])
        groups.pop(same, None)
        return list(groups.values())
    ordered = sorted(groups.values(), key=len, reverse=True)
    return ordered[1:]
