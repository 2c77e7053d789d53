"""Runs that stop at any point and go on: what is kept, what is done again, what is refused."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.call import Call
from commissure.hal.errors import CommissureError, UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import StepRecord, read_calls, read_records
from commissure.hal.kept import KeptRecord
from commissure.hal.policy import Candidate, FirstAble
from commissure.hal.profiles.profile import Profile
from commissure.hal.runtime import Runtime
from commissure.scenarios import course, scenario
from commissure.scenarios.calibration import FitReport
from commissure.scenarios.compare import execute, make_plan, run_legs
from commissure.scenarios.earlier import Earlier
from commissure.scenarios.legs import LegSummary, leg_name
from commissure.scenarios.plan import Plan
from commissure.scenarios.run import run
from commissure.scenarios.runfolder import RunFolder, read_summary
from commissure.scenarios.scenario import find_scenario
from commissure.scenarios.stopped import read_stopped, whole_steps
from tests.support.pieces import CALLS_A_PIECE, FLEET, Pieces

PIECES = 4
Change = Callable[[dict[str, Any]], object]


class Stop(CommissureError):
    """What stops a run in these tests."""


@pytest.fixture(scope="module")
def pieces() -> Iterator[Pieces]:
    """The scenario, known by its name."""
    found, known = Pieces(), scenario.scenarios()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenario, "scenarios", lambda: {**known, "pieces": found})
        yield found


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    path = tmp_path_factory.mktemp("fleet") / "fleet.toml"
    path.write_text(FLEET)
    return Fleet.load(path)


@pytest.fixture(scope="module")
def whole(pieces: Pieces, fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A comparison that was not stopped."""
    return execute(plan_of(pieces, fleet), tmp_path_factory.mktemp("whole"))[0]


def plan_of(pieces: Pieces, fleet: Fleet, worlds: tuple[Any, ...] = ("sim", "live")) -> Plan:
    return make_plan(pieces, fleet, worlds, pieces.policies, 7, {"pieces": str(PIECES)}, all_variants=True)


def stopped_run(pieces: Pieces, plan: Plan, root: Path, after: int) -> RunFolder:
    """A run in which the piece of that number, counted over all legs, stops it as it ends."""
    left = iter(range(after))

    def stop(key: str) -> None:
        if next(left, None) is None:
            raise Stop(key)

    pieces.on_piece = stop
    try:
        with pytest.raises(Stop) as error:
            execute(plan, root)
    finally:
        pieces.on_piece = lambda key: None
    (path,) = root.iterdir()
    assert error.value.__notes__[-1] == f"it goes on with: commissure resume {path}"
    return RunFolder(path)


def go_on(folder: RunFolder) -> list[LegSummary]:
    with folder.locked():
        stopped = read_stopped(folder)
        stopped.mend()
        return run_legs(stopped.plan, folder, stopped.done)


def same(legs: list[LegSummary], folder: RunFolder) -> None:
    """The legs are those of a run that was not stopped, and every call is in the journal and in the cost."""
    expected = read_summary(folder.path).legs
    told = [(leg.world, leg.policy, leg.settings, leg.measures, leg.seed) for leg in legs]
    assert told == [(leg.world, leg.policy, leg.settings, leg.measures, leg.seed) for leg in expected]
    sims = [(leg.trace_hash, leg.cost_usd, leg.time_s) for leg in legs if leg.world == "sim"]
    assert sims == [(leg.trace_hash, leg.cost_usd, leg.time_s) for leg in expected if leg.world == "sim"]


