"""One call with the whole context: what recursion is held against."""

from __future__ import annotations

from commissure.policies.recursion.ask import Answer, Ask, Said
from commissure.policies.recursion.closing import closed
from commissure.policies.recursion.context import problem_of
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree


class Direct:
    """The context first, so that questions about the same one share their prefix; then the question."""

    name = "direct"

    async def answer(self, tree: Tree, task: Task) -> Answer:
        """What the root model says; not complete where it was cut off at its last token."""
        problem = problem_of(task.context)
        if problem is not None:
            return closed(tree, self.name, "", problem, complete=False)
        prompt = f"{task.context}\n\n{task.question}"
        said = await tree.ask(Ask(prompt, "aggregate", depth=0, max_tokens=task.max_tokens))
        if not isinstance(said, Said):
            return closed(tree, self.name, "", complete=False)
        return closed(tree, self.name, said.text, complete=said.finish != "length")


def build(options: Options) -> Direct:
    """It has no options."""
    return Direct()
