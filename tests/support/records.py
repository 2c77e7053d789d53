"""Call records for tests."""

from typing import Any

from commissure.hal.journal import CallRecord


def record(number: int = 0, **changes: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "leg": "sim/lru/loop", "number": number, "agent": "planner", "kind": "turn", "endpoint": "local", "slot": 1,
        "evicted": "", "prompt_tokens": 100, "cached_tokens": 40, "output_tokens": 8, "start_s": 1.0 * number,
        "queue_s": 0.1, "prefill_s": 0.2, "decode_s": 0.3, "total_s": 0.6, "timing": "sim", "cost_usd": 0.0,
        "finish": "stop",
    }  # fmt: skip
    return CallRecord(**(fields | changes))
