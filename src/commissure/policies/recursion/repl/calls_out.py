"""What the code may call: sub-calls of the tree, and recursions one level deeper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commissure.policies.recursion.ask import KINDS, Answer, Ask, Failed, Kind, Outcome, Said
from commissure.policies.recursion.sandbox.interpreter import CallOut, Refusal
from commissure.policies.recursion.strategies.strategy import Options
from commissure.policies.recursion.tree import Tree

Recurse = Callable[[str, str], Awaitable[Answer]]
ONE, ALL, CHILD, CHILDREN = "ask", "ask_all", "recurse", "recurse_all"
MOST_TOKENS = 32_768


class Wrong(Exception):
    """The code has called a function in a way that it does not take."""


@dataclass(frozen=True)
class CallsOut:
    """The host's functions of one sandbox, whose sub-calls go to `depth` and belong to the step `parent`."""

    tree: Tree
    options: Options
    depth: int
    recurse: Recurse | None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that may be called from here: none at the deepest level."""
        if self.depth > self.tree.limits.depth:
            return ()
        return (ONE, ALL) if self.recurse is None else (ONE, ALL, CHILD, CHILDREN)

    async def answer(self, out: CallOut, parent: int | None) -> Any:
        """What a call out comes back with: text, a list with None where nothing came, or a Refusal."""
        try:
            match out.name:
                case "ask":
                    return _value(await self.tree.ask(self._ask(parent, *out.args, **out.kwargs)))
                case "ask_all":
                    return await self._all(parent, *out.args, **out.kwargs)
                case "recurse":
                    return _answered(await self._child(*out.args, **out.kwargs))
                case _:
                    return await self._children(*out.args, **out.kwargs)
        except Wrong as error:
            return Refusal(str(error), "ValueError")
        except TypeError as error:
            said = str(error).rpartition(".")[2].replace("_ask()", f"{out.name}()")
            return Refusal(f"{out.name}: {said}", "TypeError")

    def _ask(self, parent: int | None, prompt: Any, kind: Any = "expand", max_tokens: Any = 256) -> Ask:
        if not isinstance(prompt, str) or not prompt.strip():
            raise Wrong(f"a prompt is a text with something in it, not {str(prompt)!r:.60}")
        if kind not in KINDS:
            raise Wrong(f"kind is one of {', '.join(KINDS)}, not {kind!r:.60}")
        if not isinstance(max_tokens, int) or not 1 <= max_tokens <= MOST_TOKENS:
            raise Wrong(f"max_tokens is 1 to {MOST_TOKENS}, not {max_tokens!r:.60}")
        chosen: Kind = kind
        return Ask(prompt, chosen, self.depth, max_tokens=max_tokens, parent=parent)

    async def _all(
        self, parent: int | None, prompts: Any, kind: Any = "expand", max_tokens: Any = 256
    ) -> list[str | None]:
        asks = [self._ask(parent, prompt, kind, max_tokens) for prompt in _listed(prompts)]
        said = await self.tree.ask_all(asks)
        return [one.text if isinstance(one, Said) else None for one in said]

    async def _child(self, question: Any, text: Any) -> Answer:
        if not isinstance(question, str) or not isinstance(text, str):
            raise Wrong("recurse(question, text) takes two texts")
        if self.recurse is None:
            raise Wrong("there is no further recursion from here")
        return await self.recurse(question, text)

    async def _children(self, question: Any, texts: Any) -> list[str | None]:
        answers = await self.tree.rt.gather(*[self._child(question, text) for text in _listed(texts)])
        return [one.text if one.complete else None for one in answers]


def _listed(given: Any) -> Sequence[Any]:
    if not isinstance(given, (list, tuple)) or not given:
        raise Wrong(f"give a list with something in it, not {str(given)!r:.60}")
    return given


def _value(outcome: Outcome) -> str | Refusal:
    return Refusal(f"{outcome.kind}: {outcome.problem}") if isinstance(outcome, Failed) else outcome.text


def _answered(answer: Answer) -> str | Refusal:
    if answer.complete:
        return answer.text
    why = answer.failures[-1] if answer.failures else None
    return Refusal(f"{why.kind}: {why.problem}" if why else "no answer")
