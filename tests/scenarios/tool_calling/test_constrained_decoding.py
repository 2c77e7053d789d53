"""The scenario in sim: what each way of masking costs, what is forced, its figures, its commands."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from commissure.hal.call import Call
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.policy import Candidate, FleetStatus, Router
from commissure.scenarios import course
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.scenario import find_scenario, parse_settings
from commissure.scenarios.tool_calling.constrained_decoding import SCENARIO, Settings
from commissure.scenarios.tool_calling.decoding.tasks import TASKS
from commissure.scenarios.tool_calling.decoding.ways import WAYS, under
from commissure.sim.engine.masking import masking_of
from tests.scenarios.tool_calling.vocabularies import installed

FLEET = "inf2-h100"
BATCH = 16


def leg(policy: str, fleet: str = FLEET, **changes: str) -> LegSummary:
    installed("smollm2")
    settings = parse_settings(SCENARIO, {"batch": str(BATCH), "calls": "3"} | changes)
    done = run_leg(SCENARIO, settings, Fleet.load(fleet), policy, "sim", 1)
    return summarise(SCENARIO, settings, policy, done)


@pytest.fixture(scope="module")
def legs() -> dict[str, LegSummary]:
    return {policy: leg(policy) for policy in WAYS}


def token_s(one: LegSummary, endpoint: str) -> float:
    return float(one.measures["pace"][endpoint]["token_s"])


def test_the_same_seed_gives_the_same_run(legs: dict[str, LegSummary]) -> None:
    assert leg("cpu") == legs["cpu"]
    assert leg("cpu").trace_hash != legs["free"].trace_hash


def test_all_ways_do_the_same_work_and_answer_right(legs: dict[str, LegSummary]) -> None:
    for one in legs.values():
        answers = 2 * BATCH * 3
        assert (one.calls, one.measures["answers"]) == (answers, answers)
        assert one.measures["accepted"] == one.measures["parsed"] == answers
        assert one.measures["refused"] == one.measures["cut"] == 0


@pytest.mark.parametrize("endpoint", ["inf2", "h100"])
def test_masks_on_the_host_take_the_share_that_is_told(legs: dict[str, LegSummary], endpoint: str) -> None:
    free, cpu = token_s(legs["free"], endpoint), token_s(legs["cpu"], endpoint)
    told = legs["cpu"].measures["mask_share"][endpoint]
    assert free < cpu
    assert told == pytest.approx(1 - free / cpu, rel=0.15)
    assert legs["free"].measures["mask_share"][endpoint] == 0


def test_where_they_are_hidden_or_on_the_chip_they_cost_less(legs: dict[str, LegSummary]) -> None:
    free, cpu, hidden, chip = (token_s(legs[way], "inf2") for way in ("free", "cpu", "cpu-overlapped", "chip"))
    assert free == hidden
    assert 0 < chip - free < 0.1 * (cpu - free)
    assert legs["cpu-overlapped"].measures["mask_share"]["inf2"] == 0
    # A GPU has no kernel here: its masks stay on the host.
    assert token_s(legs["chip"], "h100") == token_s(legs["cpu"], "h100")


def test_the_chips_share_is_the_kernels_at_any_batch(legs: dict[str, LegSummary]) -> None:
    fleet = under(Fleet.load(FLEET), "chip", BATCH, 0.0)
    curve = masking_of(fleet.profiles["inf2"])
    assert "documented-cost estimate" in curve.basis
    expected = curve.fixed_s / token_s(legs["chip"], "inf2")
    assert legs["chip"].measures["mask_share"]["inf2"] == pytest.approx(expected, rel=1e-6)


def test_forced_tokens_take_no_step() -> None:
    plain, skipping = leg("cpu", "h100"), leg("cpu", "h100", skip_forced="true")
    share = plain.measures["forced_share"]
    # Each call's steps are rounded, and all are a little different in size.
    assert token_s(skipping, "h100") == pytest.approx((1 - share) * token_s(plain, "h100"), rel=0.05)
    assert skipping.measures["accepted"] == plain.measures["accepted"] == 48


def test_a_prediction_of_other_answers_is_none() -> None:
    installed("smollm2")
    runs = [
        run_leg(
            SCENARIO, parse_settings(SCENARIO, {"batch": "1", "max_tokens": most}), Fleet.load("h100"), way, "sim", 0
        )
        for way, most in (("free", "200"), ("cpu", "200"), ("cpu", "9"))
    ]
    assert course.same_work(runs[0], runs[1])
    assert not course.same_work(runs[0], runs[2])


def test_engines_of_static_shapes_are_compiled_for_the_batch() -> None:
    free = under(Fleet.load(FLEET), "free", 32, 0.5)
    engine = free.profiles["inf2"].engine
    assert engine is not None
    assert engine.buckets is not None
    assert (engine.max_num_seqs, engine.buckets.batch, engine.constrained.forced_share) == (32, 32, 0.5)
    other = free.profiles["h100"].engine
    assert other is not None
    assert other.max_num_seqs == 1024
    assert [spec.capabilities for spec in free.specs] == [{"schema": False}] * 2


def test_a_router_of_ones_own_stays() -> None:
    class Last(Router):
        def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
            return fleet.candidates[-1]

    fleet = replace(Fleet.load(FLEET), router=Last())
    assert under(fleet, "cpu", 2, 0.0).router is fleet.router


@pytest.mark.parametrize(
    ("fleet", "policy", "message"),
    [
        (FLEET, "gpu", "unknown policy 'gpu'"),
        ("h100", "chip", "policy chip needs an AWS Neuron chip; the fleet has h100 on nvidia-h100"),
    ],
)
def test_what_a_fleet_cannot_do_is_told(fleet: str, policy: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        under(Fleet.load(fleet), policy, 1, 0.0)


def test_an_endpoint_that_takes_no_schema_is_told() -> None:
    fleet = Fleet.load("h100")
    specs = tuple(spec.model_copy(update={"capabilities": {"schema": False}}) for spec in fleet.specs)
    with pytest.raises(UsageError, match="endpoint 'h100' takes no JSON schema"):
        under(replace(fleet, specs=specs), "cpu", 1, 0.0)


def test_cut_answers_are_told() -> None:
    one = leg("cpu", "local", max_tokens="12", batch="2", calls=str(len(TASKS)))
    assert one.measures["cut"] == 2 * len(TASKS)
    assert SCENARIO.columns(one.measures)["accepted"] == "0 of 20, 20 cut"


@pytest.mark.parametrize("whitespace", ["none", "space"])
@pytest.mark.parametrize("fleet", ["local", "local-pair"])
def test_the_defaults_fit_a_slot_of_this_machine(fleet: str, whitespace: str) -> None:
    """Every task with its schema in the prompt, and every right answer."""
    one = leg("cpu", fleet, batch="1", calls=str(len(TASKS)), whitespace=whitespace, vocabulary="smollm2")
    answers = len(TASKS) * len(Fleet.load(fleet).specs)
    assert (one.measures["answers"], one.measures["accepted"]) == (answers, answers)


def test_cells_and_figures(legs: dict[str, LegSummary]) -> None:
    cells = SCENARIO.columns(legs["cpu"].measures)
    assert cells["masks, of a token's time"].count("%") == 2
    assert "inf2 " in cells["a token, ms"]
    ((title, figure),) = SCENARIO.figures(list(legs.values()))
    assert "say nothing of a policy" in title
    assert figure.startswith("<svg")
    assert all(f"{name}: {way}" in figure for name in ("inf2", "h100") for way in WAYS)


def test_it_is_found_by_name() -> None:
    assert find_scenario("constrained-decoding") is SCENARIO
    assert SCENARIO.expected_calls(Settings(batch=3, calls=5), 0) == 15
    with pytest.raises(UsageError, match="unknown setting of constrained-decoding 'batches'"):
        parse_settings(SCENARIO, {"batches": "3"})


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commissure", *arguments],
        cwd=cwd, capture_output=True, text=True, env=os.environ | {"COMMISSURE_DEBUG": ""}, timeout=120,
    )  # fmt: skip


def test_commands(tmp_path: Path) -> None:
    installed("smollm2")
    done = command("run", "constrained-decoding", "--policy", "cpu", "--set", "batch=2", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found.keys() >= {"pace", "accepted", "forced_share", "answers", "run_dir", "trace_hash"}
    assert (Path(tmp_path) / found["run_dir"] / "report.html").exists()
    compared = command("compare", "constrained-decoding", "--sim-only", "--set", "batch=2", "--json", cwd=tmp_path)
    assert compared.returncode == 0, compared.stderr
    legs = json.loads(compared.stdout)["legs"]
    assert [(one["policy"], one["settings"]["batch"]) for one in legs] == [("free", 2), ("cpu", 2)]
    for arguments, message in (
        (("--policy", "chip"), "policy chip needs an AWS Neuron chip"),
        (("--policy", "cpus"), "Did you mean 'cpu'?"),
        (("--set", "vocabulary=lama3"), "unknown vocabulary 'lama3'. Did you mean 'llama3'?"),
    ):
        done = command("run", "constrained-decoding", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
