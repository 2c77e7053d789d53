"""Where the workflows that share an endpoint stand, and what a call's prompt costs there: what an evictor is told."""

from __future__ import annotations

from collections.abc import Hashable

from commissure.hal.call import Call
from commissure.hal.eviction import Moment
from commissure.hal.profiles.estimate import expected_usage
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.steptime import coefficients, prefill_features, seconds

# Workflows of which nobody says that they have ended are forgotten in the end.
MOST_WORKFLOWS = 256


class Standing:
    """Counts the uses of a cache from that number on, and remembers the node of each workflow's last one."""

    def __init__(self, first: int = 0) -> None:
        self._nodes: dict[str, str] = {}
        self._step = first

    def moment(self, node: str, workflow: str = "", key: Hashable = None) -> Moment:
        """The moment of a use that begins now."""
        self._nodes.pop(workflow, None)
        others = tuple(self._nodes.values())
        self._nodes[workflow] = node
        if len(self._nodes) > MOST_WORKFLOWS:
            del self._nodes[next(iter(self._nodes))]
        self._step += 1
        return Moment(self._step - 1, node, workflow, others, key)

    def ended(self, workflow: str) -> None:
        """The workflow makes no more calls."""
        self._nodes.pop(workflow, None)


def prompt_cost(call: Call, profile: Profile) -> float:
    """Seconds to compute the prompt; its tokens where the endpoint's step times are not known."""
    tokens = expected_usage(call, profile).prompt_tokens
    return seconds(coefficients(profile.step), prefill_features(tokens, 0)) if profile.step else float(tokens)
