"""One long call, a fixed plan or code, by how long the context is and how much of it the answer hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from commissure.policies.recursion.ask import Answer
from commissure.policies.recursion.strategies.direct import Direct
from commissure.policies.recursion.strategies.fixed_plan import build as build_fixed_plan
from commissure.policies.recursion.strategies.free_code import FreeCode
from commissure.policies.recursion.strategies.strategy import Options, Strategy, Task
from commissure.policies.recursion.tree import Tree

# After these, nothing was said that could be the answer: another way may do.
_TURNED_AWAY = frozenset({"room", "plan"})


def order(task: Task, room_tokens: float, direct_tokens: int) -> tuple[str, ...]:
    """The strategies to try, the best first.

    One call is better than recursion up to about 2^14 tokens (arXiv 2512.24601, figure 1), and for a needle as far as
    the window goes; beyond, a plan where the task has one, else code.
    """
    size = task.context_tokens
    fits = size + task.max_tokens <= room_tokens
    recursion = ("fixed_plan", "free_code") if task.plan is not None else ("free_code",)
    if fits and (size <= direct_tokens or task.demand == "constant"):
        return ("direct", *recursion)
    return (*recursion, "direct") if fits else recursion


@dataclass(frozen=True)
class Automatic:
    """Tries them in order, the next one only where one was turned away before it began."""

    options: Options
    name: str = "automatic"

    async def answer(self, tree: Tree, task: Task) -> Answer:
        """The answer of the first that could begin."""
        room = max((one.room_tokens for one in tree.fleet.status().candidates), default=0.0)
        answer: Answer | None = None
        for strategy in self._built(order(task, room, self.options.direct_tokens)):
            answer = await strategy.answer(tree, task)
            if answer.complete or not {one.kind for one in answer.failures} <= _TURNED_AWAY:
                break
        if answer is None:
            raise AssertionError("there is always one to try")
        return replace(answer, strategy=f"{self.name}: {answer.strategy}")

    def _built(self, names: Sequence[str]) -> list[Strategy]:
        known: dict[str, Strategy] = {
            "direct": Direct(),
            "fixed_plan": build_fixed_plan(self.options),
            "free_code": FreeCode(self.options),
        }
        return [known[name] for name in names]


def build(options: Options) -> Automatic:
    """Of `direct_tokens`, and what the others need."""
    return Automatic(options)
