"""The seam of routing. A policy returns a value and acts on nothing: no I/O, no clock, no dice."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from commissure.hal.call import Call
from commissure.hal.capabilities import Capabilities
from commissure.hal.errors import UsageError
from commissure.hal.profiles.estimate import expected_usage, json_tokens
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint as a router sees it."""

    name: str
    profile: Profile
    capabilities: Capabilities
    running: int

    def price_usd(self, call: Call) -> float:
        """About what the call costs here at its full length."""
        return self.profile.price_usd(expected_usage(call, self.profile))

    def can_serve(self, call: Call) -> bool:
        """Whether prompt and each answer fit this endpoint's context, and the call asks for nothing that it lacks."""
        usage = expected_usage(call, self.profile)
        return usage.prompt_tokens + usage.output_tokens // call.n <= self.room_tokens and not self.lacks(call)

    @property
    def room_tokens(self) -> float:
        """The most tokens of a prompt and its answer here; infinite where no limit is known."""
        context = self.profile.context_tokens
        return min(context.value if context else math.inf, self.capabilities.context_tokens or math.inf)

    def lacks(self, call: Call) -> list[str]:
        """What the call asks for that this endpoint cannot do."""
        return self.capabilities.missing(call) or (["images"] if call.images and not self._sees() else [])

    def refusal(self, call: Call) -> str:
        """Why it cannot serve the call, in words: what it lacks, or what does not fit."""
        lacking, usage = self.lacks(call), expected_usage(call, self.profile)
        if lacking:
            return "no " + ", ".join(lacking)
        needed = f"about {usage.prompt_tokens:,} tokens of prompt and {usage.output_tokens // call.n:,} of answer"
        return f"{needed}; room for {self.room_tokens:,.0f}"

    def _sees(self) -> bool:
        model = models().get(self.profile.model)
        return model is not None and model.vision is not None


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """The fleet at the moment of a decision, the `number`-th of the run."""

    candidates: tuple[Candidate, ...]
    number: int = 0

    def able(self, call: Call) -> tuple[Candidate, ...]:
        """The endpoints that can serve the call. Raises UsageError if there is none."""
        able = tuple(one for one in self.candidates if one.can_serve(call))
        if not able:
            names = ", ".join(f"{one.name} ({one.refusal(call)})" for one in self.candidates)
            json = json_tokens(call)
            raise UsageError(
                f"no endpoint can serve a call of about {len(call.system.split()) + len(call.prompt.split())} words"
                + (f" and {json:,} tokens of JSON (schema and tools)" if json else "")
                + f" with max_tokens={call.max_tokens}, min_tokens={call.min_tokens}. In the fleet: {names}."
            )
        return able


class Router(ABC):
    """Which endpoint serves a call."""

    @abstractmethod
    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """One of `fleet.able(call)`."""


class FirstAble(Router):
    """The first endpoint of the fleet that can serve the call."""

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """The first of `fleet.able(call)`."""
        return fleet.able(call)[0]
