"""A fixed plan: split, filter, map, reduce, join; each piece is asked about once, and code does the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from commissure.policies.recursion.ask import Answer, Ask, Failed, Outcome, Said
from commissure.policies.recursion.closing import closed
from commissure.policies.recursion.context import problem_of
from commissure.policies.recursion.plans.plan import MapPlan
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree


@dataclass(frozen=True)
class FixedPlan:
    """`again` times more is asked, as a sub-call of kind `verify`, about a piece whose answer cannot be read.

    Parts are joined by code, so the whole needs no window, and nothing is reduced by a model level by level; only a
    plan's closing call may find no room, and then fails by itself.
    """

    chunk_tokens: int
    again: int
    name: str = "fixed_plan"

    async def answer(self, tree: Tree, task: Task) -> Answer:
        """Of the pieces that were read; complete where those are all that matter."""
        problem = problem_of(task.context)
        if problem is None and task.plan is None:
            problem = Failed("plan", "the task has no plan: ask it directly, or by code")
        if problem is not None or task.plan is None:
            return closed(tree, self.name, "", *filter(None, [problem]), complete=False)
        plan = task.plan
        pieces = [piece for piece in plan.split(task.context, self.chunk_tokens) if plan.keep(piece)]
        read = await tree.rt.gather(*(self._read(tree, plan, piece) for piece in pieces)) if pieces else []
        parts = [part for found, part in read if found]
        if pieces and not parts:
            # There is no whole of nothing: an answer of zero would look like data.
            return closed(tree, self.name, "", complete=False)
        whole = plan.join(parts)
        closing = await self._closing(tree, plan, whole)
        done = len(parts) == len(pieces) and not isinstance(closing, Failed)
        return closed(tree, self.name, plan.text(whole, closing), complete=done, value=whole)

    async def _read(self, tree: Tree, plan: MapPlan, piece: str) -> tuple[bool, Any]:
        """Whether a piece was read, and the part that it gave. What cannot be read is asked again, what failed not."""
        ask = plan.ask(piece)
        for _ in range(self.again + 1):
            said = await tree.ask(ask)
            if not isinstance(said, Said):
                return False, None
            try:
                return True, plan.read(piece, said.text)
            except ValueError as error:
                tree.misread(said, str(error))
                ask = replace(ask, kind="verify", parent=said.step)
        return False, None

    async def _closing(self, tree: Tree, plan: MapPlan, whole: Any) -> Outcome | None:
        ask: Ask | None = plan.close(whole)
        return None if ask is None else await tree.ask(ask)


def build(options: Options) -> FixedPlan:
    """Of `chunk_tokens` and `again`."""
    return FixedPlan(options.chunk_tokens, options.again)
