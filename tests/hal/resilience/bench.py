"""A guarded endpoint that follows a script, and a trace of all that happens to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from commissure.hal.errors import (
    BudgetExceeded,
    MalformedReply,
    ModelRetired,
    NoAnswerInTime,
    QuotaExhausted,
    RateLimited,
    Refused,
    ServerFault,
    StreamFailed,
    TruncatedStream,
    Unreachable,
    Unsupported,
)
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.profiles.serving import Limits
from commissure.hal.resilience.guard import Guard
from commissure.hal.resilience.limits import Amounts
from commissure.hal.resilience.race import Progress
from commissure.hal.resilience.settings import Resilience
from commissure.hal.runtime import Runtime

ERRORS: dict[str, Callable[[], Exception]] = {
    "unreachable": lambda: Unreachable("e", "no connection", retryable=True),
    "silent": lambda: NoAnswerInTime("e", "silent", retryable=True),
    "fault": lambda: ServerFault("e", "broken", retryable=True, status=503),
    "malformed": lambda: MalformedReply("e", "HTML", retryable=True),
    "stream failed": lambda: StreamFailed("e", "overloaded", retryable=True),
    "truncated": lambda: TruncatedStream("e"),
    "limited": lambda: RateLimited("e", "tokens", 3.0, 429),
    "limited, no time": lambda: RateLimited("e", "tokens", None, 429),
    "refused": lambda: Refused("e", "wrong", status=400),
    "quota": lambda: QuotaExhausted("e", "no credit", status=402),
    "retired": lambda: ModelRetired("e", "gone", status=410),
    "budget": lambda: BudgetExceeded("too dear"),
    "unsupported": lambda: Unsupported("no images"),
    "bug": lambda: KeyError("bug"),
}
# Facts of hal/errors.py that the invariants are checked against.
RETRYABLE = ("unreachable", "silent", "fault", "malformed", "stream failed", "truncated", "limited", "limited, no time")
FAILURES = ("unreachable", "silent", "fault", "malformed", "stream failed", "truncated")
FREE = (
    "unreachable", "fault", "limited", "limited, no time", "refused", "quota", "retired", "budget", "unsupported",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What one attempt does: its first token, its end, and how it takes a cancellation; seconds from its start."""

    ends_s: float
    error: str = ""
    first_s: float | None = None
    cleanup_s: float = 0.0
    used: float = 1.0
    # It does not let itself be cancelled.
    stubborn: bool = False


class Seen(NamedTuple):
    """An entry of the trace. `what`: called, sent, first, an error's name, ok or cancelled, ended, returned, raised."""

    time_s: float
    what: str
    call: int
    number: int = 0
    amount: int = 0


class Bench:
    """A guard, and what its attempts did, in order."""

    def __init__(self, rt: Runtime, limits: dict[str, float] | None = None, **settings: Any) -> None:
        self.rt = rt
        self.settings = Resilience(**settings)
        self.guard = Guard(rt, "e", self.settings, limited(**limits) if limits else None)
        self.trace: list[Seen] = []
        self.under_way = self.most_under_way = 0
        # What else an attempt does when it is sent.
        self.on_sent: Callable[[], object] = lambda: None

    async def call(self, name: int, steps: Sequence[Step], tokens: int = 1) -> Any:
        """A call whose attempts follow the steps; the last step repeats."""
        asked, numbers = Amounts(1, tokens, tokens), iter(range(1000))

        async def attempt(progress: Progress) -> tuple[int, int, Amounts]:
            number = next(numbers)
            return await self._attempt(progress, name, number, steps[min(number, len(steps) - 1)], tokens)

        self.note("called", name)
        return (await self.guard.call(asked, attempt, lambda value: value[2]))[:2]

    async def outcome(self, name: int, steps: Sequence[Step], tokens: int = 1) -> Any:
        """The value of a call or its error, noted."""
        try:
            value = await self.call(name, steps, tokens)
        except Exception as error:
            self.note("raised", name)
            return error
        self.note("returned", name)
        return value

    def note(self, what: str, call: int, number: int = 0, amount: int = 0) -> None:
        self.trace.append(Seen(self.rt.now(), what, call, number, amount))

    def times(self, what: str, call: int | None = None) -> list[float]:
        """When it happened."""
        return [round(seen.time_s, 6) for seen in self.trace if seen.what == what and call in (None, seen.call)]

    async def _attempt(
        self, progress: Progress, name: int, number: int, step: Step, tokens: int
    ) -> tuple[int, int, Amounts]:
        rt, used = self.rt, int(tokens * step.used)
        self.note("sent", name, number, tokens)
        self.on_sent()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        kept = tokens
        try:
            with rt.scope(shield=step.stubborn):
                if step.first_s is not None:
                    await rt.sleep(step.first_s)
                    progress.first_token()
                    self.note("first", name, number)
                await rt.sleep(step.ends_s - (step.first_s or 0.0))
            if step.error:
                kept = 0 if step.error in FREE else tokens
                raise ERRORS[step.error]()
            kept = used
            self.note("ok", name, number)
            return name, number, Amounts(1, used, used)
        except Exception:
            self.note(step.error, name, number)
            raise
        except BaseException:
            self.note("cancelled", name, number)
            with rt.scope(shield=True):
                await rt.sleep(step.cleanup_s)
            raise
        finally:
            self.under_way -= 1
            self.note("ended", name, number, kept - tokens)


def limited(**values: float) -> Limits:
    """Rate limits by their names."""
    known = {name: Quantity(value=value, source="test", as_of=date(2026, 11, 22)) for name, value in values.items()}
    return Limits.model_validate(known)


def run(rt: Runtime, body: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await body()

    return rt.run(main)