def balanced(legs: list[LegSummary], folder: RunFolder) -> None:
    calls = read_calls(folder.path / "calls.jsonl")
    summary = read_summary(folder.path)
    assert summary.complete
    assert list(summary.legs) == legs
    assert len(calls) == sum(leg.calls for leg in legs)
    assert sum(call.repeated for call in calls) == sum(leg.repeated_calls for leg in legs)
    assert all(leg.calls - leg.repeated_calls == PIECES * CALLS_A_PIECE for leg in legs)
    assert sum(leg.cost_usd for leg in legs) == pytest.approx(sum(call.cost_usd for call in calls))
    assert not any(call.repeated for call in calls if call.leg.startswith("sim/"))
    for name in {call.leg for call in calls}:
        mine = [call for call in calls if call.leg == name]
        assert [call.number for call in mine] == list(range(len(mine)))
        assert [call.start_s for call in mine] == sorted(call.start_s for call in mine)


# Of a pair of legs, sim and predicted and live, each does its pieces once.
@pytest.mark.parametrize("after", [0, 2, 5, 9, 11, 14, 4 * 3 * PIECES - 1])
def test_a_comparison_goes_on_from_any_piece(
    pieces: Pieces, fleet: Fleet, whole: RunFolder, tmp_path: Path, after: int
) -> None:
    plan = plan_of(pieces, fleet)
    folder = stopped_run(pieces, plan, tmp_path, after)
    done = read_stopped(folder).done
    assert len(done.legs) == after // (3 * PIECES) * 2 + (after % (3 * PIECES) >= PIECES)
    assert done.steps + plan.steps_after(done) == plan.steps
    legs = go_on(folder)
    same(legs, whole)
    balanced(legs, folder)
    assert (folder.path / "trace.json").exists()
    assert (folder.path / "report.html").exists()


@settings(max_examples=25, deadline=None)
@given(kept=st.floats(0, 1), calls=st.floats(0, 1))
def test_any_prefix_of_what_is_kept_goes_on(pieces: Pieces, whole_leg: RunFolder, kept: float, calls: float) -> None:
    """Cut at any byte; of the calls as many are there as were made for what is kept, and up to all."""
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(shutil.copytree(whole_leg.path, Path(place) / "cut")))
        (folder.path / "summary.json").unlink()
        text = (folder.path / "kept.jsonl").read_bytes()
        text = text[: round(kept * len(text))]
        (folder.path / "kept.jsonl").write_bytes(text)
        lines = (folder.path / "calls.jsonl").read_bytes()
        pieces_kept = len(read_records(folder.path / "kept.jsonl", KeptRecord))
        assert pieces_kept - text.count(b"\n") in (0, 1)
        first = len(b"".join(lines.splitlines(keepends=True)[: pieces_kept * CALLS_A_PIECE]))
        (folder.path / "calls.jsonl").write_bytes(lines[: first + round(calls * (len(lines) - first))])
        there = read_calls(folder.path / "calls.jsonl")
        legs = go_on(folder)
        same(legs, whole_leg)
        balanced(legs, folder)
        assert legs[0].repeated_calls == len(there) - pieces_kept * CALLS_A_PIECE
        again = read_records(folder.path / "kept.jsonl", KeptRecord)
        assert sorted(one.key for one in again) == [f"piece {number}" for number in range(PIECES)]
        assert legs[0].time_s >= max((call.start_s + call.total_s for call in there), default=0)


