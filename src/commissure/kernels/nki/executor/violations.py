"""What an instruction of a kernel may not do on the chip that it is written for."""

from __future__ import annotations

from typing import Any

from commissure.hal.errors import UsageError


class NkiViolation(UsageError):
    """A kernel breaks a limit: `op` and `tensor` say where, `limit` which, `given` what was given, `fix` what to do."""

    def __init__(self, op: str, tensor: str, limit: str, given: str, fix: str) -> None:
        at = f"{op}, {tensor}" if tensor else op
        super().__init__(f"{at}: {limit}; given: {given}. {fix}.")
        self.op = op
        self.tensor = tensor
        self.limit = limit
        self.given = given
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        """As any exception's, so that it passes between processes."""
        return type(self), (self.op, self.tensor, self.limit, self.given, self.fix)


class UninitializedRead(NkiViolation):
    """Memory is read that was never written."""


class NotPortable(NkiViolation, AttributeError):
    """A name that not every NKI of 0.2 to 0.6 has, or none has."""
