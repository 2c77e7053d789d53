"""What may be set of activity-report."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from commissure.policies.recursion.ask import Limits
from commissure.theory.context.published import Source

Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NAME, SYNTHETIC = "activity-report", "synthetic"


class Settings(BaseModel):
    """A report on the newest commits of a log, up to `tokens` of it as it is rendered.

    The log is that of the git repository `repo`, by default the one that this project stands in, or the JSON lines of
    the file `log`; `log=synthetic` makes one up from the seed. Pieces of about `chunk_tokens` are read, `fan_out` at
    once, less where the reading endpoint has no room for that; so many commits are written about in a call as `lines`.

    The policy heterogeneous lets a model or code `extract` and `write`, and with `verify` has each piece read again.
    With `grounded`, what a model extracts counts only if its hash, PR and person stand in the piece that it read.
    `root` names the endpoint that writes, `leaf` the one that extracts, `verifier` the one that verifies, `baseline`
    the one of the one long call: empty, the dearest of the fleet, and the cheapest. A report may take `usd`, `calls`
    and `wall_s`, without a limit where they are not given. `slot_tokens` is the room of a prompt and its answer where
    an endpoint has KV slots. In sim, a model whose errors are not known errs as `stand_in`; of a long log one call
    finds what the published `curve` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: Annotated[int, Field(ge=200, le=2_000_000)] = 30_000
    repo: str = ""
    log: str = ""
    chunk_tokens: Annotated[int, Field(ge=64, le=1_000_000)] = 2000
    fan_out: Annotated[int, Field(ge=1, le=1024)] = 8
    lines: Annotated[int, Field(ge=1, le=1000)] = 20
    extract: Literal["model", "code"] = "model"
    write: Literal["model", "code"] = "model"
    verify: bool = True
    grounded: bool = True
    baseline: str = ""
    root: str = ""
    leaf: str = ""
    verifier: str = ""
    usd: Amount | None = None
    calls: Amount | None = None
    wall_s: Amount | None = None
    slot_tokens: Annotated[int, Field(ge=256, le=131_072)] = 2048
    stand_in: str = "gpt-oss-120b"
    curve: Source = "oolong"

    @property
    def limits(self) -> Limits:
        """Of one report."""
        usd, calls, wall_s = (math.inf if one is None else one for one in (self.usd, self.calls, self.wall_s))
        return Limits(usd=usd, calls=calls, wall_s=wall_s, depth=1, fan_out=self.fan_out)
