"""One long call, a fixed plan or code, by how long the context is and how much of it the answer hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from commissure.policies.recursion.ask import Answer, FailureKind, tokens_of
from commissure.policies.recursion.strategies.direct import Direct
from commissure.policies.recursion.strategies.fixed_plan import build as build_fixed_plan
from commissure.policies.recursion.strategies.free_code import FreeCode
from commissure.policies.recursion.strategies.strategy import Options, Strategy, Task
from commissure.policies.recursion.tree import Tree

# Another way may do with less: a smaller window, a smaller call, no sub-calls, no plan.
_TURNED_AWAY: frozenset[FailureKind] = frozenset({"room", "budget", "depth", "plan"})
# Of a window: tokens are counted at four characters each, which may be too few (assumed).
COMFORT = 0.8


def order(task: Task, rooms: Sequence[float], options: Options) -> tuple[str, ...]:
    """The strategies to try, the best first; `rooms` are the endpoints' windows in tokens.

    One call is better than recursion up to about 2^14 tokens (arXiv 2512.24601, figure 1), and for a needle as far as
    it fits; beyond, a plan where the task has one, else code. A needle is looked up by code, which asks the least. One
    call that may just fit is the last to try.
    """
    needed, room = task.context_tokens + tokens_of(task.question) + task.max_tokens, max(rooms, default=0.0)
    recursion = ("fixed_plan", "free_code") if task.plan is not None else ("free_code",)
    if task.demand == "constant":
        recursion = recursion[::-1]
    if needed <= COMFORT * room and (task.context_tokens <= options.direct_tokens or task.demand == "constant"):
        return ("direct", *recursion)
    return (*recursion, "direct") if needed <= room else recursion


def choose(task: Task, rooms: Sequence[float], options: Options) -> str:
    """The strategy to try first. Pure."""
    return order(task, rooms, options)[0]


@dataclass(frozen=True)
class Automatic:
    """Tries them in order, the next one only where one was turned away."""

    options: Options
    name: str = "automatic"

    async def answer(self, tree: Tree, task: Task) -> Answer:
        """The first whole answer; else the first that found something. `Answer.strategy` says whose it is."""
        rooms = [one.room_tokens for one in tree.fleet.status().candidates]
        best: Answer | None = None
        for strategy in self._built(order(task, rooms, self.options)):
            known = len(tree.failures)
            answer = await strategy.answer(tree, task)
            best = answer if best is None or answer.complete or not best.text else _with_account(best, answer)
            if answer.complete or not {one.kind for one in answer.failures[known:]} <= _TURNED_AWAY:
                break
        if best is None:
            raise AssertionError("there is always one to try")
        return replace(best, strategy=f"{self.name}: {best.strategy}")

    def _built(self, names: Sequence[str]) -> list[Strategy]:
        known: dict[str, Strategy] = {
            "direct": Direct(),
            "fixed_plan": build_fixed_plan(self.options),
            "free_code": FreeCode(self.options),
        }
        return [known[name] for name in names]


def _with_account(kept: Answer, later: Answer) -> Answer:
    """An answer with all that was used and failed since it was given."""
    return replace(kept, failures=later.failures, used=later.used, wall_s=later.wall_s)


def build(options: Options) -> Automatic:
    """Of `direct_tokens`, and what the others need."""
    return Automatic(options)
