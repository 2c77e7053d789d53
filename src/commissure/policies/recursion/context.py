"""Whether a context is a text at all."""

from __future__ import annotations

from commissure.policies.recursion.ask import Failed

# More control characters than this share, and it is no text.
_CONTROL_SHARE = 0.02
_SHOWN = 100_000


def problem_of(context: str) -> Failed | None:
    """Why nothing can be asked about a context; None where it is a text."""
    if not context.strip():
        return Failed("context", "the context is empty")
    head = context[:_SHOWN]
    control = sum(char < " " and char not in "\t\n\r\f\v" for char in head) + head.count("\ufffd")
    if "\0" in context or control > _CONTROL_SHARE * len(head):
        return Failed(
            "context", f"the context is binary, not text: {control:,} of {len(head):,} characters are control"
        )
    return None
