"""Whole runs: recorded over loopback, then replayed by the same adapters in virtual time."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import commissure as cm
from commissure.hal.errors import NotRecorded, ServerFault
from commissure.hal.journal import FailureRecord
from commissure.hal.record.recording import Recording
from tests.support.scripted_server import scripted_server

TIMINGS = {"cache_n": 90, "prompt_n": 10, "prompt_ms": 0.02, "predicted_n": 3, "predicted_ms": 0.03}
ANSWER = {"choices": [{"message": {"content": "caf\u00e9"}, "finish_reason": "stop"}], "timings": TIMINGS}
PRICE = {"input_usd_per_mtok": 3.0, "output_usd_per_mtok": 15.0, "as_of": "2026-01-01"}


def fleet(folder: Path, url: str, **resilience: Any) -> cm.Fleet:
    known = "\n".join(f"{name} = {json.dumps(value)}" for name, value in resilience.items())
    price = "\n".join(f"{name} = {value}" for name, value in PRICE.items())
    (folder / "fleet.toml").write_text(
        f'[[endpoints]]\nname = "e"\nprovider = "llama_cpp"\nmodel = "smollm2-135m"\nchip = "cpu"\n'
        f'base_url = "{url}"\n[endpoints.resilience]\n{known}\n[endpoints.price]\n{price}\n'
    )
    return cm.Fleet.load(folder / "fleet.toml")


async def three(rt: cm.Runtime, opened: cm.OpenFleet, word: str = "why") -> str:
    return cm.join([await opened.generate(cm.Call(f"{word} {number}", max_tokens=4)) for number in range(3)])


def test_a_replay_gives_what_the_live_run_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMACPP_API_KEY", "sk-of-the-request")
    with scripted_server(200, json.dumps(ANSWER).encode()) as url:
        one = fleet(tmp_path, url)
        live = cm.run(three, one, world="live", record=tmp_path)
    monkeypatch.delenv("LLAMACPP_API_KEY")
    assert "sk-of-the-request" not in (tmp_path / "exchanges.jsonl").read_text()
    again = [cm.run(three, one, world="sim", recording=tmp_path) for _ in range(2)]
    assert again[0].result == live.result == "\n\n".join(["caf\u00e9"] * 3)
    assert again[0].decision_hash == live.decision_hash
    assert again[0].cost_usd == live.cost_usd > 0
    assert again[0].trace_hash == again[1].trace_hash
    assert again[0].replayed_from == tmp_path / "exchanges.jsonl"
    exchanges = Recording.load(tmp_path).exchanges["e"]
    assert [call.total_s for call in again[0].calls] == pytest.approx([one.end_s for one in exchanges], abs=1e-6)
    assert again[0].time_s == pytest.approx(sum(one.end_s for one in exchanges), abs=1e-6)
    assert {call.timing for call in again[0].calls} == {"server"}
    with pytest.raises(NotRecorded, match=r"differs in messages.0.content: 'why 0' was recorded, 'who 0' is asked"):
        cm.run(three, one, "who", world="sim", recording=tmp_path)


EVENTS = (
    b"".join(
        b"data: " + json.dumps(event).encode() + b"\n\n"
        for event in (
            {"choices": [{"index": 0, "delta": {"content": "caf\u00e9"}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14}},
        )
    )
    + b"data: [DONE]\n\n"
)


def test_a_streamed_run_of_another_version_is_replayed_without_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fleet.toml").write_text(
        '[[endpoints]]\nname = "e"\nprovider = "openai"\nmodel = "gpt-5"\nchip = "undisclosed"\n'
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-request")
    with scripted_server(200, EVENTS) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v3")
        one = cm.Fleet.load(tmp_path / "fleet.toml")
        live = cm.run(three, one, world="live", record=tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    again = cm.run(three, one, recording=tmp_path)
    assert (again.result, again.cost_usd, again.decision_hash) == (live.result, live.cost_usd, live.decision_hash)
    exchanges = Recording.load(tmp_path).exchanges["e"]
    assert {one.path for one in exchanges} == {"/v3/chat/completions"}
    for call, exchange in zip(again.calls, exchanges, strict=True):
        assert call.first_s == pytest.approx(exchange.pieces[0][0], abs=1e-6)
        assert call.total_s == pytest.approx(exchange.end_s, abs=1e-6)
    assert "sk-of-the-request" not in (tmp_path / "exchanges.jsonl").read_text()


@contextmanager
def slow_at_first(slow_s: float) -> Iterator[str]:
    """A server whose every odd answer comes late; it is not waited for."""
    over, count = threading.Event(), itertools.count()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            if next(count) % 2 == 0:
                over.wait(slow_s)
            with suppress(OSError):
                body = json.dumps(ANSWER).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_hedges_are_won_and_lost_as_they_were(tmp_path: Path) -> None:
    with slow_at_first(60.0) as url:
        one = fleet(tmp_path, url, hedge=True, hedge_after_s=0.02)
        live = cm.run(three, one, world="live", record=tmp_path)
    again = cm.run(three, one, recording=tmp_path)
    assert len(again.failures) == len(live.failures) == 3
    assert {failure.outcome for failure in again.failures} <= {"Cancelled", "CancelledError"}
    assert again.decision_hash == live.decision_hash
    assert (again.cost_usd, again.uncertain_usd) == pytest.approx((live.cost_usd, live.uncertain_usd))
    ended = [one.ended for one in Recording.load(tmp_path).exchanges["e"]]
    assert ended == ["cut", "whole"] * 3
    winners = Recording.load(tmp_path).exchanges["e"][1::2]
    assert again.time_s == pytest.approx(sum(0.02 + one.end_s for one in winners), abs=1e-6)


def test_retries_and_their_waits_run_in_virtual_time(tmp_path: Path) -> None:
    with scripted_server(503, b"busy") as url:
        one = fleet(tmp_path, url, attempts=3, base_s=0.01, longest_s=0.02)
        live: list[FailureRecord] = []
        with pytest.raises(ServerFault, match="HTTP 503") as first:
            cm.run(three, one, world="live", record=tmp_path / "x.jsonl", on_failure=live.append)
    again: list[FailureRecord] = []
    with pytest.raises(ServerFault, match="HTTP 503") as second:
        cm.run(three, one, world="sim", recording=tmp_path / "x.jsonl", on_failure=again.append)
    assert (second.value.status, second.value.retryable) == (first.value.status, first.value.retryable) == (503, True)
    assert len(again) == len(live) == 3
    exchanges = Recording.load(tmp_path / "x.jsonl").exchanges["e"]
    # An error of the status is the client's: the exchange itself went well.
    assert {one.ended for one in exchanges} == {"whole"}
    assert [one.total_s for one in again] == pytest.approx([one.end_s for one in exchanges], abs=1e-6)
    waits = [later.start_s - one.start_s - one.total_s for one, later in itertools.pairwise(again)]
    assert all(0 < wait <= 0.02 for wait in waits)


def test_endpoints_without_http_answer_as_they_do(tmp_path: Path) -> None:
    null = cm.Fleet.load("null")
    live = cm.run(three, null, world="live", record=tmp_path)
    assert (tmp_path / "exchanges.jsonl").read_bytes() == b""
    assert cm.run(three, null, recording=tmp_path).result == live.result


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"world": "sim", "record": "."}, 'record is of live runs: give world="live"'),
        ({"world": "live", "recording": "."}, 'virtual time: give world="sim"'),
        ({"world": "sim", "recording": "nowhere.jsonl"}, "nowhere.jsonl: no recording"),
        ({"world": "live", "record": "nowhere/x.jsonl"}, "there is no folder"),
        ({"world": "sim", "recording": ".", "behaviour": object()}, "leave behaviour out"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    for name in ("record", "recording"):
        if name in options:
            options[name] = tmp_path / options[name]
    with pytest.raises(cm.UsageError, match=message):
        cm.run(three, cm.Fleet.load("null"), **options)


def test_a_recording_is_of_one_run(tmp_path: Path) -> None:
    null = cm.Fleet.load("null")
    cm.run(three, null, world="live", record=tmp_path)
    with pytest.raises(cm.UsageError, match="exists already"):
        cm.run(three, null, world="live", record=tmp_path)
