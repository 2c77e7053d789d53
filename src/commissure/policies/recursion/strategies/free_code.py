"""The root model writes code over the context, and asks others from it (recursive language models, 2512.24601)."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.policies.recursion.ask import Answer
from commissure.policies.recursion.closing import closed
from commissure.policies.recursion.repl.loop import Loop
from commissure.policies.recursion.sandbox.monty import MontyInterpreter
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree


@dataclass(frozen=True)
class FreeCode:
    """Its sandboxes live as long as the answer takes."""

    options: Options
    name: str = "free_code"

    async def answer(self, tree: Tree, task: Task) -> Answer:
        """What the code built; whole where it said that it is ready."""
        with MontyInterpreter() as interpreter:
            found = await Loop(tree, self.options, interpreter).find(task)
        return closed(tree, self.name, found.text, complete=found.failed is None, value=found.value)


def build(options: Options) -> FreeCode:
    """Of the turns, the patience, the output and the sandbox."""
    return FreeCode(options)
