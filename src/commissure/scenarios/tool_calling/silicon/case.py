"""What is asked of which endpoint under which load; and its fleet, set up for that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.serving import EngineSettings
from commissure.scenarios.tool_calling.decoding.ways import WAYS, under
from commissure.scenarios.tool_calling.silicon.lengths import SPREAD, Lengths
from commissure.sim.engine.server import settings_of

FLEET = "tool-silicon"
SMALL = ("1b-inf2", "1b-trn2", "1b-h100")
LARGER = {"1b-inf2": ("8b-inf2",), "1b-trn2": ("8b-trn2", "70b-trn2"), "1b-h100": ("8b-h100", "70b-h100")}
"""Larger models on the same silicon."""
MOST_ANSWERS = 1024
Prompts = Literal["shared", "each"]


@dataclass(frozen=True, slots=True)
class Case:
    """`n` answers to a prompt, with masks made in this `way`, while so many other sequences are `busy`.

    prompts "shared": the engine's prefix cache has the prompt's full blocks from the first answer on. A vLLM engine
    computes a prompt of several answers once, and for each other answer what is left after its last full block;
    vLLM's on Neuron has a prefix cache too (aws-neuron/aws-neuron-sdk vllm-neuron features-guide.md), and the others
    then cost a prefill of the smallest bucket each, one after another. "each": without one, every answer computes the
    whole prompt. An engine of static shapes is compiled for just as many sequences, or for as many as `places` says.
    """

    endpoint: str
    way: str = "free"
    n: int = 1
    busy: int = 0
    lengths: Lengths = SPREAD
    prompts: Prompts = "shared"
    places: int = 0

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise unknown("way of masking", self.way, WAYS)
        if self.prompts not in get_args(Prompts):
            raise unknown("prompts", self.prompts, get_args(Prompts))
        if not 1 <= self.n <= MOST_ANSWERS or self.busy < 0:
            raise UsageError(
                f"a case has 1 to {MOST_ANSWERS} answers and 0 or more busy sequences, not n={self.n}, busy={self.busy}"
            )


@dataclass(frozen=True, slots=True)
class Work:
    """The questions of a case: their number, the length of each prompt, and the seconds in which one of several answers
    is chosen. `busy_lengths` are those of the other sequences' answers.
    """

    questions: int = 16
    prompt_tokens: int = 300
    selection_s: float = 1e-3
    busy_lengths: Lengths = SPREAD

    def __post_init__(self) -> None:
        if self.questions < 1 or self.prompt_tokens < 1 or self.selection_s < 0:
            raise UsageError(f"questions and prompt_tokens are from 1 on, selection_s from 0; not {self}")


def silicon() -> Fleet:
    """The fleet that comes with the package."""
    return Fleet.load(FLEET)


def set_up(fleet: Fleet, case: Case) -> tuple[EndpointSpec, Profile, Fleet]:
    """The endpoint alone, its engine set up for the case. Raises UsageError for an unknown one.

    Where no kernel makes masks on the chip, `chip` means the host, as in constrained-decoding.
    """
    specs = {spec.name: spec for spec in fleet.specs}
    if case.endpoint not in specs:
        raise unknown("endpoint", case.endpoint, specs)
    # All of the fleet at once: that a fleet has no chip for its masks is an error of the fleet, not of each endpoint.
    ready = under(fleet, case.way, case.places or case.n + case.busy, 0.0)
    spec = next(one for one in ready.specs if one.name == case.endpoint)
    profile = ready.profiles[spec.name]
    settings = settings_of(spec, profile)
    if case.prompts == "each":
        settings = settings.model_copy(update={"prefix_caching": False})
    profile = profile.model_copy(update={"engine": settings})
    return spec, profile, replace(ready, specs=(spec,), profiles={spec.name: profile})


def holds(settings: EngineSettings, case: Case, work: Work) -> bool:
    """Whether the engine has KV blocks for all of the case's sequences at once."""
    longest = work.prompt_tokens + max(case.lengths.most, work.busy_lengths.most)
    each = -(-longest // settings.block_tokens)
    return settings.kv_blocks is None or (case.n + case.busy) * each <= settings.kv_blocks


def blocks_shared(settings: EngineSettings, prompt_tokens: int) -> int:
    """Tokens of a prompt's full KV blocks; the last token is always computed."""
    return (prompt_tokens - 1) // settings.block_tokens * settings.block_tokens
