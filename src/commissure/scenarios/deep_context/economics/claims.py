"""The claims of recursion on other chips, judged: from public inputs, with what would make them true."""

from __future__ import annotations

from typing import Any

from commissure.hal.profiles.profile import load_profile
from commissure.hal.profiles.quantity import value_of
from commissure.scenarios.deep_context.economics.solve import needed, told
from commissure.scenarios.deep_context.economics.sources import BASELINES, CLAIMED, Claimed
from commissure.scenarios.deep_context.economics.tornado import Case, bars, tornado_figure
from commissure.scenarios.deep_context.economics.work import Work, bill
from commissure.scenarios.scenario import Claim, Verdict

# So near a claim has to come, in parts of it.
TOLERANCE = 0.1
_SHOWN_BARS = 4


def case_of(claimed: Claimed, baseline: str = BASELINES[0]) -> Case:
    """The same task at both endpoints, with the target's hidden tokens as its profile has them."""
    target = load_profile(claimed.endpoint)
    hidden = value_of(target.hosted.hidden_tokens) if target.hosted else 0.0
    return Case(Work(), load_profile(baseline), target, target_hidden=hidden)


def economics_claims() -> list[Claim]:
    """All four, beside both baselines."""
    return [_claim(one) for one in CLAIMED]


def claim_figures() -> list[tuple[str, str]]:
    """A tornado of each."""
    found = ((one, case_of(one)) for one in CLAIMED)
    return [tornado_figure(one.statement, bars(case), case) for one, case in found]


def _claim(claimed: Claimed) -> Claim:
    found = {name: case_of(claimed, name) for name in BASELINES}
    first = found[BASELINES[0]]
    verdict: Verdict = "reproduced" if _met(claimed, first) else "not reproduced"
    return Claim(
        f"oolong/{claimed.id}", "oolong", claimed.statement, claimed.source,
        {"faster": claimed.faster, "cheaper": claimed.cheaper},
        {name: _ratios(case) for name, case in found.items()} | {"sensitivity": _sensitivity(first)},
        None, verdict, _why(claimed, first), _inputs(first),
    )  # fmt: skip


def _met(claimed: Claimed, case: Case) -> bool:
    pairs = ((claimed.faster, case.faster), (claimed.cheaper, case.cheaper))
    return all(wanted is None or abs(value / wanted - 1) <= TOLERANCE for wanted, value in pairs)


def _ratios(case: Case) -> dict[str, float]:
    baseline = bill(case.work, case.baseline)
    plain = Case(case.work, case.baseline, case.target)
    return {
        "faster": round(case.faster, 2),
        "cheaper": round(case.cheaper, 2),
        "faster without hidden tokens": round(plain.faster, 2),
        "cheaper without hidden tokens": round(plain.cheaper, 2),
        "baseline usd": round(baseline.usd, 2),
        "baseline s": round(baseline.seconds),
    }


def _why(claimed: Claimed, case: Case) -> str:
    parts = []
    for word, wanted, value in (("fast", claimed.faster, case.faster), ("cheap", claimed.cheaper, case.cheaper)):
        if wanted is not None:
            parts.append(
                f"{value:.1f} times as {word} from public inputs, {wanted:g} claimed ({value / wanted - 1:+.0%})"
            )
    plain = Case(case.work, case.baseline, case.target)
    if case.target_hidden:
        parts.append(
            f"the target is taken to hide {case.target_hidden:,.0f} tokens of reasoning a call, as its profile has it, "
            "and the baseline none beside those said, with which it costs the talk's $3.75: without them the target is "
            f"{plain.faster:.1f} times as fast and {plain.cheaper:.1f} times as cheap"
        )
    parts.append(told(needed(plain, claimed.faster, claimed.cheaper)))
    parts.append(
        "computed, not measured: every call in turn, tokens as a hypothesis that gives the talk's $3.75; neither the "
        "tasks nor the token counts behind the claims are public"
    )
    return "; ".join(parts)


def _sensitivity(case: Case) -> list[dict[str, Any]]:
    return [
        {"input": bar.name, "from, to": list(bar.span), "faster": [round(one, 1) for one in bar.faster],
         "cheaper": [round(one, 1) for one in bar.cheaper]}
        for bar in bars(case)[:_SHOWN_BARS]
    ]  # fmt: skip


def _inputs(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = {
        "tokens read": case.work.read, "tokens said": case.work.said, "calls": case.work.calls,
        "hidden tokens a call at the target": case.target_hidden,
    }  # fmt: skip
    for name, profile in (("baseline", case.baseline), ("target", case.target)):
        if profile.price is not None and profile.hosted is not None:
            found[f"{name}: USD a million tokens, in and out"] = [
                profile.price.input_usd_per_mtok.value, profile.price.output_usd_per_mtok.value,
            ]  # fmt: skip
            found[f"{name}: tokens/s"] = round(1 / profile.hosted.output_token_s.value)
            found[f"{name}: source"] = profile.hosted.output_token_s.source
    return found
