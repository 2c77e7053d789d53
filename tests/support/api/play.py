"""Plays an answer to a client, as a stream or as a whole, at the server's pace and with its faults."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.support.api.answer import Answer
from tests.support.api.faults import Fault
from tests.support.api.flavours.base import Event, Flavour
from tests.support.api.http import LAST_CHUNK, Connection, chunk, head_of
from tests.support.api.record import Bill

# Raw UTF-8, as the providers send it: U+2028 stands in the text as it is.
dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
ANSWER_FIELDS = frozenset({"choices", "content", "delta", "content_block"})
FLUSH_BYTES = 65_536
JSON_TYPE = {"content-type": "application/json"}
SSE_TYPE = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
COMMENTS = b": keep-alive\n\n\n:\nid: 7\nretry: 3000\n"
BROKEN = b'data: {"id": "broken", "choices": [{"del\n\n'


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to the first token, and between two of them. `words_per_s` None: no time at all."""

    words_per_s: float | None
    first_s: float

    def after_s(self, step: int, fault: Fault | None) -> float:
        """When token number `step` is due, from the call's start."""
        gap_s = 0.0 if self.words_per_s is None else 1 / self.words_per_s
        slower = 2 if fault is not None and fault.name == "slow" else 1
        return 0.0 if step < 0 else slower * (self.first_s + step * gap_s)


def frame(event: Event, fault: str) -> bytes:
    """One server-sent event (html.spec.whatwg.org, 9.2.6), with the fault in its shape, chunked."""
    data = event.data
    if fault == "missing_field" and isinstance(data, dict):
        data = {name: value for name, value in data.items() if name not in ANSWER_FIELDS}
    text = data if isinstance(data, str) else dumps(data)
    if fault == "bad_json":
        text = text[: len(text) // 2]
    lines = b"event: %b\n" % event.name.encode() if event.name else b""
    lines += b"data: %b\n\n" % text.encode()
    if fault == "comments":
        lines = COMMENTS + lines
    if fault == "crlf":
        lines = lines.replace(b"\n", b"\r\n")
    return in_bytes(lines) if fault == "split_utf8" else chunk(lines)


def in_bytes(data: bytes) -> bytes:
    """Each byte in a chunk of its own: so a client sees them apart, however TCP joins them."""
    return b"".join(chunk(data[place : place + 1]) for place in range(len(data)))


@dataclass(slots=True)
class Play:
    """One answer on its way to one client. `bill` grows as tokens are generated."""

    connection: Connection
    flavour: Flavour
    answer: Answer
    pace: Pace
    fault: Fault | None
    bill: Bill
    headers: dict[str, str]

    async def run(self) -> None:
        """To the end of the answer or of the fault. Cancelled if the client goes."""
        now = asyncio.get_running_loop().time()
        self.answer.start_s = self.answer.first_s = self.answer.end_s = now
        await (self._stream() if self.answer.ask.stream else self._whole())

    @property
    def _shape(self) -> str:
        return "" if self.fault is None else self.fault.name

    async def _stream(self) -> None:
        connection, answer = self.connection, self.answer
        strikes = self.fault is not None and self.fault.where == "during"
        strike_at = 1 if self._shape == "stall" else max(1, answer.output_tokens // 2)
        out = bytearray(head_of(200, {**self.headers, **SSE_TYPE, "transfer-encoding": "chunked"}))
        for event in self.flavour.events(answer):
            await self._until(event.step, out)
            self._count(event.tokens)
            if event.data is not None:
                out += frame(event, self._shape)
            if len(out) > FLUSH_BYTES:
                self._flush(out)
                await connection.drain()
            if strikes and event.tokens and self.bill.output_tokens >= strike_at:
                strikes = False
                if await self._strike(out):
                    return
        out += LAST_CHUNK
        self._flush(out)

    async def _until(self, step: int, out: bytearray) -> None:
        loop = asyncio.get_running_loop()
        left_s = self.answer.start_s + self.pace.after_s(step, self.fault) - loop.time()
        if left_s > 0:
            self._flush(out)
            await self.connection.drain()
            await asyncio.sleep(left_s)

    def _count(self, tokens: int) -> None:
        if not tokens:
            return
        self.answer.end_s = asyncio.get_running_loop().time()
        if not self.bill.output_tokens:
            self.answer.first_s = self.answer.end_s
        self.bill.output_tokens += tokens

    def _flush(self, out: bytearray) -> None:
        if out:
            self.connection.write(bytes(out))
            out.clear()

    async def _strike(self, out: bytearray) -> bool:
        """The fault in the middle of the stream; whether that is its end."""
        if self._shape == "bad_event":
            out += chunk(BROKEN)
            return False
        if self._shape == "error_event":
            out += frame(self.flavour.error_event(), "")
        if self._shape == "cut":
            # Promises more bytes than come.
            out += b"%x\r\n%b" % (4096, BROKEN[:20])
        elif self._shape != "stall":
            out += LAST_CHUNK
        self._flush(out)
        if self._shape == "stall":
            await self.connection.gone()
        elif self._shape == "cut":
            self.connection.reset()
        return True

    async def _whole(self) -> None:
        await self._generate()
        fields: dict[str, Any] = self.flavour.body(self.answer)
        if self._shape == "missing_field":
            fields = {name: value for name, value in fields.items() if name not in ANSWER_FIELDS}
        body = dumps(fields).encode()
        if self._shape == "bad_json":
            body = body[: len(body) // 2]
        headers = {**self.headers, **JSON_TYPE}
        if self._shape == "split_utf8":
            head = head_of(200, {**headers, "transfer-encoding": "chunked"})
            self.connection.write(head + in_bytes(body) + LAST_CHUNK)
        elif self._shape in ("stall", "truncated", "cut"):
            head = head_of(200, {**headers, "content-length": str(len(body))})
            self.connection.write(head + body[: len(body) // 2])
            if self._shape == "stall":
                await self.connection.gone()
            elif self._shape == "cut":
                self.connection.reset()
            else:
                self.connection.transport.close()
        else:
            self.connection.reply(200, headers, body)

    async def _generate(self) -> None:
        """Takes the time of the longest choice, and bills what is generated by then, even if the client goes."""
        loop, answer = asyncio.get_running_loop(), self.answer
        lengths = [choice.tokens for choice in answer.choices]
        due = [self.pace.after_s(step, self.fault) for step in range(max(lengths))]
        answer.first_s += due[0] if due else 0.0
        try:
            if due and due[-1] > 0:
                await asyncio.sleep(answer.start_s + due[-1] - loop.time())
        finally:
            answer.end_s = loop.time()
            steps = sum(answer.start_s + one <= answer.end_s for one in due)
            self.bill.output_tokens = sum(min(steps, length) for length in lengths)
