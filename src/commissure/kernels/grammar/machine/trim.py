"""Rules without what can never end, and which of them come to call themselves."""

from __future__ import annotations

import networkx

from commissure.kernels.grammar.machine.rules import Rules


def trim(rules: Rules) -> list[bool]:
    """Whether a text can end from each state; what leads to others is taken out of the rules."""
    before: list[list[int]] = [[] for _ in rules.edges]
    callers: list[list[int]] = [[] for _ in rules.begins]
    owner = {state: rule for rule, state in enumerate(rules.begins)}
    for state, edges in enumerate(rules.edges):
        for _, _, to in edges:
            before[to].append(state)
        for to in rules.skips[state]:
            before[to].append(state)
        for rule, to in rules.calls[state]:
            before[to].append(state)
            callers[rule].append(state)
    live = [False] * len(rules.edges)
    waiting = list(rules.ends)
    for state in waiting:
        live[state] = True
    while waiting:
        state = waiting.pop()
        above = before[state] + (callers[owner[state]] if state in owner else [])
        for one in above:
            if not live[one] and _leads_on(rules, one, live):
                live[one] = True
                waiting.append(one)
    for state in range(len(rules.edges)):
        rules.edges[state] = [edge for edge in rules.edges[state] if live[edge[2]]]
        rules.skips[state] = [to for to in rules.skips[state] if live[to]]
        rules.calls[state] = [(rule, to) for rule, to in rules.calls[state] if live[to] and live[rules.begins[rule]]]
    return live


def _leads_on(rules: Rules, state: int, live: list[bool]) -> bool:
    if any(live[to] for _, _, to in rules.edges[state]) or any(live[to] for to in rules.skips[state]):
        return True
    return any(live[to] and live[rules.begins[rule]] for rule, to in rules.calls[state])


def recursive(rules: Rules) -> frozenset[int]:
    """The rules on a circle of calls."""
    below: dict[int, set[int]] = {rule: set() for rule in range(len(rules.begins))}
    for rule, begin in enumerate(rules.begins):
        waiting, seen = [begin], {begin}
        while waiting:
            state = waiting.pop()
            below[rule].update(called for called, _ in rules.calls[state])
            for to in (*(e[2] for e in rules.edges[state]), *rules.skips[state], *(to for _, to in rules.calls[state])):
                if to not in seen:
                    seen.add(to)
                    waiting.append(to)
    graph = networkx.DiGraph((rule, called) for rule, calls in below.items() for called in calls)
    circles = (part for part in networkx.strongly_connected_components(graph))
    return frozenset(rule for part in circles for rule in part if len(part) > 1 or graph.has_edge(rule, rule))
