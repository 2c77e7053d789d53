"""Our own calls.jsonl, which every run leaves: the calls that were made, to be made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from commissure.sim.workload.json_lines import fields, record, seconds, whole
from commissure.sim.workload.reader import Row


@dataclass(frozen=True)
class Journal:
    """Calls stand in the order in which they ended; what their prompts share is not written down."""

    unit_tokens: int = 512
    in_order: bool = False

    def matches(self, first_line: str) -> bool:
        """A JSON object with the names of a CallRecord."""
        return {"leg", "start_s", "prompt_tokens", "output_tokens"} <= fields(first_line)

    def header_lines(self, first_line: str) -> int:
        """None."""
        return 0

    def reader(self, first_line: str) -> Callable[[str], Row]:
        """One JSON object a line, all of one leg: each leg's clock begins at 0."""
        leg = record(first_line).get("leg")

        def row(line: str) -> Row:
            call = record(line)
            if call.get("leg") != leg:
                raise ValueError(
                    f"this call is of leg {call.get('leg')!r} and the first of {leg!r}: legs ran one after another, so "
                    "replay one of them; --skip-bad keeps the first"
                )
            return _row(call)

        return row


def _row(call: dict[str, Any]) -> Row:
    return Row(seconds(call, "start_s"), whole(call, "prompt_tokens"), whole(call, "output_tokens"))


FORMAT = Journal()
