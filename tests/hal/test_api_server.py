"""The server that stands in for the providers streams, breaks and keeps its accounts as adapter tests rely on."""

import asyncio
import json
import socket

import httpx
import pytest

from tests.support.api import FAULTS, ApiServer, api_process, api_server, settled
from tests.support.api.hear import ANTHROPIC, PLAIN, PROMPT, body_of, hear, path_of
from tests.support.api.play import Pace

# What a client sees of each fault, in a stream and without one. "" is a whole answer.
NO_STREAM_EFFECT = dict.fromkeys(("late_usage_with_choices", "comments", "crlf", "slow", "split_utf8"), "")
SEEN_PLAIN = NO_STREAM_EFFECT | {
    **{name: "refused" for name, fault in FAULTS.items() if fault.where == "refuse"},
    **dict.fromkeys(("html", "empty", "bad_json", "bad_event"), "JSONDecodeError"),
    **dict.fromkeys(("close", "truncated"), "RemoteProtocolError"),
    **dict.fromkeys(("reset", "cut"), "ReadError"),
    **dict.fromkeys(("hang", "stall"), "ReadTimeout"),
    "error_event": "refused",
    "missing_field": "",
    "no_usage": "",
    "null_usage": "",
}
SEEN_STREAM = SEEN_PLAIN | {"truncated": "", "error_event": "error event"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["openai", "anthropic", "cerebras"])
def test_every_fault_shows_and_bills_as_its_table_says(name: str, stream: bool) -> None:
    seen = SEEN_STREAM if stream else SEEN_PLAIN
    assert seen.keys() == FAULTS.keys()
    with api_server(name) as server:
        plain = hear(server, stream)
        for one, fault in FAULTS.items():
            server.play(one)
            heard = hear(server, stream, 0.1 if fault.waits else 20.0)
            bill = server.bills[-1]
            assert settled(lambda: server.under_way == 0)
            spoilt = one == "missing_field"
            assert spoilt or heard.error == seen[one], one
            assert (one, heard.status) == (one, fault.status if stream or one != "error_event" else 500)
            billed = "nothing" if one == "error_event" and not stream else fault.billed
            assert (bill.prompt_tokens > 0) == (billed != "nothing"), one
            least, most = {"nothing": (0, 0), "so far": (1, 4 if stream else 8), "all": (8, 8)}[billed]
            assert least <= bill.output_tokens <= most, one
            assert bill.cancelled == fault.waits
            whole = billed == "all" and one not in ("bad_json", "missing_field", "bad_event")
            assert spoilt or (heard.finish is not None) == whole, one
            assert spoilt or bool(heard.usage) == (whole and one not in ("no_usage", "null_usage")), one
            if whole and one != "split_utf8":
                assert heard.text == plain.text, one
            assert not (spoilt and heard.text)
        assert settled(lambda: server.open_connections == 0)
        assert server.cancelled == 2


@pytest.mark.parametrize(
    ("fault", "there", "usages"),
    [
        ("comments", b"\n\n: keep-alive\n\n", 1),
        ("crlf", b"}\r\n\r\ndata: {", 1),
        ("no_usage", b"data: [DONE]\n\n", 0),
        ("null_usage", b'"choices":[],"usage":null', 0),
        ("late_usage_with_choices", b'"finish_reason":"length","delta":{}}],"usage":{', 1),
        ("bad_event", b'"choices": [{"del\n\ndata: {', 1),
        ("truncated", b"data: {", 0),
    ],
)
def test_the_shape_of_a_stream_is_in_its_bytes(fault: str, there: bytes, usages: int) -> None:
    with api_server("together") as server:
        usual = hear(server, True).data
        server.play(fault)
        data = hear(server, True).data
    assert there in data
    assert (there in usual) == (fault in ("no_usage", "truncated"))
    assert (usual.count(b'"usage":{'), data.count(b'"usage":{')) == (1, usages)
    assert data.endswith(b"[DONE]\r\n\r\n" if fault == "crlf" else b"}\n\n" if fault == "truncated" else b"[DONE]\n\n")


