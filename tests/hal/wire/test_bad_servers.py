"""Servers that answer what no server should: the answer is saved, or one typed error says what came, without keys."""

import gzip
import json
import pickle
from contextlib import aclosing
from typing import Any

import pytest

from commissure.hal import errors
from commissure.hal.call import Call
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.connect import connect
from commissure.hal.errors import EndpointError, MalformedReply, RateLimited, StreamFailed, UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import FailureRecord, Journal
from commissure.hal.keys import Key
from commissure.hal.provider import WireError
from commissure.hal.reply import Reply
from commissure.hal.wire import http
from commissure.hal.wire.refusals import refusal
from commissure.hal.wire.sse import event_data
from tests.hal.wire.test_adapters import profile
from tests.support.raw_server import framed, raw_server

KEY = "sk-bad-servers-0123456789"
SSE, JSON = "content-type: text/event-stream", "content-type: application/json"
USAGE = {"prompt_tokens": 5, "completion_tokens": 2}


def answer(**more: Any) -> bytes:
    choice = {"index": 0, "message": {"content": "hello"}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": USAGE} | more).encode()


def events(*said: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in said)


def delta(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


WHOLE = events(delta("hel"), delta("lo", "stop"), {"choices": [], "usage": USAGE})


def ask(url: str, stream: bool, monkeypatch: pytest.MonkeyPatch, provider: str = "compatible") -> Reply:
    monkeypatch.setenv("BAD_KEY", KEY)
    spec = EndpointSpec(
        name="bad", provider=provider, model="m", chip="undisclosed", base_url=url, key_variable="BAD_KEY", timeout_s=5
    )
    rt = LiveRuntime()

    async def main() -> Reply:
        async with connect(spec, profile(provider), rt) as endpoint:
            if not stream:
                return await endpoint.generate(Call("hi", max_tokens=8))
            async with aclosing(endpoint.stream(Call("hi", max_tokens=8))) as chunks:
                *_, last = [chunk async for chunk in chunks]
            assert last.reply is not None
            return last.reply

    return rt.run(main)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "error",
    [KEY, {"message": KEY, "code": KEY}, {"message": "x" * 190 + KEY}, {"message": KEY * 40}, "half a pair: \ud800"],
)
def test_an_error_in_place_of_an_answer_shows_no_key(error: Any, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"error": error}
    sent = framed(events(body), SSE) if stream else framed(json.dumps(body).encode(), JSON)
    with raw_server(sent) as url, pytest.raises(StreamFailed) as raised:
        ask(url, stream, monkeypatch)
    said = f"{raised.value}{raised.value.problem}"
    assert KEY[:8] not in said.replace("<BAD_KEY>", "")
    assert said.encode()


def test_no_part_of_a_long_key_is_shown() -> None:
    key = Key("LONG_KEY", "sk-" + "J" * 900)._text
    for content in (key.encode(), (key[:160] + " ").encode() * 9, f"{'x' * 700}{key}".encode()):
        Key("SHORT_KEY", key[:160])
        assert "JJJJ" not in str(refusal("e", "POST", 500, {}, content))


def test_a_reason_that_nobody_knows_holds_no_key_and_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for reason, shown in ((KEY, "<BAD_KEY>"), ("\ud800", "?"), ("eos", "eos")):
        choice = {"index": 0, "message": {"content": "hello"}, "finish_reason": reason}
        with raw_server(framed(answer(choices=[choice]), JSON)) as url:
            assert ask(url, False, monkeypatch).finish == shown


def test_a_field_named_like_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = {"message": {"content": "a"}, "logprobs": {"tokens": ["a"], "top_logprobs": [{KEY: "x"}]}}
    with raw_server(framed(answer(choices=[choice]), JSON)) as url, pytest.raises(MalformedReply) as raised:
        ask(url, False, monkeypatch)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("stream", [False, True])
def test_a_compressed_answer_is_read(stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    body = gzip.compress(WHOLE if stream else answer())
    with raw_server(framed(body, SSE if stream else JSON, "content-encoding: gzip")) as url:
        assert ask(url, stream, monkeypatch).text == "hello"
    lie = framed(answer(), JSON, "content-encoding: gzip")
    with raw_server(lie) as url, pytest.raises(MalformedReply, match="not gzip"):
        ask(url, stream, monkeypatch)


@pytest.mark.parametrize("sent", [WHOLE, WHOLE + b"data: [DONE]\n\n"])
def test_a_whole_answer_is_kept_though_its_stream_does_not_end(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(framed(sent, SSE), held=True) as url:
        reply = ask(url, True, monkeypatch)
    assert (reply.text, reply.usage.prompt_tokens, reply.usage.estimated) == ("hello", 5, False)


def test_a_whole_answer_is_kept_though_its_connection_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(framed(WHOLE, SSE, f"content-length: {len(WHOLE) + 9}")) as url:
        assert ask(url, True, monkeypatch).text == "hello"


@pytest.mark.parametrize("head", [framed(b"", SSE), framed(b"data: ", SSE), framed(b"", status="500 Oh")])
def test_an_answer_without_end_is_given_up(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 2**20)
    more = b": ping\n\n" if head.endswith(b"\r\n\r\n") else b"x" * 999
    with raw_server(head, over_and_over=more) as url, pytest.raises(MalformedReply, match="more than 1 MiB"):
        ask(url, True, monkeypatch)


def test_a_byte_order_mark_costs_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(framed(b"\xef\xbb\xbf" + WHOLE, SSE)) as url:
        assert ask(url, True, monkeypatch).text == "hello"


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_they_are_cut(end: bytes, size: int) -> None:
    whole = b"\xef\xbb\xbfdata: a\n\n: c\n\ndata: b\ndata:\xef\xbb\xbfc\n\ndata: d".replace(b"\n", end)

    async def cut() -> Any:
        for place in range(0, len(whole), size):
            yield whole[place : place + size]
            yield b""

    async def main() -> list[bytes]:
        return [one async for one in event_data(cut())]

    assert LiveRuntime().run(main) == [b"a", b"b\n\xef\xbb\xbfc", b"d"]


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -1200", "", "x", "Mon, 01 Jan 2024 00:00:00 +999999"])
def test_a_date_that_is_none_is_passed_over(date: str) -> None:
    error = refusal("e", "POST", 429, {"date": date, "retry-after": "Fri, 31 Dec 9999 23:59:59 -1200"}, b"{}")
    assert isinstance(error, RateLimited)


@pytest.mark.parametrize("url", ["http://xn--a/v1", "http://256.256.256.256:1", f"http://127.0.0.1:1/{'x' * 70_000}"])
def test_an_address_that_is_none_is_the_callers_fault(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ALLOW_REMOTE", True)
    with pytest.raises(UsageError, match="'bad': base_url is no"):
        ask(url, False, monkeypatch)


@pytest.mark.parametrize("value", ["\u00fc", "a\nb", "a\x01b"])
def test_a_variable_that_no_header_can_hold_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", value)
    with pytest.raises(UsageError, match="OPENAI_ORG_ID holds what no header can"):
        ask("http://127.0.0.1:1", False, monkeypatch, "openai")


def test_errors_pass_between_processes_and_keys_do_not() -> None:
    cut = errors.TruncatedStream("e")
    cut.said_tokens = 7
    for error in (errors.Refused("e", "p", status=404), cut, RateLimited("e", "q", 1.5), errors.CircuitOpen("e", 3, 2)):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
        assert isinstance(again, EndpointError)
    with pytest.raises(TypeError, match="BAD_KEY"):
        pickle.dumps(Key("BAD_KEY", KEY))


def test_half_a_pair_does_not_keep_a_record_from_the_journal(tmp_path: Any) -> None:
    record = FailureRecord(
        leg="", number=0, agent="a\ud800", kind="", endpoint="e", outcome="Refused", problem="p", prompt_tokens=0,
        output_tokens=0, start_s=0.0, total_s=0.0, cost_usd=0.0,
    )  # fmt: skip
    with Journal(tmp_path / "failures.jsonl") as journal:
        journal.append(record)
    again = FailureRecord.model_validate_json((tmp_path / "failures.jsonl").read_bytes())
    assert again == record.model_copy(update={"agent": "a?"})


def test_a_wire_error_is_cut_only_once_keys_are_out() -> None:
    from commissure.hal.wire.anthropic_wire import error_of
    from commissure.hal.wire.openai_read import wire_error

    for error in (wire_error("x" * 300), error_of({"error": {"type": "t", "message": "x" * 300}})):
        assert isinstance(error, WireError)
        assert len(str(error)) >= 300


def test_a_request_that_was_taken_and_dropped_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[str] = []
    with raw_server(b"", came=came) as url, pytest.raises(errors.Unreachable, match="disconnected"):
        ask(url, False, monkeypatch)
    assert len(came) == 1
