"""What is recorded is played again to the byte and to the microsecond, and no key is ever in the file."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal import errors, keys
from commissure.hal.errors import EndpointError, NotRecorded, RateLimited, TruncatedStream, Unreachable, UsageError
from commissure.hal.keys import read_key
from commissure.hal.record import recorder
from commissure.hal.record.exchange import RaisedError
from commissure.hal.record.recording import Recording
from commissure.sim.runtime import SimRuntime
from tests.hal.record.script import HEADERS, Script, only, play, record
from tests.support.worlds import on_both_runtimes

KEY = "sk-very/secret-key"
GAPS = st.floats(0, 1e3, allow_nan=False)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(keys, "_READ", {})
    monkeypatch.setenv("SOME_API_KEY", KEY)
    assert read_key("e", ["SOME_API_KEY"], required=True)
    return KEY


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(GAPS, st.binary(max_size=30)), max_size=8), st.booleans(), GAPS)
def test_any_bytes_at_any_times_come_again(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[float, bytes]], fails: bool, headers_s: float
) -> None:
    path, rt = tmp_path_factory.mktemp("r") / "x.jsonl", SimRuntime()
    error = TruncatedStream("e") if fails else None
    (heard,) = record(rt, path, Script(rt, pieces, headers_s=headers_s, error=error))
    (again,) = play(SimRuntime(), path)
    assert [piece for _, piece in again.pieces] == [piece for _, piece in heard.pieces] == [one for _, one in pieces]
    assert [at_s for at_s, _ in again.pieces] == pytest.approx([at_s for at_s, _ in heard.pieces], abs=1e-9)
    assert again.end_s == pytest.approx(heard.end_s, abs=1e-9)
    assert (type(again.error), str(again.error)) == (type(heard.error), str(heard.error))
    assert (again.status, again.headers) == (200, HEADERS)
    assert again.headers_s == pytest.approx(headers_s, abs=1e-9)


def test_a_character_split_over_pieces_survives(tmp_path: Path) -> None:
    path, rt = tmp_path / "x.jsonl", SimRuntime()
    whole = "data: caf\u00e9 \U0001f600\n\n".encode()
    pieces = [(0.1, whole[:10]), (0.1, whole[10:14]), (0.1, whole[14:16]), (0.1, whole[16:])]
    record(rt, path, Script(rt, pieces))
    assert {coding for _, _, coding in only(path).pieces} == {"text", "base64"}
    assert b"".join(piece for _, piece in play(SimRuntime(), path)[0].pieces) == whole


@pytest.mark.parametrize("cut", range(1, len(KEY)))
def test_a_key_never_reaches_the_file(tmp_path: Path, key: str, cut: int) -> None:
    path, rt = tmp_path / "x.jsonl", SimRuntime()
    headers = HEADERS | {"x-request-key": key, "set-cookie": "a", "x-ratelimit-limit-requests": key, "Date": "now"}
    pieces = [(0.1, b"you sent " + key[:cut].encode()), (0.1, key[cut:].encode() + b"\xff!")]
    error = TruncatedStream("e", f"it broke behind {key}")
    body = json.dumps({"messages": [{"content": f"my key is {key}"}], key: 1}).encode()
    record(rt, path, Script(rt, pieces, headers=headers, error=error), body)
    text = path.read_text()
    assert key not in text
    assert "SOME_API_KEY" in text
    exchange = only(path)
    assert b"".join(data for _, data in exchange.answer()) == b"you sent " + b"*" * len(key) + b"\xff!"
    assert exchange.headers.keys() == {"content-type", "x-ratelimit-limit-requests", "date"}
    # The same request finds its answer.
    assert len(play(SimRuntime(), path, body)[0].pieces) == 2


@on_both_runtimes
@pytest.mark.parametrize(("give_up_s", "status", "seen"), [(0.1, None, 0), (0.5, 200, 1), (1.0, 200, 2)])
def test_a_cancelled_exchange_is_kept_as_far_as_it_came(
    make_runtime: Any, tmp_path: Path, give_up_s: float, status: int | None, seen: int
) -> None:
    path, rt = tmp_path / "x.jsonl", make_runtime()
    record(rt, path, Script(rt, [(0.15, b"one"), (0.35, b"two"), (0.35, b"three")]), give_up_s=give_up_s)
    exchange = only(path)
    assert (exchange.ended, exchange.status, len(exchange.pieces)) == ("cut", status, seen)
    assert exchange.end_s == pytest.approx(give_up_s)
    # Given up again at the same moment, it is not heard of; waited for, it says what is missing.
    assert play(make_runtime(), path, give_up_s=give_up_s + 1.0) == []
    (waited,) = play(make_runtime(), path)
    assert isinstance(waited.error, NotRecorded)
    assert f"recorded for {give_up_s:.3f} s only, when we gave it up" in str(waited.error)


@on_both_runtimes
@pytest.mark.parametrize("refuses", [True, False])
def test_an_error_is_raised_again_with_its_fields(make_runtime: Any, tmp_path: Path, refuses: bool) -> None:
    path, rt = tmp_path / "x.jsonl", make_runtime()
    error = RateLimited("e", "tokens a minute", 2.5, 429) if refuses else Unreachable("e", "gone", retryable=True)
    record(rt, path, Script(rt, [(0.1, b"half")], error=error, refuses=refuses))
    (again,) = play(make_runtime(), path)
    assert type(again.error) is type(error)
    assert str(again.error) == str(error)
    assert vars(again.error) == vars(error)
    assert again.end_s == pytest.approx(0.25 if refuses else 0.35)


def made(kind: type[EndpointError]) -> EndpointError:
    special: dict[str, tuple[Any, ...]] = {"RateLimited": ("rpm", None), "CircuitOpen": (3, 1.5)}
    return kind("e", *special.get(kind.__name__, ("a problem",)))


KINDS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, EndpointError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_goes_through_a_line(kind: type[EndpointError]) -> None:
    error = made(kind)
    again = RaisedError.model_validate_json(RaisedError.of(error).model_dump_json()).again()
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))
    assert again.may_bill == error.may_bill


def test_equal_requests_are_answered_in_the_order_sent_and_no_more_often(tmp_path: Path) -> None:
    path, rt = tmp_path / "x.jsonl", SimRuntime()
    for answer in (b"first", b"second"):
        record(rt, path, Script(rt, [(0.1, answer)]), b'{"a":1,"b":2}')
    # Each run's clock began at 0: the lines of equal times stay in their order.
    one, two, three = play(SimRuntime(), path, b'{"b":2,"a":1}', b'{"a":1,"b":2}', b'{"a":1,"b":2}')
    assert [one.pieces[0][1], two.pieces[0][1]] == [b"first", b"second"]
    assert "was recorded 2 times with this body, and is asked once more" in str(three.error)


def test_what_was_never_recorded_names_the_nearest_and_what_differs(tmp_path: Path) -> None:
    path, rt = tmp_path / "x.jsonl", SimRuntime()
    text = "word " * 50
    record(rt, path, Script(rt), b'{"n":[1,{"text":"other"}]}', json.dumps({"n": [1, {"text": text}]}).encode())
    asked = json.dumps({"n": [1, {"text": text[:200] + "W" + text[201:]}], "seed": 3}).encode()
    (heard,) = play(SimRuntime(), path, asked)
    assert isinstance(heard.error, NotRecorded)
    assert not heard.error.retryable
    assert "sent at 0.250 s, differs in n.1.text: '...word word word word word" in str(heard.error)
    assert "Word" in str(heard.error)
    assert "seed: nothing was recorded, 3 is asked" in str(heard.error)
    elsewhere = Recording(path, {})
    assert elsewhere.version("e") == "/v1"


def test_what_is_too_long_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_BYTES", 5)
    path, rt = tmp_path / "x.jsonl", SimRuntime()
    (heard,) = record(rt, path, Script(rt, [(0.1, b"1234"), (0.1, b"56"), (0.1, b"7")]))
    assert len(heard.pieces) == 3
    assert [data for _, data in only(path).answer()] == [b"1234"]
    (again,) = play(SimRuntime(), path)
    assert "when it grew too long to keep" in str(again.error)


def line(**changes: Any) -> bytes:
    fields = {
        "endpoint": "e", "method": "GET", "path": "/slots", "body": None, "key": "k", "start_s": 0.0, "status": 200,
        "headers_s": 0.1, "pieces": [[0.2, "[]", "text"]], "end_s": 0.3, "ended": "whole",
    }  # fmt: skip
    return json.dumps(fields | changes).encode() + b"\n"


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "exchanges.jsonl").write_bytes(line() + line()[:-9])
    assert len(Recording.load(tmp_path).exchanges["e"]) == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (line()[:-9] + b"\n", "x.jsonl:2: the line: Invalid JSON"),
        (line(end_s=0.15), "x.jsonl:2: the line: .*must not go back"),
        (line(end_s=-1), "x.jsonl:2: end_s: "),
        (line(ended="error"), "x.jsonl:2: the line: .*error is given where"),
        (line(ended="error", error={"name": "Mystery", "message": "", "fields": {}}), "error named 'Mystery'"),
        (line(pieces=[[0.2, "*", "base64"]]), "x.jsonl:2: the line: "),
        (line(status=None), "an answer needs its status"),
        (line(more=1), "x.jsonl:2: more: "),
    ],
)
def test_other_bad_lines_are_named(tmp_path: Path, bad: bytes, message: str) -> None:
    for after in (line(), b""):
        (tmp_path / "x.jsonl").write_bytes(line() + bad + after)
        with pytest.raises(UsageError, match=message):
            Recording.load(tmp_path / "x.jsonl")
    with pytest.raises(UsageError, match="no recording; one is made by"):
        Recording.load(tmp_path)