def test_a_slow_answer_takes_twice_the_time() -> None:
    pace = Pace(words_per_s=10, first_s=0.5)
    for step in (0, 1, 7):
        assert pace.after_s(step, FAULTS["slow"]) == 2 * pace.after_s(step, FAULTS["crlf"]) > 0
    assert pace.after_s(-1, None) == 0


def test_many_streams_at_once_are_each_whole_and_leave_nothing() -> None:
    async def one(port: int, request: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        data = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert data.endswith(b"[DONE]\n\n\r\n0\r\n\r\n")
        return data.count(b'"content":"') - 1

    async def all_of(server: ApiServer) -> list[int]:
        body = json.dumps(body_of(server, True)).encode()
        head = f"POST {path_of(server)} HTTP/1.1\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        return await asyncio.gather(*(one(server.port, head.encode() + body) for _ in range(200)))

    with api_server("openai", words_per_s=100, first_s=0.05) as server:
        assert asyncio.run(all_of(server)) == [8] * 200
        assert settled(lambda: server.open_connections == server.under_way == 0)
        assert sum(bill.output_tokens for bill in server.bills) == 1600
        assert server.cancelled == 0


def test_split_utf8_comes_byte_by_byte_with_line_separators() -> None:
    with api_server("openai") as server:
        server.play("split_utf8", "split_utf8")
        streamed, whole = hear(server, True), hear(server, False)
    assert streamed.text == whole.text
    assert {"\u2028", "\u0085", "🙂"} <= {*streamed.text}
    assert streamed.parts > 1000


@pytest.mark.parametrize(
    ("name", "fields"), [("openai", {"error"}), ("cerebras", {"message", "type", "code", "param"})]
)
def test_refusals_carry_what_a_client_decides_by(name: str, fields: set[str]) -> None:
    with api_server(name) as server, httpx.Client(base_url=server.url, **PLAIN) as client:
        kinds = ("http_429", "http_429_date", "http_429_spent", "http_401", "http_400_param")
        server.play(*kinds)
        key = {"authorization": "Bearer sk-secret"}
        got = {
            kind: client.post(path_of(server), json=body_of(server, False), headers=key, timeout=20) for kind in kinds
        }
    assert got["http_429"].headers["retry-after"] == "0.05"
    assert any("remaining" in header and value == "0" for header, value in got["http_429"].headers.items())
    assert got["http_429_date"].headers["retry-after"].endswith("GMT")
    assert "retry-after" not in got["http_429_spent"].headers
    assert "insufficient_quota" in got["http_429_spent"].text
    assert "sk-secret" in got["http_401"].text
    assert '"param":"temperature"' in got["http_400_param"].text
    assert fields <= got["http_401"].json().keys()


def test_tokens_stream_as_they_come_and_a_client_that_leaves_is_counted() -> None:
    with api_server("vllm", words_per_s=50) as server, httpx.Client(**PLAIN) as client:
        body = body_of(server, True, max_tokens=10_000)
        with client.stream("POST", server.url + path_of(server), json=body) as got:
            lines = (line for line in got.iter_lines() if "content" in line and '"content":""' not in line)
            next(lines)
            early = server.bills[0].output_tokens
            assert settled(lambda: server.bills[0].output_tokens > early)
            assert server.under_way == 1
        assert settled(lambda: server.cancelled == 1 and server.under_way == 0)
        assert 1 <= early < server.bills[0].output_tokens < 10_000
        assert server.bills[0].prompt_tokens == 14


def test_a_whole_answer_that_nobody_waits_for_bills_what_was_generated() -> None:
    with api_server("anthropic", words_per_s=50) as server:
        assert hear(server, False, 0.2, max_tokens=10_000).error == "ReadTimeout"
        assert settled(lambda: server.cancelled == 1)
        assert 1 <= server.bills[0].output_tokens < 10_000


def test_two_requests_in_one_packet_are_answered_in_order_on_one_connection() -> None:
    with api_server("openai") as server:
        both = b""
        for seed in (1, 2):
            body = json.dumps(body_of(server, False, seed=seed)).encode()
            both += b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(both[:100])
            raw.sendall(both[100:])
            got = b""
            while got.count(b"total_tokens") < 2:
                got += raw.recv(65536)
            assert server.open_connections == 1
    first, second = got.index(b'"content":"year'), got.index(b'"content":"people')
    assert first < second


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413),
        (b"GET /" + b"x" * 70_000, 431),
    ],
)
def test_what_is_no_request_is_refused(sent: bytes, status: int) -> None:
    with api_server("openai") as server, socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(sent)
        assert raw.recv(65536).startswith(b"HTTP/1.1 %d " % status)


