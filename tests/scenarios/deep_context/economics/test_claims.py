import pytest

from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import load_profile
from commissure.scenarios.deep_context.economics.claims import TOLERANCE, case_of, economics_claims
from commissure.scenarios.deep_context.economics.solve import at_equal_tokens, needed, told
from commissure.scenarios.deep_context.economics.sources import BASELINES, CLAIMED
from commissure.scenarios.deep_context.economics.tornado import Case, bars, tornado_figure
from commissure.scenarios.deep_context.economics.work import Work, bill

GPT = load_profile("openai-gpt-5-undisclosed")
OSS, LLAMA = "gpt-oss-120b", "llama-3.3-70b"


def at(provider: str, model: str) -> str:
    return f"{provider}-{model}-" + {"cerebras": "cerebras-wse3", "sambanova": "sambanova-sn40l"}[provider]


@pytest.mark.parametrize(
    ("provider", "model", "usd", "cheaper"),
    [
        ("cerebras", OSS, 0.54, 7.0),
        ("sambanova", OSS, 0.37, 10.2),
        ("cerebras", LLAMA, 1.15, 3.3),
        ("sambanova", LLAMA, 0.90, 4.2),
    ],
)
def test_what_list_prices_come_to(provider: str, model: str, usd: float, cheaper: float) -> None:
    case = Case(Work(), GPT, load_profile(at(provider, model)))
    assert bill(case.work, case.baseline).usd == pytest.approx(3.75)
    assert bill(case.work, case.target).usd == pytest.approx(usd, abs=0.006)
    assert case.cheaper == pytest.approx(cheaper, abs=0.06)


def test_both_claims_of_llama_need_unlike_token_counts() -> None:
    low, high = at_equal_tokens(load_profile(at("cerebras", LLAMA)), load_profile(at("sambanova", LLAMA)))
    assert low == pytest.approx(0.706, abs=0.001)
    assert high == pytest.approx(1.0)
    assert low > 4.8 / 8.8


@pytest.mark.parametrize("claimed", CLAIMED, ids=lambda one: one.id)
@pytest.mark.parametrize("baseline", BASELINES)
def test_the_tokens_that_are_solved_for_give_the_claim(claimed: object, baseline: str) -> None:
    one = next(each for each in CLAIMED if each is claimed)
    case = case_of(one, baseline)
    found = needed(case, one.faster, one.cheaper)
    for ratio, wanted, name in ((found.for_money, one.cheaper, "cheaper"), (found.for_time, one.faster, "faster")):
        assert (ratio is None) == (wanted is None)
        if ratio is not None and ratio > 0:
            moved = Case(case.work, case.baseline, case.target, ratio, target_hidden=case.target_hidden)
            assert getattr(moved, name) == pytest.approx(wanted, rel=1e-4)


def test_no_number_of_tokens_makes_calls_instant() -> None:
    found = needed(case_of(CLAIMED[0]), 1e6, None)
    assert found.for_time is not None
    assert found.for_time < 0
    assert "no number of tokens" in told(found)
    with pytest.raises(UsageError, match="above 0"):
        needed(case_of(CLAIMED[0]), 0.0, None)


def test_verdicts_follow_from_both_numbers() -> None:
    claims = economics_claims()
    assert [one.id for one in claims] == [f"oolong/{one.id}" for one in CLAIMED]
    for one, claimed in zip(claims, CLAIMED, strict=True):
        found = one.sim[BASELINES[0]]
        wanted = [(claimed.faster, found["faster"]), (claimed.cheaper, found["cheaper"])]
        assert TOLERANCE == 0.1
        met = all(each is None or abs(value / each - 1) <= TOLERANCE for each, value in wanted)
        assert one.verdict == ("reproduced" if met else "not reproduced")
        assert one.verdict == "not reproduced", "list prices and speeds as of November 2026 give none of the four"
        assert set(BASELINES) <= set(one.sim)
        assert all(one.inputs[f"{side}: source"] for side in ("baseline", "target"))


def test_each_bar_holds_the_others_still() -> None:
    case = case_of(CLAIMED[0])
    found = {bar.name: bar for bar in bars(case)}
    assert found["target's price, times"].cheaper == pytest.approx((2 * case.cheaper, case.cheaper / 2))
    assert found["target's price, times"].faster == pytest.approx((case.faster, case.faster))
    assert found["calls at once, target"].faster == pytest.approx((case.faster, 8 * case.faster))
    assert found["calls at once, target"].cheaper == pytest.approx((case.cheaper, case.cheaper))
    assert found["baseline, tokens/s"].faster[0] == pytest.approx(case.faster, rel=1e-3)
    widths = [max(max(span) / min(span) for span in (bar.faster, bar.cheaper)) for bar in bars(case)]
    assert widths == sorted(widths, reverse=True)


def test_the_figure_names_every_input() -> None:
    case = case_of(CLAIMED[2])
    title, drawn = tornado_figure("what it hangs on", bars(case), case)
    assert title == "what it hangs on"
    assert "<svg" in drawn
    assert drawn.count("<path") > 2 * len(bars(case))


@pytest.mark.parametrize("wrong", [{"calls": 0}, {"cached": 1.1}, {"hidden": -1}, {"read": 0}])
def test_work_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Work(**wrong)


def test_hidden_tokens_are_said_in_each_call_and_paid() -> None:
    plain, thinking = (bill(Work(calls=100, hidden=hidden), GPT) for hidden in (0, 1000))
    assert thinking.usd - plain.usd == pytest.approx(100 * 1000 * 10e-6)
    assert thinking.seconds - plain.seconds == pytest.approx(100 * 1000 / 80)


def test_an_endpoint_without_prices_has_no_bill() -> None:
    with pytest.raises(UsageError, match="no public price"):
        bill(Work(), load_profile("vllm-gpt-oss-120b-nvidia-h100"))
