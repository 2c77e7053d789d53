"""What the code may call: sub-calls of the tree, and recursions one level deeper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from commissure.policies.recursion.ask import KINDS, Ask, Failed, Kind, Outcome, Said
from commissure.policies.recursion.sandbox.interpreter import CallOut, Refusal
from commissure.policies.recursion.strategies.strategy import Options
from commissure.policies.recursion.tree import Tree

Recurse = Callable[[int, str, str], Awaitable[Outcome]]
"""A question over a text in a sandbox of its own, for the step that asks."""
ONE, ALL, CHILD, CHILDREN, WHY = "ask", "ask_all", "recurse", "recurse_all", "failures"
MOST_TOKENS = 32_768
MOST_PROMPTS = 10_000


class Wrong(Exception):
    """The code has called a function in a way that it does not take."""


@dataclass
class CallsOut:
    """The host's functions of one sandbox, whose sub-calls go to `depth`.

    Where `recurse` is None there is no deeper sandbox: a recursion becomes one sub-call, as the paper's leaves are.
    """

    tree: Tree
    options: Options
    depth: int
    recurse: Recurse | None
    _failures: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that may be called from here: none at the deepest level."""
        return () if self.depth > self.tree.limits.depth else (ONE, ALL, CHILD, CHILDREN, WHY)

    async def answer(self, out: CallOut, step: int) -> Any:
        """What a call out of the step comes back with: text, a list with None where nothing came, or a Refusal."""
        functions: dict[str, Callable[..., Awaitable[Any]]] = {
            ONE: self._one, ALL: self._all, CHILD: self._child, CHILDREN: self._children, WHY: self._why,
        }  # fmt: skip
        function = functions[out.name]
        try:
            given = signature(function).bind(step, *out.args, **out.kwargs)
        except TypeError as error:
            return Refusal(f"{out.name}(): {error}", "TypeError")
        try:
            return await function(*given.args, **given.kwargs)
        except Wrong as error:
            return Refusal(str(error), "ValueError")

    async def _one(self, step: int, prompt: Any, kind: Any = "expand", max_tokens: Any = None) -> str | Refusal:
        return self._single(await self.tree.ask(self._ask(step, prompt, kind, max_tokens)))

    async def _all(self, step: int, prompts: Any, kind: Any = "expand", max_tokens: Any = None) -> list[str | None]:
        asks = [self._ask(step, prompt, kind, max_tokens) for prompt in _listed(prompts)]
        return self._kept(await self.tree.ask_all(asks))

    async def _child(self, step: int, question: Any, text: Any) -> str | Refusal:
        return self._single(await self._recursed(step, _text(question, "question"), _text(text, "text")))

    async def _children(self, step: int, question: Any, texts: Any) -> list[str | None]:
        question, given = _text(question, "question"), [_text(text, "text") for text in _listed(texts)]
        return self._kept(await self.tree.rt.gather(*(self._recursed(step, question, text) for text in given)))

    async def _why(self, step: int) -> list[tuple[int, str, str]]:
        return self._failures

    async def _recursed(self, step: int, question: str, text: str) -> Outcome:
        if self.recurse is not None:
            return await self.recurse(step, question, text)
        return await self.tree.ask(self._ask(step, f"{text}\n\n{question}", "expand", None))

    def _ask(self, step: int, prompt: Any, kind: Any, max_tokens: Any) -> Ask:
        most = self.options.leaf_tokens if max_tokens is None else max_tokens
        if kind not in KINDS:
            raise Wrong(f"kind is one of {', '.join(KINDS)}, not {kind!r:.60}")
        if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= MOST_TOKENS:
            raise Wrong(f"max_tokens is a whole number from 1 to {MOST_TOKENS}, not {most!r:.60}")
        chosen: Kind = kind
        return Ask(_text(prompt, "prompt"), chosen, self.depth, max_tokens=most, parent=step)

    def _single(self, outcome: Outcome) -> str | Refusal:
        said = self._kept([outcome])[0]
        return Refusal("{1}: {2}".format(*self._failures[0])) if said is None else said

    def _kept(self, outcomes: Sequence[Outcome]) -> list[str | None]:
        """The texts, None where there is none; why is kept for `failures()`."""
        self._failures = [
            (place, one.kind, _whole(one.problem)) for place, one in enumerate(outcomes) if isinstance(one, Failed)
        ]
        return [_whole(one.text) if isinstance(one, Said) else None for one in outcomes]


def _text(given: Any, what: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise Wrong(f"a {what} is a text with something in it, not {str(given)!r:.60}")
    return given


def _listed(given: Any) -> Sequence[Any]:
    if not isinstance(given, (list, tuple)):
        raise Wrong(f"give a list of texts, not {str(given)!r:.60}")
    if len(given) > MOST_PROMPTS:
        raise Wrong(f"at most {MOST_PROMPTS:,} at once, not {len(given):,}: put several pieces into one prompt")
    return given


def _whole(text: str) -> str:
    """Halves of surrogate pairs cannot go into the sandbox."""
    return text.encode("utf-8", "replace").decode()
