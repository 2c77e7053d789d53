"""Rules made deterministic, state by state as they are met."""

from __future__ import annotations

from commissure.kernels.grammar.automaton import KEEPS, START, Step, sets
from commissure.kernels.grammar.machine.build import Built

Element = tuple[int, int, int]
"""A state of the rules, the stack below it, and the register of a counted string (0 where none is): see Automaton."""


class LazyMachine:
    """A deterministic machine over bytes. Its state is a set of (state, stack) that the text may have led to.

    Stacks are linked lists, each kept once, so that a state of any depth is a number. Where the set is a single element
    inside a counted string, the count is left to the register of whoever runs the machine. `deepest` forbids more than
    so many open arrays and objects of recursive rules; None allows any nesting.
    """

    def __init__(self, built: Built, deepest: int | None = None) -> None:
        self._rules = built.rules
        self._recursive = built.recursive
        self._deepest = deepest
        self._ends_of_rules = frozenset(built.rules.ends)
        self._stacks: list[tuple[int, int, int]] = [(-1, -1, 0)]
        self._stack_of: dict[tuple[int, int, int], int] = {}
        self._closures: dict[int, tuple[list[int], list[tuple[int, int]], bool]] = {}
        self._elements: list[tuple[Element, ...]] = [()]
        self._ends: list[bool] = [False]
        self._bounds: list[tuple[int, int] | None] = [None]
        self._steps: list[list[Step] | None] = [[]]
        self._known: dict[tuple[tuple[Element, ...], bool, bool], int] = {}
        self._frames: list[tuple[int, ...]] = []
        self._frame_of: dict[tuple[int, ...], int] = {}
        self._entered: dict[tuple[Element, ...], tuple[int, int]] = {}
        self._enter(((built.rules.begins[built.whole], 0, 0),))

    def __len__(self) -> int:
        """States met so far, the refusing one included."""
        return len(self._elements)

    def accepting(self, state: int) -> bool:
        """Whether the text may end here."""
        return self._ends[state]

    def bounds(self, state: int) -> tuple[int, int] | None:
        """The (fewest, most) characters of the string that the register counts here."""
        return self._bounds[state]

    def most_added(self, state: int, length: int) -> int:
        """The most that a text of so many bytes can add to that register: characters begun, and those then needed."""
        return length + (self._rules.bounds_need[self._elements[state][0][0]] if self._bounds[state] else 0)

    def steps(self, state: int) -> list[Step]:
        """What each byte does, ascending."""
        known = self._steps[state]
        if known is None:
            known = self._steps[state] = self._made(state)
        return known

    def frame(self, state: int) -> int | None:
        """The number of what is possible here within one call of a rule, if nothing else is possible, else None.

        What a frame does until it calls or returns is the same whatever lies below it on the stack.
        """
        elements = self._elements[state]
        if not elements or self._ends[state] or any(one[1] != elements[0][1] for one in elements):
            return None
        if any(at in self._rules.bounds for at, _, _ in elements):
            return None
        return self._frame_number(tuple(at for at, _, _ in elements))

    def frame_steps(self, frame: int) -> list[tuple[int, int, int, bool]]:
        """Lowest byte, highest byte, the frame that they lead to, and whether it calls, returns or counts there."""
        spans = [(low, high, (to, 0, 0)) for at in self._frames[frame] for low, high, to in self._rules.edges[at]]
        found: list[tuple[int, int, int, bool]] = []
        for low, high, elements in cut(spans):
            targets = tuple(to for to, _, _ in elements)
            reading, leaves = self._within(targets)
            found.append((low, high, self._frame_number(targets if leaves else reading), leaves))
        return found

    def after_frame(self, state: int, frame: int) -> int:
        """The state that follows where the frame of `state` has come to one that calls, returns or counts; or 0."""
        stack = self._elements[state][0][1]
        return self._enter(tuple((at, stack, 0) for at in self._frames[frame]))[0]

    def _within(self, targets: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
        """The states that read bytes after these, and whether anything else could follow."""
        found: set[int] = set()
        for at in targets:
            reading, calls, over = self._near(at)
            if calls or over or any(state in self._rules.bounds for state in reading):
                return (), True
            found.update(reading)
        return tuple(sorted(found)), False

    def _frame_number(self, states: tuple[int, ...]) -> int:
        known = self._frame_of.get(states)
        if known is None:
            known = self._frame_of[states] = len(self._frames)
            self._frames.append(states)
        return known

    def accepts(self, text: bytes) -> bool:
        """Whether the text is in the language."""
        state, count = START, 0
        for byte in text:
            state, count = self.step(state, count, byte)
            if not state:
                return False
        return self._ends[state]

    def step(self, state: int, count: int, byte: int) -> tuple[int, int]:
        """The state and the register after a byte; (0, 0) where it is refused."""
        bounds = self._bounds[state]
        for low, high, to, effect in self.steps(state):
            if low <= byte <= high:
                if effect >= KEEPS:
                    return (to, count + effect) if bounds is None or count + effect <= bounds[1] else (0, 0)
                if bounds is not None and not bounds[0] <= count <= bounds[1]:
                    return 0, 0
                return to, -1 - effect
        return 0, 0

    def _made(self, state: int) -> list[Step]:
        elements = self._elements[state]
        if self._bounds[state] is not None:
            return self._counted(elements[0])
        spans: list[tuple[int, int, Element]] = []
        for element in elements:
            spans.extend(self._moves(element))
        return self._told_apart(spans)

    def _counted(self, element: Element) -> list[Step]:
        """Inside a counted string the register counts, so that guards are left to whoever runs the machine."""
        at, stack, _ = element
        out: list[Step] = []
        for low, high, to in sorted(self._rules.edges[at]):
            aim, count = self._enter(((to, stack, 0),))
            effect = self._rules.adds(at, to) if to in self._rules.bounds else sets(count)
            if aim:
                out.append((low, high, aim, effect))
        return out

    def _moves(self, element: Element) -> list[tuple[int, int, Element]]:
        """The byte moves of one element, with its count where it is inside a counted string."""
        at, stack, count = element
        bounds = self._rules.bounds.get(at)
        if bounds is None:
            needs = self._rules.needs
            return [(low, high, (to, stack, needs.get(to, 0))) for low, high, to in self._rules.edges[at]]
        least, most = bounds
        out: list[tuple[int, int, Element]] = []
        for low, high, to in self._rules.edges[at]:
            if to not in self._rules.bounds:
                if least <= count <= most:
                    out.append((low, high, (to, stack, 0)))
            elif count + self._rules.adds(at, to) <= most:
                out.append((low, high, (to, stack, count + self._rules.adds(at, to))))
        return out

    def _told_apart(self, spans: list[tuple[int, int, Element]]) -> list[Step]:
        """Each interval of bytes with the state that its elements make together."""
        out: list[Step] = []
        for low, high, elements in cut(spans):
            aim, count = self._enter(elements)
            if not aim:
                continue
            effect = sets(count)
            if out and out[-1][2] == aim and out[-1][1] + 1 == low and out[-1][3] == effect:
                low = out.pop()[0]
            out.append((low, high, aim, effect))
        return out

    def _enter(self, targets: tuple[Element, ...]) -> tuple[int, int]:
        """The state of all that follows without a byte, and the register there; (0, 0) if nothing does."""
        known = self._entered.get(targets)
        if known is None:
            elements, ends = self._closure(targets)
            count = 0
            bounds = None
            if len(elements) == 1 and not ends and elements[0][0] in self._rules.bounds:
                at, stack, count = elements[0]
                elements, bounds = ((at, stack, 0),), self._rules.bounds[at]
            known = self._entered[targets] = (self._numbered(elements, ends, bounds), count)
        return known

    def _numbered(self, elements: tuple[Element, ...], ends: bool, bounds: tuple[int, int] | None) -> int:
        if not elements and not ends:
            return 0
        # A counted string that is one of several possibilities carries its count in the element: another state.
        key = (elements, bounds is not None, ends)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = len(self._elements)
            self._elements.append(elements)
            self._ends.append(ends)
            self._bounds.append(bounds)
            self._steps.append(None)
        return known

    def _closure(self, targets: tuple[Element, ...]) -> tuple[tuple[Element, ...], bool]:
        """Calls entered and ended rules returned from, until only states that read bytes are left."""
        found: set[Element] = set()
        ends = False
        waiting = list(targets)
        seen = set(targets)
        while waiting:
            at, stack, count = waiting.pop()
            reading, calls, over = self._near(at)
            for state in reading:
                found.add((state, stack, count if state in self._rules.bounds else 0))
            further: list[Element] = []
            for rule, back in calls:
                above = self._pushed(back, stack, rule)
                if above >= 0:
                    further.append((self._rules.begins[rule], above, 0))
            if over and stack == 0:
                ends = True
            elif over:
                back, below, _ = self._stacks[stack]
                further.append((back, below, 0))
            for element in further:
                if element not in seen:
                    seen.add(element)
                    waiting.append(element)
        return tuple(sorted(found)), ends

    def _near(self, at: int) -> tuple[list[int], list[tuple[int, int]], bool]:
        """Within the rule: states that read bytes, calls, and whether the rule's end follows without a byte."""
        known = self._closures.get(at)
        if known is None:
            reading: list[int] = []
            calls: list[tuple[int, int]] = []
            over = False
            waiting, seen = [at], {at}
            while waiting:
                state = waiting.pop()
                if self._rules.edges[state]:
                    reading.append(state)
                calls.extend(self._rules.calls[state])
                over = over or state in self._ends_of_rules
                for to in self._rules.skips[state]:
                    if to not in seen:
                        seen.add(to)
                        waiting.append(to)
            known = self._closures[at] = (reading, calls, over)
        return known

    def _pushed(self, back: int, stack: int, rule: int) -> int:
        """The stack with a state to return to on it; -1 where that nests recursive rules too deep."""
        depth = self._stacks[stack][2] + (1 if rule in self._recursive else 0)
        if self._deepest is not None and depth > self._deepest:
            return -1
        key = (back, stack, depth)
        known = self._stack_of.get(key)
        if known is None:
            known = self._stack_of[key] = len(self._stacks)
            self._stacks.append(key)
        return known


def cut(spans: list[tuple[int, int, Element]]) -> list[tuple[int, int, tuple[Element, ...]]]:
    """Overlapping moves cut into intervals, each with the elements that it leads to, ascending."""
    starts = sorted({low for low, _, _ in spans} | {high + 1 for _, high, _ in spans})
    into: list[list[Element]] = [[] for _ in starts]
    place = {start: number for number, start in enumerate(starts)}
    for low, high, element in spans:
        for number in range(place[low], place[high + 1]):
            into[number].append(element)
    return [
        (starts[number], starts[number + 1] - 1, tuple(sorted(set(into[number]))))
        for number in range(len(starts) - 1)
        if into[number]
    ]
