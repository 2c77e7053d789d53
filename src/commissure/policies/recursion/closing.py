"""The answer of a recursion that has ended, with what it took over all depths."""

from __future__ import annotations

from typing import Any

from commissure.policies.recursion.ask import Answer, Failed
from commissure.policies.recursion.tree import Tree


def closed(tree: Tree, strategy: str, text: str, *failed: Failed, complete: bool, value: Any = None) -> Answer:
    """Of the tree's account. `failed` are those that no sub-call tells of."""
    return Answer(
        text, complete, (*tree.failures, *failed), tree.ledger.spent, tree.rt.now() - tree.began_s, strategy, value
    )
