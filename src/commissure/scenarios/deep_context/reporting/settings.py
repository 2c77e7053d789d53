"""What may be set of activity-report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from commissure.policies.recursion.ask import Limits
from commissure.scenarios.deep_context.settings import RecursionSettings
from commissure.theory.context.published import Source

NAME, SYNTHETIC = "activity-report", "synthetic"


class Settings(RecursionSettings):
    """A report on the newest commits of a log, up to `tokens` of it as it is rendered.

    The log is that of the git repository `repo`, by default the one that this project stands in, or the JSON lines of
    the file `log`; `log=synthetic` makes one up from the seed. Pieces are smaller than `chunk_tokens` where the reading
    endpoint has no room for that; so many commits are written about in a call as `lines`. A report is one recursion,
    with the limits and sizes of `RecursionSettings`.

    The policy heterogeneous lets a model or code `extract` and `write`, and with `verify` has each piece read again.
    With `grounded`, what a model extracts counts only if its hash, PR and person stand in the piece that it read.
    `root` names the endpoint that writes, `leaf` the one that extracts, `verifier` the one that verifies, `baseline`
    the one of the one long call: empty, the dearest of the fleet, and the cheapest. In sim, one call finds of a long
    log what the published `curve` says.
    """

    tokens: Annotated[int, Field(ge=200, le=2_000_000)] = 30_000
    repo: str = ""
    log: str = ""
    lines: Annotated[int, Field(ge=1, le=1000)] = 20
    extract: Literal["model", "code"] = "model"
    write: Literal["model", "code"] = "model"
    verify: bool = True
    grounded: bool = True
    baseline: str = ""
    root: str = ""
    leaf: str = ""
    verifier: str = ""
    curve: Source = "oolong"

    @property
    def limits(self) -> Limits:
        """Of one report."""
        return self.limits_to(depth=1)
