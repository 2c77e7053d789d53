"""The claims about ensembles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.scenarios.scenario import Claim


def tool_calls_claims(measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
    return []
