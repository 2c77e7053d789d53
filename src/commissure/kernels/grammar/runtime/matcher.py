"""One sequence under a grammar: what may come next, what must, and the way back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from operator import index
from typing import Self

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError

MOST_FORCED = 4096
"""Bytes, and tokens, that `forced` looks ahead."""


class TokenRefused(UsageError):
    """The grammar does not allow this token here; the matcher stays where it was."""

    def __init__(self, token: int, place: int, allowed: NDArray[np.intp]) -> None:
        some = ", ".join(map(str, allowed[:8].tolist())) + (", ..." if len(allowed) > 8 else "")
        super().__init__(f"token {token} is not allowed as token {place} of the text; {len(allowed):,} are: {some}")
        self.token = token


@dataclass(frozen=True, slots=True)
class Forced:
    """What must come next: as bytes, up to where the text may end or two bytes may follow, and as tokens."""

    text: bytes
    tokens: tuple[int, ...]


class Matcher(ABC):
    """What every matcher can do, whatever is behind it. Tokens are ids; eos ends the text where it is accepted."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Tokens of the vocabulary; logits are at least as wide."""

    @abstractmethod
    def mask(self) -> NDArray[np.uint32]:
        """The allowed tokens as packed words [W], token t bit t % 32 of word t // 32; not to be written to."""

    @abstractmethod
    def allowed(self) -> NDArray[np.intp]:
        """The allowed tokens, ascending. Once the text has ended this is eos alone."""

    @abstractmethod
    def advance(self, token: int) -> None:
        """Take a token; raises TokenRefused, and UsageError once the text has ended or for what is no id."""

    @property
    @abstractmethod
    def accepting(self) -> bool:
        """Whether the text may end here, or has ended."""

    @property
    @abstractmethod
    def finished(self) -> bool:
        """Whether the text has ended by eos."""

    @abstractmethod
    def forced(self) -> Forced:
        """What must come next, looking at most MOST_FORCED bytes and tokens ahead; nothing is taken."""

    @abstractmethod
    def fork(self) -> Self:
        """Another matcher at the same place, with the same way back."""

    @abstractmethod
    def rollback(self, tokens: int) -> None:
        """Back by so many tokens; raises UsageError beyond the first."""


def text_ended() -> UsageError:
    """The error for a token after eos."""
    return UsageError("the text has ended by eos; roll back to go on from an earlier token")


def token_id(token: int) -> int:
    """The id as Python's int. Raises UsageError for what is no whole number."""
    try:
        return index(token)
    except TypeError as error:
        raise UsageError(f"a token is a whole number, the id, not {token!r:.80}") from error


def check_rollback(tokens: int, taken: int) -> None:
    """Raise UsageError unless so many tokens can be taken back."""
    if not 0 <= tokens <= taken:
        raise UsageError(f"cannot roll back {tokens} tokens: {taken} were taken")


class StateMatcher(Matcher):
    """A matcher whose place is a state and a count; what is shared by tables and by machines."""

    def __init__(self, start: tuple[int, int]) -> None:
        self._past = [start]

    @abstractmethod
    def _after(self, place: tuple[int, int], token: int) -> tuple[int, int]:
        """The place after a token; state 0 where it is refused."""

    @abstractmethod
    def _only_byte(self, place: tuple[int, int]) -> tuple[int, tuple[int, int]] | None:
        """The byte that must come, and the place after it; None if the text may end or may go on in two ways."""

    @abstractmethod
    def _only_token(self, place: tuple[int, int]) -> int | None:
        """The token that must come, or None if several may."""

    @abstractmethod
    def _ended(self, place: tuple[int, int]) -> bool:
        """Whether this is the place after eos."""

    @property
    def finished(self) -> bool:
        """Whether the text has ended by eos."""
        return self._ended(self._past[-1])

    def advance(self, token: int) -> None:
        """Take a token; raises TokenRefused, and UsageError once the text has ended or for what is no id."""
        token = token_id(token)
        if self.finished:
            raise text_ended()
        after = self._after(self._past[-1], token)
        if after[0] == 0:
            raise TokenRefused(token, len(self._past), self.allowed())
        self._past.append(after)

    def forced(self) -> Forced:
        """What must come next, looking at most MOST_FORCED bytes and tokens ahead; nothing is taken."""
        text, tokens = bytearray(), list[int]()
        place = self._past[-1]
        while len(text) < MOST_FORCED and (step := self._only_byte(place)) is not None:
            text.append(step[0])
            place = step[1]
        place = self._past[-1]
        while len(tokens) < MOST_FORCED and not self._ended(place) and (token := self._only_token(place)) is not None:
            tokens.append(token)
            place = self._after(place, token)
        return Forced(bytes(text), tuple(tokens))

    def fork(self) -> Self:
        """Another matcher at the same place, with the same way back."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._past = self._past.copy()
        return other

    def rollback(self, tokens: int) -> None:
        """Back by so many tokens; raises UsageError beyond the first."""
        check_rollback(tokens, len(self._past) - 1)
        del self._past[len(self._past) - tokens :]
