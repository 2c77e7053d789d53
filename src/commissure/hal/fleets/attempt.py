"""One attempt at a call: its money and tokens are reserved before it is sent, and settled however it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from math import ceil

from commissure.hal.call import Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import (
    BudgetExceeded,
    Disconnected,
    EndpointError,
    MalformedReply,
    NoAnswer,
    TruncatedStream,
    UsageError,
)
from commissure.hal.ledger import Amount, Ledger, Reservation
from commissure.hal.profiles.estimate import expected_usage, most_usage, text_tokens
from commissure.hal.reply import Chunk, Reply, Usage
from commissure.hal.resilience.limits import Amounts
from commissure.hal.resilience.race import Progress
from commissure.hal.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought no reply: an error, or a cancellation. `usage` and `cost_usd` are estimates.

    `outcome` is the name of the error's type; `cost_usd` is 0 where the provider certainly bills nothing.
    """

    call: Call
    endpoint: str
    outcome: str
    problem: str
    start_s: float
    total_s: float
    usage: Usage
    cost_usd: float


class Attempt:
    """The attempts of one call at one endpoint."""

    def __init__(
        self, rt: Runtime, endpoint: Endpoint, call: Call, ledger: Ledger, failed: Callable[[Failure], None]
    ) -> None:
        self.rt = rt
        self.endpoint = endpoint
        self.call = call
        self._ledger = ledger
        self._failed = failed
        prompts = ceil(call.n / endpoint.capabilities.answers_at_once)
        most = most_usage(call, endpoint.profile, prompts=prompts)
        self._most = Amount(endpoint.profile.price_usd(most), most.prompt_tokens + most.output_tokens, 1)

    def asked(self, *, reserves_output: bool) -> Amounts:
        """The quota that an attempt takes of the provider's rate limits."""
        usage = expected_usage(self.call, self.endpoint.profile)
        answer = usage.output_tokens if reserves_output else 0
        return Amounts(1, usage.prompt_tokens + answer, usage.prompt_tokens)

    @asynccontextmanager
    async def reserved(self) -> AsyncIterator[Sending]:
        """Reserve for one attempt, and settle it with the block. Raises BudgetExceeded."""
        reservation = self._ledger.reserve(self._most)
        sending = Sending(self)
        try:
            yield sending
        except BaseException as error:
            if sending.reply is None:
                self._settle_failed(reservation, sending, error)
            raise
        finally:
            if sending.reply is not None:
                self._settle(reservation, sending.reply)

    def _settle(self, reservation: Reservation, reply: Reply) -> None:
        usage = reply.usage
        used = Amount(reply.cost_usd, usage.prompt_tokens + usage.said_tokens, 1, reply.timing.total_s)
        if usage.estimated:
            self._ledger.estimate(reservation, used)
        else:
            self._ledger.commit(reservation, used)

    def _settle_failed(self, reservation: Reservation, sending: Sending, error: BaseException) -> None:
        """What may be billed for a call that was cut short: its prompt, and what was seen of the answer."""
        usage, cost_usd = Usage(0, 0, 0), 0.0
        total_s = self.rt.now() - sending.start_s
        if not sending.sent or _is_free(error):
            self._ledger.refund(reservation)
        elif isinstance(error, (NoAnswer, Disconnected)):
            self._ledger.estimate(reservation, Amount())
        else:
            profile = self.endpoint.profile
            prompt = expected_usage(self.call, profile).prompt_tokens
            said = min(sending.said_by(error), self.call.max_tokens * self.call.n)
            usage = Usage(prompt, 0, said, estimated=True)
            cost_usd = profile.price_usd(usage)
            self._ledger.estimate(reservation, Amount(cost_usd, prompt + usage.output_tokens, 1, total_s))
        if sending.sent:
            name, problem = type(error).__name__, getattr(error, "problem", str(error))
            start_s = sending.start_s
            self._failed(Failure(self.call, self.endpoint.name, name, problem, start_s, total_s, usage, cost_usd))


class Sending:
    """One attempt under way: what has come of it so far."""

    __slots__ = ("_call", "_endpoint", "_seen", "_streamed", "reply", "sent", "start_s")

    def __init__(self, attempt: Attempt) -> None:
        self._call = attempt.call
        self._endpoint = attempt.endpoint
        self.start_s = attempt.rt.now()
        self.sent = False
        self._seen = 0
        self._streamed = False
        self.reply: Reply | None = None

    async def answered(self, progress: Progress) -> Reply:
        """The reply; streamed where the endpoint's times show in a stream only."""
        if self._endpoint.capabilities.tells_times:
            self.sent = True
            self.reply = await self._endpoint.generate(self._call)
            return self.reply
        async with aclosing(self.chunks(progress)) as chunks:
            async for chunk in chunks:
                if chunk.reply is not None:
                    return chunk.reply
        raise TruncatedStream(self._endpoint.name, "its stream ended without a reply and without an error")

    async def chunks(self, progress: Progress) -> AsyncGenerator[Chunk, None]:
        """The reply in pieces."""
        self.sent = self._streamed = True
        async with aclosing(self._endpoint.stream(self._call)) as chunks:
            async for chunk in chunks:
                if chunk.reply is None:
                    progress.first_token()
                    self._seen += text_tokens(chunk.text, self._endpoint.profile)
                self.reply = chunk.reply
                yield chunk

    def said_by(self, error: BaseException) -> int:
        """About how many tokens were generated when this happened.

        As many as the endpoint told, or as were seen; a whole answer that came broken had been generated in full.
        """
        if isinstance(error, EndpointError) and error.said_tokens is not None:
            return max(self._seen, error.said_tokens)
        broken = isinstance(error, (MalformedReply, TruncatedStream))
        return self._call.max_tokens * self._call.n if broken and not self._streamed else self._seen


def quota_of(reply: Reply) -> Amounts:
    """The quota that an answered attempt has taken."""
    usage = reply.usage
    return Amounts(1, usage.prompt_tokens + usage.said_tokens, usage.computed_tokens)


def _is_free(error: BaseException) -> bool:
    """Whether the provider certainly bills nothing for an attempt that ended so."""
    if isinstance(error, EndpointError):
        return not error.may_bill
    return isinstance(error, (BudgetExceeded, UsageError))
