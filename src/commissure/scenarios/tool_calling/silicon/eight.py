"""Eight candidates at the latency of one: that claim computed for each chip and way of masking; all modelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.profiles.roofline import AS_OF
from commissure.scenarios.tool_calling.silicon.candidates import measure
from commissure.scenarios.tool_calling.silicon.case import LARGER, SMALL, Case, Work, set_up, silicon
from commissure.scenarios.tool_calling.silicon.lengths import EQUAL, SPREAD
from commissure.scenarios.tool_calling.silicon.split import Split, split
from commissure.scenarios.tool_calling.silicon.sweep import ways_of

STATEMENT = "Eight grammar-constrained candidates at the latency of one"
CLAIMED, TOLERANCE, N = 1.0, 0.05, 8
WAYS = ("free", "cpu", "cpu-overlapped", "chip")


@dataclass(frozen=True, slots=True)
class Eight:
    """latency(8) / latency(1) at one endpoint in one way, alone on its chip.

    `equal` counts batching, prompts, masks and the choice, with answers of equal length: what is judged. `spread`: with
    lengths that differ. `token`: from a token to the next only. `hidden`: as `equal`, were the batch's arithmetic done
    while the weights are read, where the roofline adds the two. `compiled`: as `equal`, beside one answer of the engine
    that is compiled for eight; None where shapes are not static. `each`: as `equal`, without a prefix cache. `larger`:
    what eight of the small model take of a larger model's one greedy answer on the same silicon, lengths of all equal.
    """

    endpoint: str
    way: str
    equal: float
    spread: float
    token: float
    hidden: float
    compiled: float | None
    each: float
    larger: Mapping[str, float]
    split: Split

    @property
    def reproduced(self) -> bool:
        """Whether `equal` is within the tolerance."""
        return self.equal <= CLAIMED + TOLERANCE

    def ratios(self) -> dict[str, float]:
        """All that there are, to three decimals."""
        found = {name: getattr(self, name) for name in ("equal", "spread", "token", "hidden", "compiled", "each")}
        found |= {f"of {name}'s one": value for name, value in self.larger.items()}
        return {name: round(value, 3) for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class EightAtOne:
    """The data of a claim: STATEMENT, CLAIMED, `sim()`, `inputs()`, whether it is reproduced, and why."""

    rows: tuple[Eight, ...]
    work: Work
    reproduced: bool
    why: str

    def sim(self) -> dict[str, dict[str, float]]:
        """The ratios, by endpoint and way."""
        return {f"{row.endpoint} {row.way}": row.ratios() for row in self.rows}

    def inputs(self) -> dict[str, Any]:
        """What it is computed from."""
        return {"n": N, "tolerance": TOLERANCE, "prompt_tokens": self.work.prompt_tokens,
                "equal_tokens": EQUAL.values[0], "spread_tokens": [min(SPREAD.values), max(SPREAD.values)],
                "selection_s": self.work.selection_s,
                "step times": "roofline (assumed): nobody published steps of llama-3.2-1b on these chips"}  # fmt: skip


def eight_at_one(work: Work | None = None, fleet: Fleet | None = None, endpoints: Sequence[str] = SMALL) -> EightAtOne:
    """All endpoints in all ways; takes seconds. Reproduced where it is so under a grammar on every chip."""
    work, fleet = work or Work(questions=64), fleet or silicon()
    rows = tuple(_eight(name, way, work, fleet) for name in endpoints for way in ways_of(fleet, name, WAYS))
    best = {name: min((row for row in rows if row.endpoint == name and row.way != "free"), key=_equal)
            for name in endpoints}  # fmt: skip
    return EightAtOne(rows, work, all(row.reproduced for row in best.values()), "; ".join(map(_why, best.values())))


def _eight(name: str, way: str, work: Work, fleet: Fleet) -> Eight:
    case = Case(name, way, N, 0, EQUAL)
    once = replace(work, questions=1)
    parts = split(replace(case, lengths=SPREAD), work, fleet)
    _, profile, _ = set_up(fleet, case)
    static = profile.engine is not None and profile.engine.buckets is not None
    hidden = arithmetic_hidden(fleet)
    return Eight(
        endpoint=name,
        way=way,
        equal=_ratio(case, replace(case, n=1), once, fleet),
        spread=parts.total,
        token=_token_s(case, once, fleet) / _token_s(replace(case, n=1), once, fleet),
        hidden=_ratio(case, replace(case, n=1), once, hidden),
        compiled=_ratio(case, replace(case, n=1, places=N), once, fleet) if static else None,
        each=_ratio(replace(case, prompts="each"), replace(case, n=1), once, fleet),
        larger={other: _ratio(case, replace(case, endpoint=other, n=1), once, fleet) for other in LARGER.get(name, ())},
        split=parts,
    )


def _ratio(several: Case, one: Case, work: Work, fleet: Fleet) -> float:
    return measure(several, work, fleet).latency_s / measure(one, work, fleet).latency_s


def _token_s(case: Case, work: Work, fleet: Fleet) -> float:
    """From a token to the next: between answers of the length and of half of it, which have the same prompts."""
    whole = case.lengths.values[0]
    half = replace(case.lengths, values=(whole // 2,))
    both = (measure(replace(case, lengths=lengths), work, fleet).latency_s for lengths in (case.lengths, half))
    return (next(both) - next(both)) / (whole - whole // 2)


def arithmetic_hidden(fleet: Fleet) -> Fleet:
    """The same fleet, if a step's first tokens were computed while the weights are read: so many as take as long."""

    def hiding(profile: Profile) -> Profile:
        if profile.step is None or not profile.step.token_s.value:
            return profile
        tokens = profile.step.fixed_s.value / profile.step.token_s.value
        source = "fixed_s / token_s: arithmetic beside reads"
        hidden = Quantity(value=tokens, source=source, as_of=AS_OF, assumed=True)
        return profile.model_copy(update={"step": profile.step.model_copy(update={"hidden_tokens": hidden})})

    return fleet.with_profiles({name: hiding(profile) for name, profile in fleet.profiles.items()})


def _equal(row: Eight) -> float:
    return row.equal


def _why(row: Eight) -> str:
    parts = row.split
    return (
        f"{row.endpoint}, masks {row.way}: {row.equal:.2f} with equal lengths = {parts.steps:.3f} steps of eight x "
        f"{parts.prompts:.3f} prompts x {parts.masks:.3f} masks; {row.spread:.2f} where lengths differ; from a token "
        f"to the next {row.token:.3f}; "
        + ", ".join(f"{value:.2f} of {name}'s one" for name, value in row.larger.items())
    )
