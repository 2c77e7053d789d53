"""Several answers on silicon: the closed form agrees with the simulation; the ratio is the product of its causes."""

from dataclasses import replace

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.tool_calling.silicon.candidates import measure
from commissure.scenarios.tool_calling.silicon.case import Case, Prompts, Work, silicon
from commissure.scenarios.tool_calling.silicon.eight import CLAIMED, TOLERANCE, arithmetic_hidden, eight_at_one
from commissure.scenarios.tool_calling.silicon.figures import TITLES, latency_figure, table
from commissure.scenarios.tool_calling.silicon.lengths import EQUAL, SPREAD, Lengths
from commissure.scenarios.tool_calling.silicon.split import split
from commissure.scenarios.tool_calling.silicon.sweep import sweep
from tests.scenarios.tool_calling.silicon.expected import expected_s

FLEET, ONCE = silicon(), Work(questions=1)


def seconds(case: Case, work: Work = ONCE, fleet: Fleet = FLEET) -> float:
    return measure(case, work, fleet).latency_s


# The kernel's cost on eight cores of one Trainium2 takes a second; on Inferentia2 four.
@pytest.mark.parametrize(
    ("endpoint", "way"),
    [
        *((name, way) for name in ("1b-inf2", "1b-trn2", "1b-h100") for way in ("free", "cpu", "cpu-overlapped")),
        ("1b-trn2", "chip"), ("8b-h100", "cpu"), ("70b-trn2", "free"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prompts", ["shared", "each"])
def test_the_closed_form_is_the_simulation_for_equal_lengths(endpoint: str, way: str, prompts: Prompts) -> None:
    for n in (1, 2, 8):
        case = Case(endpoint, way, n, 0, EQUAL, prompts)
        assert seconds(case) == pytest.approx(expected_s(case, ONCE, FLEET), rel=1e-9)


@pytest.mark.parametrize(("endpoint", "way"), [("1b-inf2", "cpu"), ("1b-h100", "cpu"), ("1b-h100", "cpu-overlapped")])
def test_the_closed_form_is_the_mean_where_lengths_differ(endpoint: str, way: str) -> None:
    work = Work(questions=300)
    for n, lengths in ((1, SPREAD), (4, Lengths((1, 2, 30))), (8, SPREAD)):
        case = Case(endpoint, way, n, 0, lengths)
        assert seconds(case, work) == pytest.approx(expected_s(case, work, FLEET), rel=0.02)


def test_the_ratio_is_the_product_of_its_causes() -> None:
    work, case = Work(questions=40), Case("1b-h100", "cpu", 8)
    parts = split(case, work, FLEET)
    assert parts.total == pytest.approx(seconds(case, work) / seconds(replace(case, n=1), work))
    assert min(parts.steps, parts.prompts, parts.masks, parts.lengths) > 1
    assert parts.lengths < parts.longest
    free = split(replace(case, way="free", lengths=EQUAL), ONCE, FLEET)
    assert (free.masks, free.lengths, free.longest) == (1, 1, 1)
    assert free.steps * free.prompts == pytest.approx(free.total)


def test_more_answers_take_longer_and_masks_on_the_chip_least() -> None:
    for way in ("free", "cpu", "chip"):
        found = [seconds(Case("1b-trn2", way, n, 0, EQUAL)) for n in (1, 2, 4, 8, 16, 32)]
        assert found == sorted(found)
    free, chip, cpu = (seconds(Case("1b-trn2", way, 8, 0, EQUAL)) for way in ("free", "chip", "cpu"))
    assert free < chip < free * 1.01 < cpu


def test_a_loaded_chip_is_shared_and_the_same_in_every_run() -> None:
    work = Work(questions=3)
    alone, loaded = (measure(Case("1b-h100", "free", 8, busy), work, FLEET) for busy in (0, 16))
    usd_per_hour = FLEET.profiles["1b-h100"].usd_per_hour
    assert usd_per_hour is not None
    assert alone.usd == pytest.approx(usd_per_hour.value / 3600 * alone.latency_s)
    assert loaded.usd == pytest.approx(usd_per_hour.value / 3600 * loaded.latency_s * 8 / 24)
    assert alone.first_s < loaded.first_s < loaded.latency_s
    assert alone.latency_s < loaded.latency_s
    assert measure(loaded.case, work, FLEET) == loaded


def test_choosing_takes_its_time_of_several_only() -> None:
    for n, more_s in ((1, 0.0), (2, 0.5)):
        case = Case("1b-h100", n=n)
        assert seconds(case, replace(ONCE, selection_s=0.501)) - seconds(case) == pytest.approx(more_s)


def test_eight_at_one_is_judged_by_its_own_numbers() -> None:
    found = eight_at_one(Work(questions=8), FLEET, ("1b-h100",))
    assert [row.way for row in found.rows] == ["free", "cpu", "cpu-overlapped"]
    assert found.reproduced == any(row.equal <= CLAIMED + TOLERANCE for row in found.rows if row.way != "free")
    for row in found.rows:
        assert row.hidden < row.equal < row.each
        assert row.token < row.equal < row.spread
        assert row.larger["70b-h100"] < row.larger["8b-h100"] < 1
        assert f"{row.equal:.3f}" == f"{found.sim()[f'1b-h100 {row.way}']['equal']:.3f}"


def test_eight_at_one_is_reproduced_where_only_the_weights_take_time() -> None:
    profile = FLEET.profiles["1b-h100"]
    assert profile.step is not None
    nothing = profile.step.token_s.model_copy(update={"value": 0.0})
    step = profile.step.model_copy(update=dict.fromkeys(("token_s", "kv_token_s", "attention_s"), nothing))
    fleet = FLEET.with_profiles({"1b-h100": profile.model_copy(update={"step": step})})
    found = eight_at_one(Work(questions=4), fleet, ("1b-h100",))
    assert found.reproduced
    assert found.rows[0].token == pytest.approx(1.0)


def test_hidden_arithmetic_costs_nothing_up_to_the_ridge() -> None:
    hidden, case = arithmetic_hidden(FLEET), Case("1b-h100", lengths=EQUAL)
    step = hidden.profiles["1b-h100"].step
    assert step is not None
    assert step.hidden_tokens is not None
    assert step.hidden_tokens.value == pytest.approx(166, rel=0.01)
    assert seconds(case, ONCE, hidden) == pytest.approx(expected_s(case, ONCE, hidden), rel=1e-9)


def test_a_sweep_leaves_out_what_there_is_not() -> None:
    work = Work(questions=1)
    rows = sweep(endpoints=("1b-h100", "1b-trn2"), ways=("free", "chip"), ns=(1, 8), busy=(0, 64), work=work)
    cases = [(row.measured.case.endpoint, row.measured.case.way) for row in rows]
    assert set(cases) == {("1b-h100", "free"), ("1b-trn2", "free"), ("1b-trn2", "chip")}
    for row in rows:
        beside = [one.larger.case.endpoint for one in row.against]
        if row.measured.case.endpoint == "1b-trn2":  # the tutorial's engine has KV room for one long sequence
            assert beside == (["8b-trn2"] if row.measured.case.busy else ["8b-trn2", "70b-trn2"])
        assert all(one.latency < 1 for one in row.against)
        assert (row.latency_ratio == 1) == (row.measured.case.n == 1)
    cells = table(rows)
    assert list(cells[0])[: len(TITLES)] == list(TITLES)
    assert "of 70b greedy's time" in cells[0]
    assert "1b-trn2, chip" in latency_figure(rows)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Case("1b-h100", n=0), "1 to 1024 answers"),
        (lambda: Case("1b-h100", "chips"), "chip"),
        (lambda: Work(questions=0), "from 1 on"),
        (lambda: measure(Case("1b-h10"), ONCE, FLEET), "1b-h100"),
        (lambda: expected_s(Case("1b-h100", busy=1), ONCE, FLEET), "use measure"),
        (lambda: expected_s(Case("1b-h100", n=64, prompts="each"), ONCE, FLEET), "do not fit a step"),
    ],
)
def test_what_cannot_be_asked(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(UsageError, match=message):
        make()