@pytest.fixture(scope="module")
def whole_leg(pieces: Pieces, fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """One live leg, whose pieces come one after another."""
    plan = replace(plan_of(pieces, fleet, ("live",)), policies=("plain",))
    return execute(replace(plan, variants=plan.variants[:1]), tmp_path_factory.mktemp("leg"))[0]


def test_the_calibration_is_that_of_the_run(
    pieces: Pieces, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def calibrate(given: Fleet, tick: object) -> tuple[Fleet, dict[str, Any]]:
        made.append("whole")
        name, profile = next(iter(given.profiles.items()))
        errors = {"prefill": 0.0, "decode": 0.0, "total": 0.0}
        report = FitReport.model_validate(
            {"calls": 1, "held_out_calls": 1, "coefficients": {"a": 1.0}, "held_out_errors": errors}
        )
        changed: Profile = profile.model_copy(update={"price": None})
        return given.with_profiles({name: changed}), {name: report}

    def probe(given: Fleet, tick: object) -> Fleet:
        made.append("probe")
        assert all(profile.price is None for profile in given.profiles.values())
        return given

    monkeypatch.setattr(course, "calibrate_fleet", calibrate)
    monkeypatch.setattr(course, "probe_fleet", probe)
    folder = stopped_run(pieces, plan_of(pieces, fleet), tmp_path, 2 * PIECES + 1)
    assert made == ["whole"]
    legs = go_on(folder)
    assert made == ["whole"] + ["probe"] * 4
    assert [leg.cost_usd for leg in legs] == [0.0] * 8
    assert read_summary(folder.path).calibration is not None


@pytest.mark.parametrize(("after", "marked"), [(0, 3), (2, 0)])
def test_what_is_done_again_is_known_of_named_calls_only(
    pieces: Pieces, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, marked: int
) -> None:
    monkeypatch.setattr(pieces, "names_calls", False)
    folder = stopped_run(pieces, plan_of(pieces, fleet, ("live",)), tmp_path, PIECES + after)
    earlier = read_stopped(folder).done.earlier.calls
    assert len(earlier) == CALLS_A_PIECE * (after + 1)
    assert sum(call.repeated for call in earlier) == marked


def test_a_leg_that_goes_on_has_the_account_of_all_of_it(fleet: Fleet) -> None:
    async def ask(rt: Runtime, fleet: OpenFleet) -> None:
        await rt.sleep(0.01)
        await fleet.generate(Call("why", max_tokens=2))
        lost = rt.first(fleet.generate(Call("a", max_tokens=2)), fleet.generate(Call("b", max_tokens=2)))
        await lost

    one = run(ask, fleet, world="live", earlier=Earlier())
    two = run(ask, fleet, world="live", earlier=Earlier(one.calls, one.failures))
    assert two.calls[: len(one.calls)] == one.calls
    assert two.failures[: len(one.failures)] == one.failures
    assert len(two.calls) == 2 * len(one.calls) == 4
    assert len(two.failures) == 2 * len(one.failures) == 2
    for records in (two.calls, two.failures):
        assert [record.number for record in records] == list(range(len(records)))
    assert two.cost_usd > one.cost_usd > 0
    ended = max(call.start_s + call.total_s for call in one.calls)
    assert one.calls[0].start_s >= 0.01
    assert two.calls[len(one.calls)].start_s >= ended + 0.01
    assert two.time_s >= two.calls[-1].start_s


def test_what_a_kill_left_half_written_is_taken_away(
    pieces: Pieces, fleet: Fleet, whole_leg: RunFolder, tmp_path: Path
) -> None:
    folder = stopped_run(pieces, plan_of(pieces, fleet), tmp_path, PIECES)
    (folder.path / ".summary.json.4711").write_text("{")
    balanced(go_on(folder), folder)
    assert {path.name for path in folder.path.iterdir()} == {path.name for path in whole_leg.path.iterdir()}


def damage(folder: RunFolder, change: Change) -> None:
    path = folder.path / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda manifest: manifest.pop("scenario"), "manifest.json: scenario: Field required"),
        (lambda manifest: manifest.update(scenario="peices"), "Did you mean 'pieces'"),
        (lambda manifest: manifest.update(scenario="cache-loop"), "cache-loop does not keep its finished work"),
        (lambda manifest: manifest.update(recorded=True), "was recorded"),
        (lambda manifest: manifest.update(own_policies=["Mine"]), "given in Python: Mine"),
        (lambda manifest: manifest["profile_hashes"].update(priced="0"), "profile of endpoint 'priced' is not what"),
        (lambda manifest: manifest["profiles"]["priced"].update(limits=None, price=None), "is not what the run began"),
        (lambda manifest: manifest["profiles"].clear(), "profiles: none of endpoint priced"),
        (lambda manifest: manifest["settings"][0].update(pieces=0), "settings: pieces: Input should be greater"),
        (lambda manifest: manifest.update(policies=["other", "plain"]), "legs: they are not those of manifest.json"),
        (lambda manifest: manifest.update(policies=["plain", "plain"]), "comes twice"),
    ],
)
def test_a_manifest_that_does_not_fit_is_told(
    pieces: Pieces, whole: RunFolder, tmp_path: Path, change: Change, problem: str
) -> None:
    folder = RunFolder(Path(shutil.copytree(whole.path, tmp_path / "run")))
    damage(folder, change)
    with pytest.raises(UsageError, match=problem.replace("(", r"\(")):
        read_stopped(folder)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("manifest.json", None, "not the folder of a run"),
        ("manifest.json", "{", "Invalid JSON"),
        ("calls.jsonl", "", "0 records, but the legs of summary.json made 96; lines were lost"),
        ("kept.jsonl", "x\n", r"kept.jsonl:1: "),
    ],
)
def test_a_file_that_is_damaged_is_told(
    pieces: Pieces, whole: RunFolder, tmp_path: Path, name: str, text: str | None, problem: str
) -> None:
    folder = RunFolder(Path(shutil.copytree(whole.path, tmp_path / "run")))
    if text is None:
        (folder.path / name).unlink()
    else:
        (folder.path / name).write_text(text)
    with pytest.raises(UsageError, match=problem):
        read_stopped(folder)


