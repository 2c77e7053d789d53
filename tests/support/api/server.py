"""The server itself: takes requests, decides on faults and refusals, keeps the accounts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

from tests.support.api.answer import Answer, Usage, make_choices
from tests.support.api.ask import Ask, Body, Refusal
from tests.support.api.faults import Fault, without_stream
from tests.support.api.flavours import flavour
from tests.support.api.flavours.base import Load, Reply
from tests.support.api.http import Connection, Request
from tests.support.api.plan import FaultPlan
from tests.support.api.play import Pace, Play, dumps
from tests.support.api.prompt import PrefixCache
from tests.support.api.record import Bill, Seen, seen
from tests.support.api.refuse import headers_of, refuse, spoil

USAGE: dict[str, Usage] = {"no_usage": "none", "null_usage": "null", "late_usage_with_choices": "late"}


class ApiServer:
    """Stands in for one provider. `keep` False forgets each request and bill once it is in the totals."""

    def __init__(
        self,
        name: str,
        *,
        words_per_s: float | None = None,
        first_s: float = 0.0,
        key: str = "",
        models: Sequence[str] = ("test-model",),
        keep: bool = True,
    ) -> None:
        self.flavour = flavour(name)
        self.key = key
        self.requests: list[Seen] = []
        self.bills: list[Bill] = []
        self.bugs: list[BaseException] = []
        self.load = Load(tuple(models))
        self.port = 0
        self._pace = Pace(words_per_s, first_s)
        self._keep = keep
        self._cache = PrefixCache()
        self._connections: set[Connection] = set()
        plan = FaultPlan()
        self.play, self.play_share, self._next_fault = plan.play, plan.play_share, plan.next
        self._stopping = False

    @property
    def url(self) -> str:
        """Without /v1."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    @property
    def under_way(self) -> int:
        """Calls taken and not yet ended."""
        return self.load.running

    @property
    def cancelled(self) -> int:
        """Calls whose client went away before the end."""
        return self.load.totals.cancelled

    @property
    def _number(self) -> int:
        return self.load.totals.requests

    async def start(self) -> asyncio.Server:
        """Listens on a free port of the loopback."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self._answer, self._connections), "127.0.0.1", 0, backlog=4096
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def stop(self, server: asyncio.Server) -> None:
        """Stops listening and drops all connections; calls under way do not count as cancelled."""
        self._stopping = True
        server.close()
        while self._connections:
            for connection in [*self._connections]:
                connection.transport.abort()
            await asyncio.sleep(0)

    async def _answer(self, connection: Connection, request: Request) -> None:
        try:
            await self._take(connection, request)
        except Exception as error:
            self.bugs.append(error)
            connection.reply(500, {"content-type": "text/plain"}, f"a bug of the stand-in: {error!r}".encode())

    async def _take(self, connection: Connection, request: Request) -> None:
        self.load.totals.requests += 1
        came = seen(request)
        if self._keep:
            self.requests.append(came)
        kind = self.flavour.calls.get(request.path) if request.method == "POST" else None
        suffered = self._next_fault(request.path, kind is not None)
        if kind is None:
            await self._page(connection, request, came, suffered)
            return
        bill = Bill(came, "" if suffered is None else suffered.name)
        if self._keep:
            self.bills.append(bill)
        self.load.running += 1
        try:
            await self._call(connection, kind, bill, suffered)
        except asyncio.CancelledError:
            bill.cancelled = not self._stopping
            raise
        finally:
            self.load.running -= 1
            self.load.totals.add(bill)

    async def _call(self, connection: Connection, kind: str, bill: Bill, suffered: Fault | None) -> None:
        body = bill.request.body
        if suffered is not None and not (body or {}).get("stream"):
            suffered = without_stream(suffered)
        if await spoil(connection, self.flavour, suffered, bill.request, self._number):
            return
        try:
            self._check_key(bill.request)
            self.flavour.check(bill.request.headers)
            answer = self._begin(self._read(kind, body), suffered, bill)
        except Refusal as refusal:
            refuse(connection, self.flavour, refusal, bill.request, self._number)
            return
        try:
            headers = headers_of(self.flavour, answer.number)
            await Play(connection, self.flavour, answer, self._pace, suffered, bill, headers).run()
        finally:
            self.flavour.leave(answer)
        self.load.first_s.append(answer.first_s - answer.start_s)
        self.load.whole_s.append(answer.end_s - answer.start_s)

    def _read(self, kind: str, body: Body | None) -> Ask:
        try:
            if body is not None:
                return self.flavour.read(kind, body)
        except (AttributeError, KeyError, TypeError) as error:
            raise Refusal(400, "param", f"Malformed request: {error!r}") from error
        raise Refusal(400, "param", "The body is not a JSON object.")

    def _begin(self, ask: Ask, suffered: Fault | None, bill: Bill) -> Answer:
        name = "" if suffered is None else suffered.name
        choices = make_choices(ask, self._number, name == "split_utf8")
        answer = Answer(ask, self._number, int(time.time()), choices, sum(prompt.tokens for prompt in ask.prompts))
        answer.usage = USAGE.get(name, "normal")
        if self.flavour.caches(ask):
            for prompt in ask.prompts:
                found, new = self._cache.look_up(prompt)
                answer.cached_tokens += found
                answer.written_tokens += new if self.flavour.charges_writes else 0
        self.flavour.place(ask, answer)
        bill.prompt_tokens, bill.cached_tokens = answer.prompt_tokens, answer.cached_tokens
        bill.written_tokens = answer.written_tokens
        return answer

    def _check_key(self, came: Seen) -> None:
        if self.key and came.path not in self.flavour.open_paths and self.flavour.key_of(came.headers) != self.key:
            raise Refusal(401, "auth", "")

    async def _page(self, connection: Connection, request: Request, came: Seen, suffered: Fault | None) -> None:
        body = came.body or {}
        if await spoil(connection, self.flavour, suffered, came, self._number):
            return
        try:
            reply = self._own_page(request, body)
            if reply is None:
                self._check_key(came)
                get, post = self.flavour.get, self.flavour.post
                found = get(request.path, self.load) if request.method == "GET" else None
                reply = post(request.path, request.query, body) if request.method == "POST" else found
            if reply is None:
                raise Refusal(404, "path", "")
        except Refusal as refusal:
            refuse(connection, self.flavour, refusal, came, self._number)
            return
        data = reply.body if isinstance(reply.body, bytes) else dumps(reply.body).encode()
        connection.reply(reply.status, {"content-type": reply.media}, data)

    def _own_page(self, request: Request, body: Body) -> Reply | None:
        """GET /_bill: the totals. POST /_play: faults to come, or a share of them with a seed."""
        if request.path == "/_bill":
            state = {"open_connections": self.open_connections, "under_way": self.under_way}
            return Reply(asdict(self.load.totals) | state)
        if request.path == "/_play":
            names = body.get("faults", [])
            self.play_share(body["share"], body.get("seed", 0), *names) if "share" in body else self.play(*names)
            return Reply({"ok": True})
        return None
