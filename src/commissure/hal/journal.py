"""calls.jsonl: one line a call, appended as it ends, so that a killed run loses nothing finished."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticSerializationError

from commissure.hal.errors import CommissureError, UsageError
from commissure.hal.reply import TimingSource

Record = TypeVar("Record", bound=BaseModel)


class CallRecord(BaseModel):
    """One finished call. `leg` names the part of the run: world/policy/workflow. Times in seconds of its clock.

    `restored` and `fetched` say that the prompt's KV state came from the endpoint's disk, or ahead of the call.
    `first_s` is when the first piece of the answer came, since `start_s`; None where it was not seen. `estimated`: the
    endpoint told no tokens. `repeated`: it was made for a piece of work that was stopped, and is done again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    leg: str
    number: int
    agent: str
    kind: str
    endpoint: str
    slot: int | None
    evicted: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int = 0
    estimated: bool = False
    start_s: float
    queue_s: float
    prefill_s: float
    decode_s: float
    total_s: float
    first_s: float | None = None
    timing: TimingSource
    cost_usd: float
    finish: str
    workflow: str = ""
    restored: bool = False
    fetched: bool = False
    # Written where it is so.
    repeated: bool = Field(default=False, exclude_if=lambda repeated: not repeated)

    @property
    def computed_tokens(self) -> int:
        """Prompt tokens that had to be computed."""
        return self.prompt_tokens - self.cached_tokens

    @property
    def miss(self) -> bool:
        """Whether less than half of the prompt came from the cache."""
        return self.cached_tokens < 0.5 * self.prompt_tokens

    def decision(self) -> tuple[object, ...]:
        """What was decided and what it did to the cache: all of the record but times and money."""
        return (
            self.number, self.agent, self.endpoint, self.slot, self.evicted,
            self.prompt_tokens, self.cached_tokens, self.output_tokens, self.restored, self.fetched,
        )  # fmt: skip


class FailureRecord(BaseModel):
    """One attempt that brought no reply: the name of its error and what it says. Tokens and cost are estimates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    leg: str
    number: int
    agent: str
    kind: str
    endpoint: str
    outcome: str
    problem: str
    prompt_tokens: int
    output_tokens: int
    start_s: float
    total_s: float
    cost_usd: float


class StepRecord(BaseModel):
    """One step of a recursion: a sub-call, or a turn of a model that writes code. Times in seconds of the run's clock.

    `tree` names the recursion, `id` the step in it, `parent` the step that asked for it. Each text stands in one step
    only, so that a trajectory grows by what is new: `said` is the model's answer or code, `output` what its code
    printed, `prompt_chars` the length of a prompt, whose text is not kept. `error` is the kind of a failure, `problem`
    its words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    leg: str = ""
    tree: str
    id: int
    parent: int | None
    depth: int
    kind: str
    endpoint: str = ""
    model: str = ""
    chip: str = ""
    start_s: float
    queue_s: float = 0.0
    first_s: float | None = None
    end_s: float
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    prompt_chars: int = 0
    said: str = ""
    output: str = ""
    error: str = ""
    problem: str = ""


class Journal:
    """Appends records to a file, each by a single write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, record: BaseModel) -> None:
        """Write one line. It is in the file, whatever becomes of this process, when this returns.

        Raises CommissureError, and leaves no part of the line, if the file cannot take it.
        """
        try:
            line = record.model_dump_json().encode() + b"\n"
        except PydanticSerializationError:
            # Half a surrogate pair, which UTF-8 has not.
            text = json.dumps(record.model_dump(mode="python"), ensure_ascii=False)
            line = text.encode("utf-8", "replace") + b"\n"
        before = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(self._file, before)
            raise CommissureError(f"{self._path}: cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def read_calls(path: Path) -> list[CallRecord]:
    """The calls of a journal; as `read_records`."""
    return read_records(path, CallRecord)


def read_records(path: Path, kind: type[Record], missing: str = "") -> list[Record]:
    """The records of a journal; a last line cut short by a crash is left out. Raises UsageError on any other fault.

    `missing` is what to say where there is no such file.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        known = missing if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"{path}: {known or f'cannot be read: {error.strerror}'}") from None
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                records.append(kind.model_validate_json(line))
        except ValidationError as error:
            if number == len(lines):
                break
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the line"
            raise UsageError(f"{path}:{number}: {field}: {first['msg']}") from None
    return records