def test_a_key_is_asked_for_where_the_provider_does() -> None:
    for name, header in (("vllm", "authorization"), ("anthropic", "x-api-key")):
        with api_server(name, key="right") as server, httpx.Client(base_url=server.url, **PLAIN) as client:
            for value, status in (("wrong", 401), ("right", 200)):
                headers = ANTHROPIC | {header: f"Bearer {value}" if header == "authorization" else value}
                assert client.get("/v1/models", headers=headers).status_code == status
                assert client.post(path_of(server), json=body_of(server, False), headers=headers).status_code == status
            assert [seen.headers.get(header, "")[-5:] for seen in server.requests] == ["wrong"] * 2 + ["right"] * 2
            if name == "vllm":
                assert client.get("/health").status_code == 200


def test_a_share_of_faults_is_the_same_for_a_seed() -> None:
    def played(seed: int) -> list[str]:
        with api_server("openai") as server:
            server.play_share(0.4, seed, "http_500", "empty")
            for _ in range(40):
                hear(server, False)
            return [bill.fault for bill in server.bills]

    assert played(1) == played(1) != played(2)
    assert {*played(1)} == {"", "http_500", "empty"}


def test_a_page_can_suffer_faults_of_its_own() -> None:
    with api_server("openai") as server, httpx.Client(base_url=server.url, **PLAIN) as client:
        server.play("http_503", "html", path="/v1/models")
        assert hear(server, False).finish == "length"
        assert [client.get("/v1/models").status_code for _ in range(3)] == [503, 200, 200]
        assert client.get("/v1/models").json()["data"][0]["id"] == "test-model"
        assert client.get("/elsewhere").status_code == 404
    assert len(server.bills) == 1


def test_the_server_stops_while_calls_are_under_way() -> None:
    with socket.socket() as raw:
        with api_server("openai", words_per_s=1) as server:
            raw.connect(("127.0.0.1", server.port))
            body = json.dumps(body_of(server, True)).encode()
            raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            assert settled(lambda: server.under_way == 1 and server.bills[0].output_tokens == 1)
        assert (server.open_connections, server.under_way, server.cancelled) == (0, 0, 0)
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", server.port)):
            pass


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with api_server("openai") as server, pytest.raises(ValueError, match="there are reset"):
        server.play("http_418")
    with pytest.raises(ValueError, match="there are openai"):
        ApiServer("elsewhere")


def test_a_process_of_its_own_gives_its_totals() -> None:
    with api_process("cerebras", "--fault", "http_503", "--model", "big") as server:
        url, body = f"{server.url}/v1/chat/completions", {"model": "big", "max_tokens": 5}
        body["messages"] = [{"role": "user", "content": PROMPT}]
        with httpx.Client(**PLAIN) as client:
            got = [client.post(url, json=body).status_code for _ in range(3)]
            server.play("reset")
            with pytest.raises(httpx.ReadError):
                client.post(url, json=body)
        bill = server.bill()
    assert got == [503, 200, 200]
    assert bill == bill | {"calls": 4, "output_tokens": 10, "prompt_tokens": 28, "cached_tokens": 8, "under_way": 0}
    assert bill["faults"] == {"http_503": 1, "reset": 1}
