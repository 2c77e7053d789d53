"""Where the workflows that share an endpoint stand, and what a call's prompt costs there: what an evictor is told."""

from __future__ import annotations

from commissure.hal.call import Call
from commissure.hal.eviction import Moment
from commissure.hal.profiles.estimate import expected_usage
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.steptime import coefficients, prefill_features, seconds


class Standing:
    """Counts the calls of an endpoint and remembers who made the last one of each workflow."""

    def __init__(self) -> None:
        self._agents: dict[str, str] = {}
        self._step = 0

    def moment(self, call: Call) -> Moment:
        """The moment of a call that begins now."""
        self._agents[call.workflow] = call.agent
        others = tuple(agent for workflow, agent in self._agents.items() if workflow != call.workflow)
        self._step += 1
        return Moment(self._step - 1, call.agent, call.workflow, others, call.agent)

    def ended(self, workflow: str) -> None:
        """The workflow makes no more calls."""
        self._agents.pop(workflow, None)


def prompt_cost(call: Call, profile: Profile) -> float:
    """Seconds to compute the prompt; its tokens where the endpoint's step times are not known."""
    tokens = expected_usage(call, profile).prompt_tokens
    return seconds(coefficients(profile.step), prefill_features(tokens, 0)) if profile.step else float(tokens)
