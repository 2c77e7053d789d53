"""Reading traces: the format is found by its first line; a bad line is named, or skipped and counted."""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

from commissure.hal.errors import UsageError
from commissure.sim.workload import formats
from commissure.sim.workload.trace import Trace, make_trace

# A prompt or answer longer than this is a fault of the file, not a call: ten times the longest context on offer.
MOST_TOKENS = 100_000_000
# Three thousand years, on any clock: beyond it a double no longer tells milliseconds apart.
LATEST_S = 1e11
Progress = Callable[[int], None]


class Row(NamedTuple):
    """One call of a file, before it is checked."""

    arrival_s: float
    input_tokens: int
    output_tokens: int
    hashes: Sequence[int] = ()


class Format(Protocol):
    """A trace format: one module a format in `formats`."""

    unit_tokens: int
    # Whether a file's calls stand in order of arrival, so that one which does not is a fault of the file.
    in_order: bool

    def matches(self, first_line: str) -> bool:
        """Whether a file that begins with this line has this format."""

    def header_lines(self, first_line: str) -> int:
        """How many lines precede the calls."""

    def reader(self, first_line: str) -> Callable[[str], Row | None]:
        """What reads one line; None for a line that is no call. Raises ValueError, KeyError, TypeError or
        OverflowError on a bad line."""


def format_names() -> list[str]:
    """The trace formats, one a file of the folder."""
    return sorted(module.name for module in pkgutil.iter_modules(formats.__path__))


def read_trace(path: Path, limit: int | None = None, *, skip_bad: bool = False) -> Trace:
    """Read a trace. Raises UsageError naming file, line and what is allowed; with `skip_bad` bad lines are counted."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
            first = file.readline()
            kind = _format(path, first)
            file.seek(0)
            return _read(path, kind, first, file, limit, skip_bad=skip_bad)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except io.UnsupportedOperation:
        raise UsageError(f"{path}: a trace is a file, not a pipe: its first line is read twice") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None


def _format(path: Path, first: str) -> Format:
    if not first.strip():
        raise UsageError(f"{path}:1: the file is empty or begins with an empty line; give a trace with a call a line")
    for name in format_names():
        kind: Format = import_module(f"{formats.__name__}.{name}").FORMAT
        if kind.matches(first):
            return kind
    raise UsageError(
        f"{path}:1: not the first line of a known trace format ({', '.join(format_names())}): {first.strip()!r:.80}"
    )


def _read(path: Path, kind: Format, first: str, file: Iterable[str], limit: int | None, *, skip_bad: bool) -> Trace:
    arrivals: list[float] = []
    inputs: list[int] = []
    outputs: list[int] = []
    prefixes: list[Sequence[int]] = []
    lines: list[int] = []
    skipped = 0
    latest = float("-inf")
    for number, row in _rows(file, kind, first):
        if limit is not None and len(lines) >= limit and kind.in_order:
            break
        problem = row if isinstance(row, str) else _problem(row, latest)
        if problem:
            if not skip_bad:
                raise UsageError(f"{path}:{number}: {problem}")
            skipped += 1
            continue
        assert not isinstance(row, str)
        latest = row.arrival_s if kind.in_order else latest
        arrivals.append(row.arrival_s)
        inputs.append(row.input_tokens)
        outputs.append(row.output_tokens)
        prefixes.append(row.hashes)
        lines.append(number)
    if not lines:
        raise UsageError(f"{path}: no call in it" + (f"; {skipped} bad lines were skipped" if skipped else ""))
    order = sorted(range(len(lines)), key=arrivals.__getitem__)[:limit]
    return make_trace(
        str(path),
        [arrivals[number] for number in order],
        [inputs[number] for number in order],
        [outputs[number] for number in order],
        prefixes=[prefixes[number] for number in order],
        unit_tokens=kind.unit_tokens,
        lines=[lines[number] for number in order],
        skipped=skipped,
    )


def _rows(file: Iterable[str], kind: Format, first: str) -> Iterator[tuple[int, Row | str]]:
    """Each line's number with its call, or with what is wrong with it."""
    read, header = kind.reader(first), kind.header_lines(first)
    for number, line in enumerate(file, start=1):
        if number <= header or not line.strip():
            continue
        if not line.isascii() and not _is_utf8(line):
            yield number, f"not UTF-8 text: {line.strip()!r:.80}"
            continue
        try:
            row = read(line)
        except KeyError as error:
            yield number, f"the field {error} is missing: {line.strip()!r:.80}"
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            yield number, f"not a call of this format: {error}: {line.strip()!r:.80}"
        else:
            if row is not None:
                yield number, row


def _is_utf8(line: str) -> bool:
    """Bytes that are none were read as lone surrogates, which cannot be written again."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(row: Row, latest: float) -> str:
    """What is wrong with a call, "" if nothing."""
    arrival, prompt, output = row.arrival_s, row.input_tokens, row.output_tokens
    if arrival < latest:
        return f"the timestamp {arrival:.6f} s is before the previous one, {latest:.6f} s; they must not decrease"
    if not (1 <= prompt <= MOST_TOKENS and 1 <= output <= MOST_TOKENS):
        return f"a call has 1 to {MOST_TOKENS} tokens in and out, not {prompt} in and {output} out"
    if not abs(arrival) <= LATEST_S:
        return f"a timestamp is a finite number within {LATEST_S:.0e} s of zero, not {arrival}"
    return ""
