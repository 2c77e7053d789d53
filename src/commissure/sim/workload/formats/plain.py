"""Our own plain trace: JSON lines with arrival_s, input_tokens, output_tokens and optional hash_ids of 512 tokens."""

from __future__ import annotations

from typing import Any

from commissure.sim.workload.json_lines import JsonLines, seconds, whole, wholes
from commissure.sim.workload.reader import Row


def _row(call: dict[str, Any]) -> Row:
    hashes = wholes(call, "hash_ids")
    return Row(seconds(call, "arrival_s"), whole(call, "input_tokens"), whole(call, "output_tokens"), hashes)


FORMAT = JsonLines(frozenset({"arrival_s", "input_tokens", "output_tokens"}), _row)
