"""The records of a recursion: what is asked of a sub-call, what came of it, and the whole answer. Frozen data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from commissure.hal.call import Call, Message
from commissure.hal.errors import UsageError, unknown
from commissure.hal.ledger import Amount, Budget

Kind = Literal["plan", "retrieve", "expand", "verify", "aggregate"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Demand = Literal["constant", "linear", "quadratic"]
"""How what must be read, or said, grows with the context: of a needle, of counting, of pairs (arXiv 2512.24601)."""
FailureKind = Literal[
    "budget", "depth", "wall", "endpoint", "room", "malformed", "no code", "bad code", "sandbox", "loop", "unbuilt",
    "context", "plan",
]  # fmt: skip
"""What a sub-call lacked: money, tokens or calls (budget), a level (depth), time (wall), an endpoint that answers
(endpoint) or that has room for it and can do it (room). What an answer lacked: its form (malformed). What a turn of
code lacked: code (no code), code that runs (bad code), a sandbox that bears it (sandbox), progress (loop), the answer
that it said was built (unbuilt). What a task lacked: a text (context), a plan (plan)."""
MOST_DEPTH = 8
# Where no tokenizer is at hand (assumed).
CHARACTERS_A_TOKEN = 4


def tokens_of(text: str) -> int:
    """About how many tokens a text is, at four characters each (assumed)."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Ask:
    """One sub-call. `depth` is 0 for the root model and one more for each level below; `parent` the step that asks.

    `schema` is sent where the endpoint takes one. `history` comes between `system` and `prompt`.
    """

    prompt: str
    kind: Kind
    depth: int = 1
    system: str = ""
    max_tokens: int = 256
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    stop: tuple[str, ...] = ()
    parent: int | None = None
    agent: str = ""
    history: tuple[Message, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of sub-call", str(self.kind), KINDS)

    @property
    def est_tokens(self) -> int:
        """About the tokens of its prompt and of the longest answer."""
        earlier = sum(tokens_of(one.text) for one in self.history)
        return tokens_of(self.system) + earlier + tokens_of(self.prompt) + self.max_tokens

    def call(self, tree: str) -> Call:
        """As it is sent for a recursion of this name. Raises UsageError for what no endpoint takes."""
        return Call(
            self.prompt, system=self.system, kind=self.kind, agent=self.agent or f"{tree} {self.kind}", workflow=tree,
            node=f"depth {self.depth}", max_tokens=self.max_tokens, schema=self.schema, stop=self.stop,
            history=self.history,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A sub-call that was answered, as step `step` of the trajectory. `finish` is as the endpoint says."""

    text: str
    step: int
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class Failed:
    """A sub-call, a turn or a recursion that brought no answer: never text, so that nobody counts it as data."""

    kind: FailureKind
    problem: str
    step: int | None = None


Outcome = Said | Failed


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one recursion may use, over all its depths; what is not given is not limited.

    `usd`, `tokens` and `calls` are reserved before each call. `wall_s` counts from the recursion's start: what is under
    way then is cut off. `depth` is how deep sub-calls may go: 0 for none. So many sub-calls run at once as `fan_out`.
    """

    usd: float = math.inf
    tokens: float = math.inf
    calls: float = math.inf
    wall_s: float = math.inf
    depth: int = 1
    fan_out: int = 8

    def __post_init__(self) -> None:
        for name in ("usd", "tokens", "calls", "wall_s"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not value >= 0:
                raise UsageError(f"{name} is a number from 0 on, not {value!r:.60}")
        if not isinstance(self.depth, int) or not 0 <= self.depth <= MOST_DEPTH:
            raise UsageError(f"depth is 0 to {MOST_DEPTH}, not {self.depth!r:.60}")
        if not isinstance(self.fan_out, int) or self.fan_out < 1:
            raise UsageError(f"fan_out is the number of sub-calls at once, from 1 on, not {self.fan_out!r:.60}")
        if not self.wall_s > 0:
            raise UsageError(f"wall_s is a number of seconds > 0, not {self.wall_s}")

    @property
    def budget(self) -> Budget:
        """What a ledger can keep of them."""
        return Budget(self.usd, self.tokens, self.calls)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recursion gave: its text, whether it is the whole answer, what failed on the way, and what it took.

    `text` is what was found even where it is not whole; empty where there was nothing. `value` is the same where the
    strategy builds more than a text. `used` counts every depth. `wall_s` is in seconds.
    """

    text: str
    complete: bool
    failures: tuple[Failed, ...] = ()
    used: Amount = field(default_factory=Amount)
    wall_s: float = 0.0
    strategy: str = ""
    value: Any = field(default=None, hash=False)
