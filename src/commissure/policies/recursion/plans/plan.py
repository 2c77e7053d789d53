"""A fixed plan of a question: how the context is split, what is asked of each piece, and how the parts are joined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from commissure.policies.recursion.ask import Ask, Outcome


class MapPlan(ABC):
    """Split, filter, map, reduce, join. All but the asking is code: pure, and the same for the same input."""

    @abstractmethod
    def split(self, context: str, chunk_tokens: int) -> Sequence[str]:
        """Pieces of about so many tokens, which together hold all that the question hangs on."""

    def keep(self, piece: str) -> bool:
        """Whether a piece can matter: the filter that costs no call."""
        return True

    @abstractmethod
    def ask(self, piece: str) -> Ask:
        """What is asked of a piece, a sub-call of kind `expand` or `retrieve`."""

    @abstractmethod
    def read(self, piece: str, text: str) -> Any:
        """The part that an answer gives. Raises ValueError where it is no such answer; then it is asked once more."""

    @abstractmethod
    def join(self, parts: Sequence[Any]) -> Any:
        """The whole of the parts, in the pieces' order; those of pieces that failed are missing."""

    def close(self, whole: Any) -> Ask | None:
        """A last sub-call of kind `aggregate` on the whole, None where code answers."""
        return None

    @abstractmethod
    def text(self, whole: Any, closing: Outcome | None) -> str:
        """The answer's text, of the whole, and of what the last sub-call said where there was one."""
