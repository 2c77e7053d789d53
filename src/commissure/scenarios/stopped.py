"""A run folder that did not end: what it was to do, what is done, and whether the rest can be done here and now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import CallRecord, FailureRecord, StepRecord, read_records
from commissure.hal.kept import KeptRecord
from commissure.hal.profiles.profile import Profile
from commissure.hal.record.recording import Recording
from commissure.scenarios.compare import check
from commissure.scenarios.earlier import Earlier
from commissure.scenarios.legs import leg_name
from commissure.scenarios.plan import Done, Plan
from commissure.scenarios.run import World
from commissure.scenarios.runfolder import RunFolder, Summary, profile_hash, read_part, read_summary, versions
from commissure.scenarios.scenario import Resumable, Scenario, find_scenario

Record = TypeVar("Record", bound=BaseModel)


class StoppedManifest(BaseModel):
    """What manifest.json must say of a run for it to go on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    scenario: str
    worlds: tuple[World, ...]
    policies: tuple[str, ...]
    settings: tuple[dict[str, Any], ...]
    seed: int
    fleet: tuple[EndpointSpec, ...]
    fleet_folder: Path
    faults: tuple[Fault, ...]
    own_policies: tuple[str, ...]
    profiles: dict[str, Profile]
    profile_hashes: dict[str, str]
    versions: dict[str, str]
    recorded: bool
    replayed_from: Path | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run that can go on. The journals as they are to be; `warnings` say what is not as it was."""

    folder: RunFolder
    plan: Plan
    done: Done
    calls: tuple[CallRecord, ...]
    failures: tuple[FailureRecord, ...]
    kept: tuple[KeptRecord, ...]
    steps: tuple[StepRecord, ...]
    warnings: tuple[str, ...]

    def mend(self) -> None:
        """Bring the journals into order: no half lines, no simulated leg's beginning, and what is done again marked."""
        for cut in self.folder.path.glob(".*.*.*"):
            # What was being written when the process was killed; see hal/files.py.
            if cut.suffix[1:].isdigit():
                cut.unlink()
        self.folder.rewrite("calls.jsonl", self.calls)
        journals: tuple[tuple[str, Sequence[BaseModel]], ...] = (
            ("failures.jsonl", self.failures), ("kept.jsonl", self.kept), ("trajectory.jsonl", self.steps),
        )  # fmt: skip
        for name, records in journals:
            if (self.folder.path / name).exists():
                self.folder.rewrite(name, records)
        self.folder.note_resumed()


def read_stopped(folder: RunFolder) -> Stopped:
    """What a run folder that did not end has. Reads only. Raises UsageError if the run cannot go on."""
    manifest = read_part(folder.path, "manifest.json", StoppedManifest)
    scenario = find_scenario(manifest.scenario)
    _check_kind(folder, manifest, scenario)
    plan = _plan_of(folder, manifest, scenario)
    check(plan)
    summary = _summary_of(folder, plan)
    calls = _journal(folder, "calls.jsonl", CallRecord)
    failures = _journal(folder, "failures.jsonl", FailureRecord)
    kept = _journal(folder, "kept.jsonl", KeptRecord)
    ended = _after(folder, "calls.jsonl", calls, sum(leg.calls for leg in summary.legs))
    failed = _after(folder, "failures.jsonl", failures, sum(leg.failed_attempts for leg in summary.legs))
    earlier = _earlier(folder, plan, len(summary.legs), calls[ended:], failures[failed:], kept)
    return Stopped(
        folder,
        plan,
        Done(summary.legs, earlier, summary.calibration, summary.calibrated),
        (*calls[:ended], *earlier.calls),
        (*failures[:failed], *earlier.failures),
        tuple(kept),
        whole_steps(_journal(folder, "trajectory.jsonl", StepRecord), plan, len(summary.legs), kept),
        tuple(_differences(manifest.versions, versions())),
    )


def _check_kind(folder: RunFolder, manifest: StoppedManifest, scenario: Scenario) -> None:
    name = manifest.scenario
    again = f"run it anew: commissure run {name} ..."
    if not isinstance(scenario, Resumable):
        raise UsageError(f"{folder.path}: {name} does not keep its finished work, so it cannot go on; {again}")
    if manifest.recorded:
        raise UsageError(f"{folder.path}: it was recorded (--record), and a recording is of one run; {again}")
    if manifest.own_policies:
        given = ", ".join(manifest.own_policies)
        raise UsageError(f"{folder.path}: its fleet had policies that were given in Python: {given}; run it anew there")
    for endpoint, profile in manifest.profiles.items():
        now, then = profile_hash(profile), manifest.profile_hashes.get(endpoint)
        if now != then:
            raise UsageError(
                f"{folder.path / 'manifest.json'}: the profile of endpoint {endpoint!r} is not what the run began with "
                f"(hash {now}, not {then}): it was edited, or another version of commissure wrote it; {again}"
            )


