"""Mooncake's traces (kvcache-ai/Mooncake, FAST25-release): JSON lines with the hashes of 512-token blocks.

timestamp in ms, input_length, output_length, hash_ids.
"""

from __future__ import annotations

from typing import Any

from commissure.sim.workload.json_lines import JsonLines, seconds, whole, wholes
from commissure.sim.workload.reader import Row


def _row(call: dict[str, Any]) -> Row:
    return Row(
        seconds(call, "timestamp") / 1000.0,
        whole(call, "input_length"),
        whole(call, "output_length"),
        wholes(call, "hash_ids"),
    )


FORMAT = JsonLines(frozenset({"timestamp", "input_length", "output_length"}), _row)
