"""A recorded run of a serving engine: what each client asked, when, and when it got its tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commissure.hal.errors import UsageError
from commissure.hal.profiles.serving import EngineSettings, Whole
from commissure.sim.workload.reader import MOST_TOKENS
from commissure.sim.workload.trace import Floats, Trace, make_trace

# vLLM schedules asynchronously unless told otherwise from this version on (vllm-project/vllm pull request 27614).
ASYNC_SINCE = (0, 14)


class RecordedCall(BaseModel):
    """One line of requests.jsonl. Seconds; `arrival_time` may be on another clock than the engine's stamps."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    input_toks: Annotated[int, Field(ge=1, le=MOST_TOKENS)]
    output_toks: Annotated[int, Field(ge=1, le=MOST_TOKENS)]
    arrival_time: float
    queued_ts: float | None = None
    first_token_ts: float
    last_token_ts: float


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _EngineArguments(_Lenient):
    model: str = ""
    max_num_seqs: Whole | None = None
    max_num_batched_tokens: Whole | None = None
    data_parallel_size: Whole | None = None
    tensor_parallel_size: Whole | None = None


class _KvCache(_Lenient):
    num_gpu_blocks: Whole | None = None
    block_size: Whole | None = None
    enable_prefix_caching: bool | None = None


class _Scheduler(_Lenient):
    max_num_seqs: Whole | None = None
    max_num_batched_tokens: Whole | None = None
    async_scheduling: bool | None = None


class _Resolved(_Lenient):
    scheduler_config: _Scheduler = _Scheduler()


class Meta(_Lenient):
    """What meta.json says of the engine: vLLM's own names. What it does not say is vLLM's default."""

    model: str = ""
    vllm_version: str = ""
    started_at: str = ""
    engine_kwargs: _EngineArguments = _EngineArguments()
    kv_cache: _KvCache = _KvCache()
    resolved_config: _Resolved = _Resolved()

    @property
    def replicas(self) -> int:
        """Data-parallel engines."""
        return self.engine_kwargs.data_parallel_size or 1

    def settings(self) -> EngineSettings:
        """The engine's structure; data-parallel replicas are modelled as one pool. Raises ValidationError."""
        given, cache, resolved = self.engine_kwargs, self.kv_cache, self.resolved_config.scheduler_config
        ahead = resolved.async_scheduling
        return EngineSettings(
            max_num_seqs=(given.max_num_seqs or resolved.max_num_seqs or 256) * self.replicas,
            max_batched_tokens=(given.max_num_batched_tokens or resolved.max_num_batched_tokens or 2048)
            * self.replicas,
            kv_blocks=cache.num_gpu_blocks * self.replicas if cache.num_gpu_blocks else None,
            block_tokens=cache.block_size or 16,
            prefix_caching=cache.enable_prefix_caching is not False,
            schedules_ahead=_version(self.vllm_version) >= ASYNC_SINCE if ahead is None else ahead,
        )


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What was asked and what was measured, in order of arrival.

    `from_queue` says that times count from when the engine took a call in, at the end of the step under way, and
    not from when its client sent it.
    """

    trace: Trace
    ttft_s: Floats
    e2e_s: Floats
    settings: EngineSettings
    replicas: int
    chips: int
    model: str
    engine: str
    recorded: str
    from_queue: bool

    @property
    def tpot_s(self) -> Floats:
        """(E2E - TTFT) / (out - 1); NaN for calls of one token, and for those whose tokens came all at once."""
        after = self.e2e_s - self.ttft_s
        known = (self.trace.output_tokens > 1) & (after > 0)
        return np.where(known, after / np.maximum(self.trace.output_tokens - 1, 1), np.nan)


def read_run(requests: Path, meta: Path, *, skip_bad: bool = False) -> RecordedRun:
    """Read a run's requests.jsonl and meta.json. Raises UsageError naming file, line and field."""
    about, settings = _read_meta(meta)
    calls, lines, skipped = _read_calls(requests, skip_bad=skip_bad)
    sent, begun = _clock(requests, calls)
    order = sorted(range(len(calls)), key=sent.__getitem__)
    calls, lines = [calls[number] for number in order], [lines[number] for number in order]
    sent, begun = [sent[number] for number in order], [begun[number] for number in order]
    trace = make_trace(
        str(requests), sent, [call.input_toks for call in calls], [call.output_toks for call in calls],
        lines=lines, skipped=skipped,
    )  # fmt: skip
    return RecordedRun(
        trace,
        np.asarray([call.first_token_ts - start for call, start in zip(calls, begun, strict=True)]),
        np.asarray([call.last_token_ts - start for call, start in zip(calls, begun, strict=True)]),
        settings,
        about.replicas,
        about.replicas * (about.engine_kwargs.tensor_parallel_size or 1),
        about.model or about.engine_kwargs.model,
        f"vLLM {about.vllm_version or '(version unknown)'}",
        _day(about.started_at),
        calls[0].queued_ts is not None,
    )


def _read_calls(path: Path, *, skip_bad: bool) -> tuple[list[RecordedCall], list[int], int]:
    calls: list[RecordedCall] = []
    lines: list[int] = []
    skipped = 0
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            call = RecordedCall.model_validate_json(line)
            if not call.first_token_ts <= call.last_token_ts:
                raise UsageError(f"{path}:{number}: last_token_ts is before first_token_ts")
        except (ValidationError, UsageError) as error:
            if not skip_bad:
                raise UsageError(_problem(path, number, error)) from None
            skipped += 1
            continue
        calls.append(call)
        lines.append(number)
    if not calls:
        raise UsageError(f"{path}: no call in it; each line needs {', '.join(RecordedCall.model_fields)}")
    return calls, lines, skipped


def _problem(path: Path, number: int, error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "the line"
    return f"{path}:{number}: {field}: {first['msg']} (given: {first['input']!r:.60})"


def _clock(path: Path, calls: list[RecordedCall]) -> tuple[list[float], list[float]]:
    """When each call was sent and when its times begin, both on the clock of its tokens.

    Clients may stamp arrivals by the wall clock and engines by another. The two are joined where they are closest:
    the call that was taken in soonest.
    """
    stamps = [call.queued_ts for call in calls if call.queued_ts is not None]
    if not stamps:
        return [call.arrival_time for call in calls], [call.arrival_time for call in calls]
    if len(stamps) < len(calls):
        raise UsageError(f"{path}: some calls have queued_ts and some have not; give it for all or for none")
    between = min(stamp - call.arrival_time for stamp, call in zip(stamps, calls, strict=True))
    return [call.arrival_time + between for call in calls], stamps


def _read_meta(path: Path) -> tuple[Meta, EngineSettings]:
    try:
        about = Meta.model_validate(json.loads(path.read_text(encoding="utf-8")))
        return about, about.settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the engine's settings"
        raise UsageError(f"{path}: {field}: {first['msg']} (given: {first['input']!r:.60})") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: cannot be read as JSON: {error}") from None


def _day(text: str) -> str:
    """The day of an ISO timestamp; where there is none, the first day of which nobody can say it is wrong."""
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return date.min.isoformat()


def _version(text: str) -> tuple[int, ...]:
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())
