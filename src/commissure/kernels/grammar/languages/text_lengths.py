"""How long the words of an automaton are, and how many there are of a length."""

from __future__ import annotations

from commissure.kernels.grammar.languages.codepoints import SCALARS
from commissure.kernels.grammar.languages.dfa import Dfa, Edge


def lengths(least: int, most: int | None) -> Dfa:
    """All strings of least to most characters."""
    last = least if most is None else most
    edges: list[tuple[Edge, ...]] = [tuple((low, high, place + 1) for low, high in SCALARS) for place in range(last)]
    edges.append(tuple((low, high, last) for low, high in SCALARS) if most is None else ())
    return Dfa(tuple(edges), frozenset(range(least, last + 1)))


def distances(dfa: Dfa) -> list[int]:
    """The fewest symbols from each state of a trimmed automaton to an accepting one."""
    before: list[list[int]] = [[] for _ in dfa.edges]
    for state, row in enumerate(dfa.edges):
        for _, _, to in row:
            before[to].append(state)
    found = [-1] * dfa.states
    ring = sorted(dfa.accepting)
    steps = 0
    while ring:
        after: list[int] = []
        for state in ring:
            if found[state] < 0:
                found[state] = steps
                after.extend(before[state])
        ring = after
        steps += 1
    return found


def longest(dfa: Dfa) -> int | None:
    """The length of the longest word of a trimmed automaton that accepts any; None if there is none."""
    waits = [0] * dfa.states
    for row in dfa.edges:
        for _, _, to in row:
            waits[to] += 1
    depth = [0] * dfa.states
    ready = [0] if waits[0] == 0 else []
    seen = 0
    while ready:
        state = ready.pop()
        seen += 1
        for _, _, to in dfa.edges[state]:
            depth[to] = max(depth[to], depth[state] + 1)
            waits[to] -= 1
            if waits[to] == 0:
                ready.append(to)
    return max(depth) if seen == dfa.states else None


def some_length(dfa: Dfa, least: int, most: int | None) -> bool:
    """Whether a word of a trimmed automaton has least to most symbols: exact, by the states of each length."""
    if dfa.empty or (most is not None and most < least):
        return False
    after = [frozenset(to for _, _, to in row) for row in dfa.edges]
    reached = frozenset((0,))
    seen: dict[frozenset[int], int] = {}
    step = 0
    while step < least and reached:
        if reached in seen:
            # The sets repeat from here on, so whole rounds may be left out.
            step += (least - step) // (step - seen[reached]) * (step - seen[reached])
            seen.clear()
            if step == least:
                break
        seen[reached] = step
        reached = frozenset(to for state in reached for to in after[state])
        step += 1
    if most is None:
        return bool(reached)
    fewest = distances(dfa)
    return any(fewest[state] <= most - least for state in reached)


def steady(dfa: Dfa) -> bool:
    """Whether each state of a trimmed automaton ends words of every length from its fewest on."""
    after = [frozenset(to for _, _, to in row) for row in dfa.edges]
    if all(after) and len(dfa.accepting) == dfa.states:
        return True
    for state, fewest in enumerate(distances(dfa)):
        reached, step, seen = frozenset((state,)), 0, set[frozenset[int]]()
        while step < fewest or reached not in seen:
            if step >= fewest:
                if not reached & dfa.accepting:
                    return False
                seen.add(reached)
            reached = frozenset(to for one in reached for to in after[one])
            step += 1
    return True


def count(dfa: Dfa, least: int, most: int | None, enough: int) -> int:
    """How many words of a trimmed automaton have least to most symbols; any number above `enough` if they are more."""
    if dfa.empty:
        return 0
    last = longest(dfa) if most is None else most
    if last is None:
        return enough + 1
    ways = {0: 1}
    found = 0
    for length in range(last + 1):
        if length >= least:
            found += sum(number for state, number in ways.items() if state in dfa.accepting)
        if found > enough or not ways:
            break
        after: dict[int, int] = {}
        for state, number in ways.items():
            for low, high, to in dfa.edges[state]:
                after[to] = min(after.get(to, 0) + number * (high - low + 1), enough + 1)
        ways = after
    return found