def _plan_of(folder: RunFolder, manifest: StoppedManifest, scenario: Scenario) -> Plan:
    lacking = sorted({spec.name for spec in manifest.fleet} - manifest.profiles.keys())
    if lacking:
        raise UsageError(f"{folder.path / 'manifest.json'}: profiles: none of endpoint {', '.join(lacking)}")
    try:
        variants = [scenario.settings.model_validate(one) for one in manifest.settings]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or scenario.name
        raise UsageError(f"{folder.path / 'manifest.json'}: settings: {where}: {first['msg']}") from None
    fleet = Fleet(manifest.fleet, manifest.profiles, folder=manifest.fleet_folder, faults=manifest.faults)
    recording = None if manifest.replayed_from is None else Recording.load(manifest.replayed_from)
    return Plan(
        scenario, fleet, manifest.worlds, manifest.policies, variants, manifest.seed, record=False, recording=recording
    )


def _summary_of(folder: RunFolder, plan: Plan) -> Summary:
    """The legs that ended, which are the first of the plan. There is no summary where it was killed at once."""
    path = folder.path / "summary.json"
    summary = read_summary(folder.path) if path.exists() else Summary(complete=False, legs=())
    planned = [(settings.model_dump(mode="json"), policy, world) for settings, policy, world in plan.legs]
    ended = [(leg.settings, leg.policy, leg.world) for leg in summary.legs]
    if ended != planned[: len(ended)]:
        raise UsageError(f"{path}: legs: they are not those of manifest.json; one of the files was edited")
    return summary


def _journal(folder: RunFolder, name: str, kind: type[Record]) -> list[Record]:
    path = folder.path / name
    return read_records(path, kind) if path.exists() else []


def _after(folder: RunFolder, name: str, records: Sequence[object], ended: int) -> int:
    """Where the records of the leg under way begin: legs run one after another."""
    if len(records) < ended:
        problem = f"{len(records)} records, but the legs of summary.json made {ended}; lines were lost"
        raise UsageError(f"{folder.path / name}: {problem}")
    return ended


def _earlier(
    folder: RunFolder,
    plan: Plan,
    ended: int,
    calls: Sequence[CallRecord],
    failures: Sequence[FailureRecord],
    kept: Sequence[KeptRecord],
) -> Earlier:
    """What was done of the leg under way. A simulated one costs nothing, and starts again."""
    leg = leg_name(plan.scenario, *plan.legs[ended]) if ended < len(plan.legs) else "none"
    strange = next((name for name in [one.leg for one in calls] + [one.leg for one in failures] if name != leg), None)
    if strange is not None:
        raise UsageError(f"{folder.path / 'calls.jsonl'}: calls of leg {strange}, but {leg} was under way")
    if leg == "none" or plan.legs[ended][2] == "sim":
        return Earlier()
    return Earlier(_marked(calls, {one.key for one in kept if one.leg == leg}), tuple(failures))


def whole_steps(
    steps: Sequence[StepRecord], plan: Plan, ended: int, kept: Sequence[KeptRecord]
) -> tuple[StepRecord, ...]:
    """The steps of legs that ended, and of recursions that are kept: all others are made again."""
    legs = {leg_name(plan.scenario, *leg) for leg in plan.legs[:ended]}
    trees = {(one.leg, one.key) for one in kept}
    return tuple(one for one in steps if one.leg in legs or (one.leg, one.tree) in trees)


def _marked(calls: Sequence[CallRecord], kept: set[str]) -> tuple[CallRecord, ...]:
    """The calls, those marked whose piece of work was not finished.

    With nothing kept these are all; else a scenario that names no call after its piece leaves it open which they are.
    """
    if kept and not any(call.workflow in kept for call in calls):
        return tuple(calls)
    return tuple(call if call.workflow in kept else call.model_copy(update={"repeated": True}) for call in calls)


def _differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    names = sorted({*then, *now})
    return [
        f"{name} was {then.get(name, 'absent')} when the run began, and is {now.get(name, 'absent')}"
        for name in names
        if then.get(name) != now.get(name)
    ]
