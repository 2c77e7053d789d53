"""calibrate --from-run: from the folder of a live run to a better profile, and the round trip on the real engine."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.journal import read_calls
from commissure.hal.profiles.profile import Profile, StepTime, load_profile
from commissure.hal.profiles.profile_toml import profile_toml
from commissure.hal.record.recording import Recording
from commissure.scenarios.calibration import probe_fleet
from commissure.scenarios.compare import execute, make_plan
from commissure.scenarios.from_run import calibrate_from, read_live
from commissure.scenarios.scenario import find_scenario
from tests.test_cli import command, json_of

LOCAL = load_profile("llama_cpp-smollm2-135m-cpu")
SMALL = {"iterations": "3", "prompt_words": "64", "output_tokens": "6"}


def slower(profile: Profile, **factors: float) -> Profile:
    """The profile with step times so many times as long."""
    assert profile.step
    changed = {
        name: getattr(profile.step, name).model_copy(update={"value": factor * getattr(profile.step, name).value})
        for name, factor in factors.items()
    }
    return profile.model_copy(update={"step": StepTime.model_validate({**dict(profile.step), **changed})})


def as_if_live(root: Path, believed: Profile | None, fleet: str = "local", **changes: str) -> Path:
    """The folder of a simulated run, rewritten as if it had been measured on endpoints believed to be otherwise."""
    scenario = find_scenario("cache-loop")
    plan = make_plan(scenario, Fleet.load(fleet), ["sim"], ["topology"], 3, SMALL | changes, all_variants=False)
    folder = execute(plan, root)[0].path

    def rewrite(name: str, change: Callable[[Any], None]) -> None:
        path = folder / name
        values = [json.loads(line) for line in path.read_text().splitlines()] if name.endswith("l") else None
        if values is None:
            change(value := json.loads(path.read_text()))
            path.write_text(json.dumps(value))
            return
        for value in values:
            change(value)
        path.write_text("".join(json.dumps(value) + "\n" for value in values))

    def manifest(value: Any) -> None:
        value["worlds"] = ["live"]
        for name in value["profiles"] if believed else ():
            value["profiles"][name] = believed.model_dump(mode="json") if believed else None

    rewrite("manifest.json", manifest)
    rewrite("summary.json", lambda value: value["legs"][0].update(world="live"))
    rewrite("calls.jsonl", lambda call: call.update(leg="live/topology/loop", timing="server"))
    return folder


def test_a_run_tells_its_step_times_and_its_leg_is_told_better(tmp_path: Path) -> None:
    folder = as_if_live(tmp_path, slower(LOCAL, token_s=3, attention_s=3))
    found = calibrate_from(read_live(folder))
    fit = found.fits["local"]
    assert fit.calls == 18
    assert fit.coefficients["token_s"] == pytest.approx(0.0023, rel=0.02)
    assert "the calls are too much alike: one factor was identified" in fit.notes[0]
    assert fit.after < 0.01 < 0.5 < fit.before
    (leg,) = found.legs
    assert leg.after < 0.01 < 0.5 < leg.before
    assert leg.measured_s == pytest.approx(sum(call.total_s for call in read_live(folder).calls))


def test_several_endpoints_are_fitted_each_by_its_own_calls(tmp_path: Path) -> None:
    folder = as_if_live(tmp_path, None, "local-pair", agents="8", slots="3")
    found = calibrate_from(read_live(folder))
    assert found.fits.keys() == {"small", "large"}
    assert sum(fit.calls for fit in found.fits.values()) == 24
    assert found.legs[0].after < 0.01
    assert calibrate_from(read_live(folder), "large").fits.keys() == {"large"}
    with pytest.raises(UsageError, match="Did you mean 'small'"):
        calibrate_from(read_live(folder), "smal")
    assert json_of("calibrate", "--from-run", str(folder), cwd=tmp_path)["endpoints"].keys() == {"small", "large"}
    done = command("calibrate", "--from-run", str(folder), "--out", "x.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "give --endpoint, one of small, large" in done.stderr


def test_an_endpoint_without_calls_is_left_out_and_said_so(tmp_path: Path) -> None:
    folder = as_if_live(tmp_path, None, "local-pair", agents="8", slots="3")
    calls = [line for line in (folder / "calls.jsonl").read_text().splitlines() if '"small"' in line]
    (folder / "calls.jsonl").write_text("\n".join(calls) + "\n")
    found = calibrate_from(read_live(folder))
    assert found.fits.keys() == {"small"}
    assert "0 usable calls are too few" in found.left_out["large"]
    with pytest.raises(UsageError, match="'large': 0 usable calls are too few"):
        calibrate_from(read_live(folder), "large")


def test_the_command_writes_the_profile_and_prints_before_and_after(tmp_path: Path) -> None:
    folder = as_if_live(tmp_path, slower(LOCAL, token_s=3, attention_s=3))
    arguments = ("calibrate", "--from-run", str(folder), "--endpoint", "local", "--out", "found.toml")
    found = json_of(*arguments, cwd=tmp_path)
    one = found["endpoints"]["local"]
    assert one["error_after"] < one["error_before"]
    assert found["legs"][0]["error_after"] < found["legs"][0]["error_before"]
    assert one["held_out_errors"].keys() == {"prefill", "decode", "total"}
    assert found["profile"] == "found.toml"
    written = load_profile("found.toml", tmp_path)
    assert written.step
    assert {name: written.step.values()[name] for name in one["coefficients"]} == one["coefficients"]
    assert folder.name in written.step.token_s.source
    assert written.tokenizer == LOCAL.tokenizer
    assert tomllib.loads(profile_toml(written)) == tomllib.loads((tmp_path / "found.toml").read_text())
    shown = command(*arguments, cwd=tmp_path).stdout
    for part in ("the calls are too much alike", "before", "after", "cache-loop topology", "token_s"):
        assert part in shown


def test_traffic_that_was_sent_live_counts_and_failed_calls_do_not(tmp_path: Path) -> None:
    folder = as_if_live(tmp_path, None)
    calls = [json.loads(line) | {"leg": ""} for line in (folder / "calls.jsonl").read_text().splitlines()]
    calls[5] |= {"finish": "failed: endpoint 'local': gone"}
    (folder / "calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    (folder / "summary.json").write_text("{}")
    found = calibrate_from(read_live(folder))
    assert found.fits["local"].calls == 17
    assert found.legs == ()


def test_what_is_no_live_run_is_refused(tmp_path: Path) -> None:
    done = json_of("run", "cache-loop", "--set", "iterations=2", cwd=tmp_path)
    simulated = tmp_path / done["run_dir"]
    with pytest.raises(UsageError, match="its 12 calls are simulated: profiles are calibrated from what was measured"):
        read_live(simulated)
    with pytest.raises(UsageError, match=r"not the folder of a run \(no manifest.json\)"):
        read_live(tmp_path)
    (simulated / "manifest.json").write_text('{"worlds": ["live"], "fleet": []}')
    with pytest.raises(UsageError, match=r"manifest.json: profiles: Field required"):
        read_live(simulated)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["calibrate"], "REQUESTS.jsonl --meta META.json, or --from-run RUN"),
        (["calibrate", "local", "--from-run", "x"], "REQUESTS.jsonl --meta META.json, or --from-run RUN"),
        (["calibrate", "local", "--endpoint", "x"], "--endpoint is of a run"),
        (["calibrate", "--from-run", "nowhere"], "nowhere: not the folder of a run"),
        (["run", "cache-loop", "--record"], "--record is of live runs: give --world live"),
        (["run", "cache-loop", "--world", "live", "--recording", "x"], "--recording is replayed in virtual time"),
        (["run", "cache-loop", "--recording", "nowhere"], "nowhere: no recording; one is made by"),
    ],
)
def test_bad_input(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "runs").exists()


def fleet_of(folder: Path, name: str, profile: Profile) -> str:
    """A fleet file of the local engine with another profile."""
    (folder / f"{name}-profile.toml").write_text(profile_toml(profile))
    path = folder / f"{name}.toml"
    path.write_text(
        '[[endpoints]]\nname = "local"\nprovider = "llama_cpp"\nmodel = "smollm2-135m"\nchip = "cpu"\n'
        f'profile = "{name}-profile.toml"\n'
    )
    return str(path)


@pytest.mark.local
def test_round_trip_on_the_real_engine(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """sim -> live, recorded -> replayed -> recalibrated -> sim."""
    # Wrong by as much for this machine as it is now, whatever it is and whoever else uses it.
    now = probe_fleet(Fleet.load("local")).profiles["local"]
    fleet = fleet_of(tmp_path, "wrong", slower(now, token_s=10))
    scenario = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    arguments = ["run", "cache-loop", "--policy", "topology", "--seed", "2", *scenario, "--fleet"]
    before = json_of(*arguments, fleet, cwd=tmp_path)
    live = json_of(*arguments, fleet, "--world", "live", "--record", cwd=tmp_path)
    again = json_of(*arguments, fleet, "--recording", live["run_dir"], cwd=tmp_path)
    assert again["decision_hash"] == live["decision_hash"] == before["decision_hash"]
    assert again["cost_usd"] == live["cost_usd"]
    assert again["replayed_from"] == f"{live['run_dir']}/exchanges.jsonl"
    measured, replayed = (read_calls(tmp_path / one["run_dir"] / "calls.jsonl") for one in (live, again))
    sent = [one for one in Recording.load(tmp_path / live["run_dir"]).exchanges["local"] if "/chat/" in one.path]
    assert [call.total_s for call in replayed] == pytest.approx([one.end_s for one in sent], abs=1e-6)
    assert [one.computed_tokens for one in replayed] == [one.computed_tokens for one in measured]

    found = json_of("calibrate", "--from-run", live["run_dir"], "--out", "found.toml", cwd=tmp_path)
    after = json_of(*arguments, fleet_of(tmp_path, "right", load_profile("found.toml", tmp_path)), cwd=tmp_path)
    one, leg = found["endpoints"]["local"], found["legs"][0]
    errors = f"{one['error_before']:.1%} before, {one['error_after']:.1%} after"
    times = f"{leg['before_s']:.2f} s before, {leg['after_s']:.2f} s after, measured {leg['measured_s']:.2f} s"
    record_property("round trip, mean error of a call", errors)
    record_property("round trip, modelled time of the leg", times)
    assert (leg["before_s"], leg["after_s"]) == (before["time_s"], after["time_s"])
    assert one["error_after"] < one["error_before"]
