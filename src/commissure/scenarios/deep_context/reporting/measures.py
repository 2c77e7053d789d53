"""What the calls of a report took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from commissure.hal.journal import CallRecord


def latencies(calls: Sequence[CallRecord]) -> dict[str, Any]:
    """Seconds of a call, median and 95th percentile, None of no calls; who served how many; all their tokens."""
    seconds = [call.total_s for call in calls]
    middle, late = np.percentile(seconds, [50, 95]) if seconds else (None, None)
    return {
        "call_p50_s": None if middle is None else float(middle),
        "call_p95_s": None if late is None else float(late),
        "served": dict(Counter(call.endpoint for call in calls)),
        "prompt_tokens": sum(call.prompt_tokens for call in calls),
        "output_tokens": sum(call.output_tokens for call in calls),
    }
