"""Which token counts would make a claim true: solved for, never put into the claim's own judgement."""

from __future__ import annotations

from dataclasses import dataclass, replace

from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import Profile
from commissure.scenarios.deep_context.economics.tornado import Case
from commissure.scenarios.deep_context.economics.work import Work, bill


@dataclass(frozen=True, slots=True)
class Needed:
    """Tokens at the target for each of the baseline's that would give the claimed ratio, of money and of time.

    None where nothing was claimed; 0 or less where the calls alone, without any token, already take too long.
    """

    for_money: float | None
    for_time: float | None


def needed(case: Case, faster: float | None, cheaper: float | None) -> Needed:
    """Exact: money and time are straight lines in the number of tokens, calls being as many. Raises UsageError."""
    for claimed in (faster, cheaper):
        if claimed is not None and claimed <= 0:
            raise UsageError(f"a ratio is above 0, not {claimed}")
    baseline = bill(case.work, case.baseline)
    one, two = (bill(_work_of(case, ratio), case.target) for ratio in (1.0, 2.0))
    return Needed(
        None if cheaper is None else _solved(baseline.usd / cheaper, one.usd, two.usd),
        None if faster is None else _solved(baseline.seconds / faster, one.seconds, two.seconds),
    )


def told(found: Needed) -> str:
    """In words."""
    pairs = (("price", found.for_money), ("time", found.for_time))
    parts = [
        f"the {word} ratio would come of {ratio:.2f} tokens at the target for each of the baseline's"
        if ratio > 0
        else f"the {word} ratio would come of no number of tokens"
        for word, ratio in pairs
        if ratio is not None
    ]
    return ", ".join(parts)


def at_equal_tokens(one: Profile, other: Profile) -> tuple[float, float]:
    """The least and the most that `other` can cost for each dollar of `one`, whatever the split into read and said.

    A mean of the two price ratios, weighted by money, lies between them. Raises UsageError for one without prices.
    """
    if one.price is None or other.price is None:
        raise UsageError(f"{one.provider} and {other.provider} need prices by the token to be compared")
    read = other.price.input_usd_per_mtok.value / one.price.input_usd_per_mtok.value
    said = other.price.output_usd_per_mtok.value / one.price.output_usd_per_mtok.value
    return min(read, said), max(read, said)


def _work_of(case: Case, ratio: float) -> Work:
    return replace(
        case.work, read=ratio * case.work.read, said=ratio * case.work.said, at_once=case.target_at_once,
        hidden=case.target_hidden,
    )  # fmt: skip


def _solved(wanted: float, at_one: float, at_two: float) -> float:
    slope = at_two - at_one
    return (wanted - (at_one - slope)) / slope
