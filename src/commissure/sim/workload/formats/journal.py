"""Our own calls.jsonl, which every run leaves: the calls that were made, to be made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commissure.sim.workload.json_lines import JsonLines, record, seconds, whole
from commissure.sim.workload.reader import Row


class Journal(JsonLines):
    """Calls stand in the order in which they ended; what their prompts share is not written down."""

    def reader(self, first_line: str) -> Callable[[str], Row]:
        """One JSON object a line, all of one leg: each leg's clock begins at 0."""
        leg = record(first_line).get("leg")

        def row(line: str) -> Row:
            call = record(line)
            if (its_own := call.get("leg")) != leg:
                raise ValueError(
                    f"this call is of leg {its_own!r} and the first of {leg!r}: legs ran one after another, so "
                    "replay one of them; --skip-bad keeps the first"
                )
            return self.row(call)

        return row


def _row(call: dict[str, Any]) -> Row:
    return Row(seconds(call, "start_s"), whole(call, "prompt_tokens"), whole(call, "output_tokens"))


FORMAT = Journal(frozenset({"leg", "start_s", "prompt_tokens", "output_tokens"}), _row, in_order=False)