def test_other_versions_are_a_warning(pieces: Pieces, whole: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(whole.path, tmp_path / "run")))
    assert read_stopped(folder).warnings == ()
    damage(folder, lambda manifest: manifest["versions"].update(numpy="0.1"))
    (warning,) = read_stopped(folder).warnings
    assert warning.startswith("numpy was 0.1 when the run began, and is ")


def test_one_process_at_a_time(pieces: Pieces, whole: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(whole.path, tmp_path / "run")))
    with folder.locked(), pytest.raises(UsageError, match="another process is running it"), folder.locked():
        pass
    with folder.locked():
        pass
    with pytest.raises(UsageError, match="not the folder of a run"), RunFolder(tmp_path / "none").locked():
        pass


def test_a_run_is_locked_while_it_runs(pieces: Pieces, fleet: Fleet, tmp_path: Path) -> None:
    seen: list[bool] = []

    def try_it(key: str) -> None:
        with suppress(UsageError), RunFolder(next(tmp_path.iterdir())).locked():
            seen.append(True)

    pieces.on_piece = try_it
    try:
        execute(plan_of(pieces, fleet, ("sim",)), tmp_path)
    finally:
        pieces.on_piece = lambda key: None
    assert not seen


def test_policies_given_in_python_are_named_in_the_manifest(pieces: Pieces, fleet: Fleet, tmp_path: Path) -> None:
    class Mine(FirstAble):
        def choose(self, call: Any, fleet: Any) -> Candidate:
            return super().choose(call, fleet)

    folder = stopped_run(pieces, plan_of(pieces, replace(fleet, router=Mine())), tmp_path, 3)
    with pytest.raises(UsageError, match="given in Python: Mine"):
        read_stopped(folder)


def test_steps_of_what_is_made_again_are_dropped() -> None:
    """Those of legs that ended stay, and of a live leg those of recursions that are kept."""
    oolong = find_scenario("oolong")
    plan = Plan(oolong, Fleet.load("mixed"), ["sim", "live"], ["direct"], [oolong.settings()], 0)
    ended, under_way = (leg_name(oolong, *leg) for leg in plan.legs)
    steps = [
        StepRecord(leg=leg, tree=tree, id=0, parent=None, depth=0, kind="plan", start_s=0.0, end_s=1.0)
        for leg in (ended, under_way)
        for tree in ("q001", "q002")
    ]
    kept = [KeptRecord(leg=under_way, key="q001", value={})]
    assert whole_steps(steps, plan, 1, kept) == (*steps[:2], steps[2])
    assert whole_steps(steps, plan, 0, []) == ()
    assert whole_steps(steps, plan, 2, []) == tuple(steps)
