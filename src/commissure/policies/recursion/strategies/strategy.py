"""The seam of recursion: how a question over a long context is answered. Async: awaits the tree and `rt` only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from commissure.hal.errors import UsageError
from commissure.policies.recursion.ask import Answer, Demand, tokens_of
from commissure.policies.recursion.sandbox.interpreter import SandboxLimits
from commissure.policies.recursion.tree import Tree

if TYPE_CHECKING:
    from commissure.policies.recursion.plans.plan import MapPlan


@dataclass(frozen=True, slots=True)
class Task:
    """A question over a context. `demand` says how much of it the answer hangs on.

    `plan` says how it is answered piece by piece, for the strategy of a fixed plan; `hint` what a model that writes
    code is told of the context beside its length.
    """

    question: str
    context: str
    demand: Demand = "linear"
    plan: MapPlan | None = None
    hint: str = ""
    max_tokens: int = 256

    def __post_init__(self) -> None:
        for name in ("question", "context"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(
                    f"a task's {name} is a text, not {type(getattr(self, name)).__name__}: decode it first"
                )

    @property
    def context_tokens(self) -> int:
        """About the length of the context."""
        return tokens_of(self.context)


@dataclass(frozen=True, slots=True)
class Options:
    """What strategies may be told; each takes what it needs.

    A fixed plan cuts the context into pieces of `chunk_tokens` and asks `again` about one whose answer it cannot read.
    A model that writes code has `turns`, sees `output_chars` of what a turn prints, and says at most `code_tokens` a
    turn; it is told of a mistake `patience` times in a row. The automatic choice asks directly up to `direct_tokens`.
    """

    chunk_tokens: int = 2000
    again: int = 1
    turns: int = 12
    output_chars: int = 8192
    code_tokens: int = 2048
    patience: int = 3
    leaf_tokens: int = 1024
    direct_tokens: int = 2**14
    sandbox: SandboxLimits = field(default_factory=SandboxLimits)


class Strategy(Protocol):
    """One way of answering."""

    @property
    def name(self) -> str:
        """As settings know it."""

    async def answer(self, tree: Tree, task: Task) -> Answer:
        """The answer, or what was found of it. What fails on the way is in `Answer.failures`, never raised."""
