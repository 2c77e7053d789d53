"""`ping` against loopback servers: what it measures, what it warns of, and that no failure is another's."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from commissure.cli_fleet import without_keys
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.fleet_check import alone
from commissure.scenarios.ping import ANSWER_TOKENS, Ping, offered, ping
from tests.support.route_server import Route, models, route_server, sse

CHAT, MODELS = "/v1/chat/completions", "/v1/models"
KEY = "sk-ping-0123456789-secret"
LIMITS = {"x-ratelimit-remaining-requests-day": "998", "x-ratelimit-remaining-tokens-minute": "59000"}


def answer(*pieces: str, **last: Any) -> Route:
    """A streamed answer of these pieces, a token each."""
    said = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    usage = {"prompt_tokens": 20, "completion_tokens": len(pieces), "total_tokens": 20 + len(pieces)}
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    return sse(*said, finish, {"choices": [], "usage": usage} | last)


ANSWER = answer(*["one", "two", "three", "four"])


def fleet(tmp_path: Path, *endpoints: str) -> Fleet:
    path = tmp_path / "fleet.toml"
    path.write_text("\n".join(f"[[endpoints]]\n{one}" for one in endpoints))
    return Fleet.load(path)


def cerebras(url: str, name: str = "fast", **more: str) -> str:
    fields = {"name": name, "provider": "cerebras", "model": "gpt-oss-120b", "chip": "cerebras-wse3"}
    return "\n".join(f'{key} = "{value}"' for key, value in (fields | {"base_url": f"{url}/v1"} | more).items()) + "\n"


def vllm(url: str, name: str = "box") -> str:
    return (
        f'name = "{name}"\nprovider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "nvidia-h100"\n'
        f'model_id = "meta-llama/Llama-3.1-8B-Instruct"\nbase_url = "{url}/v1"\n'
    )


NULL = 'name = "null"\nprovider = "null"\nmodel = "none"\nchip = "cpu"\n'


def only(rows: list[Ping]) -> Ping:
    (row,) = rows
    return row


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEREBRAS_API_KEY", KEY)
    monkeypatch.delenv("VLLM_API_KEY", raising=False)


def test_what_is_measured_said_modelled_and_paid(tmp_path: Path) -> None:
    times = {"queue_time": 0.0, "prompt_time": 0.0, "completion_time": 0.0, "total_time": 0.0}
    body = answer("one", " two", " three", time_info=times)
    with route_server({MODELS: models("gpt-oss-120b"), CHAT: Route(body.body, headers=LIMITS)}) as server:
        row = only(ping(fleet(tmp_path, cerebras(server.url))))
    assert (row.error, row.warnings, row.models) == ("", (), 1)
    assert row.measured is not None
    assert row.measured.ttft_s is not None
    assert 0 < row.measured.ttft_s <= row.measured.total_s
    assert row.server == {"prefill_s": 0.0, "decode_s": 0.0, **times}
    assert (row.prompt_tokens, row.output_tokens) == (20, 3)
    assert row.cost_usd == pytest.approx((20 * 0.35 + 3 * 0.75) / 1e6)
    assert row.uncertain_usd == 0
    assert row.status is not None
    assert dict(row.status.limits) == {"requests/day": 998, "tokens/minute": 59000}
    ((_, headers, sent),) = server.posts()
    assert headers["authorization"] == f"Bearer {KEY}"
    assert sent["stream"] is True
    assert sent["max_completion_tokens"] == ANSWER_TOKENS <= 16
    assert len(json.dumps(sent["messages"])) < 100


def test_the_model_of_it_is_the_median_before_any_hidden_token(tmp_path: Path) -> None:
    with route_server({CHAT: ANSWER}) as server:
        chosen = fleet(tmp_path, cerebras(server.url))
        row = only(ping(chosen))
    hosted = chosen.profiles["fast"].hosted
    assert hosted is not None
    assert hosted.hidden_tokens is not None
    assert hosted.noise_shape is not None
    assert row.modelled is not None
    a_token_s = hosted.output_token_s.value
    assert row.modelled.ttft_s == pytest.approx(hosted.base_s.value + a_token_s)
    assert row.modelled.tokens_per_s == pytest.approx(1 / a_token_s)
    assert row.modelled.total_s == pytest.approx(hosted.base_s.value + ANSWER_TOKENS * a_token_s)


def test_each_failure_is_its_own_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTHER_KEY", raising=False)
    refused = Route(json.dumps({"error": {"message": f"wrong key {KEY}"}}).encode(), 401)
    with (
        route_server({MODELS: models("gpt-oss-120b"), CHAT: ANSWER}) as good,
        route_server({MODELS: refused, CHAT: refused}) as bad,
        route_server({CHAT: Route(b'{"error": {"message": "down"}}', 503)}) as down,
        route_server({CHAT: Route(silent=True)}) as silent,
        route_server({}) as closed,
    ):
        rows = [
            cerebras(good.url, "good"),
            cerebras(bad.url, "bad"),
            cerebras(good.url, "keyless", key_variable="OTHER_KEY"),
            vllm(down.url, "down"),
            cerebras(silent.url, "silent"),
            NULL,
        ]
        found = {row.endpoint: row for row in ping(fleet(tmp_path, *rows), timeout_s=1.0)}
        gone = closed.url
    assert {name: row.error for name, row in found.items()} == {
        "good": "", "bad": "Refused", "keyless": "UsageError", "down": "ServerFault", "silent": "NoAnswerInTime",
        "null": "",
    }  # fmt: skip
    assert "set OTHER_KEY" in found["keyless"].problem
    assert "HTTP 503" in found["down"].problem
    assert "within 1 s" in found["silent"].problem
    assert len(down.posts()) == 1
    assert only(ping(fleet(tmp_path, vllm(gone)))).error == "Unreachable"
    assert KEY not in json.dumps(without_keys([asdict(row) for row in found.values()]))
    # What was cut short may be billed: about so much, and up to so much more.
    silent_row = found["silent"]
    assert (silent_row.measured, silent_row.output_tokens) == (None, None)
    assert silent_row.cost_usd > 0
    assert 0 < silent_row.uncertain_usd < 0.01
    assert found["bad"].cost_usd == 0
    assert all(row.modelled is not None for row in found.values())


def test_nothing_is_sent_that_may_cost_too_much(tmp_path: Path) -> None:
    with route_server({MODELS: models("gpt-oss-120b"), CHAT: ANSWER}) as server:
        chosen = fleet(tmp_path, cerebras(server.url))
        row = only(ping(chosen, most_usd=1e-6))
        assert row.error == "BudgetExceeded"
        assert server.posts() == []
        assert row.cost_usd == row.uncertain_usd == 0
        assert only(ping(chosen)).error == ""
    with pytest.raises(UsageError, match="usd must be a number >= 0"):
        ping(chosen, most_usd=-1)


@pytest.mark.parametrize(
    ("listed", "warning"),
    [
        (models("Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B"), "nearest is 'meta-llama/Llama-3.1-8B': model_id = "),
        (models("gpt-5"), "'meta-llama/Llama-3.1-8B-Instruct' is not among the 1 models that it lists"),
        (models(), "not among the 0 models"),
        (Route(b'{"detail":"Not Found"}', 404), "lists no models: .*HTTP 404"),
        (Route(b"<html>"), "lists no models: .*HTML"),
        (models("meta-llama/Llama-3.1-8B-Instruct"), ""),
    ],
)
def test_what_a_server_lists_is_no_failure(listed: Route, warning: str, tmp_path: Path) -> None:
    with route_server({MODELS: listed, CHAT: ANSWER, "/metrics": Route(b"vllm:num_requests_waiting 3\n")}) as server:
        row = only(ping(fleet(tmp_path, vllm(server.url))))
    assert row.error == ""
    assert row.status is not None
    assert row.status.waiting == 3
    if warning:
        (told,) = row.warnings
        assert re.search(warning, told), told
    else:
        assert row.warnings == ()


def test_a_model_that_only_reasons_and_a_server_without_metrics(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 16, "completion_tokens_details": {"reasoning_tokens": 16}}
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}], "usage": usage}
    with route_server({MODELS: models("meta-llama/Llama-3.1-8B-Instruct"), CHAT: sse(finish)}) as server:
        row = only(ping(fleet(tmp_path, vllm(server.url))))
    assert row.error == ""
    assert row.measured is not None
    assert (row.measured.ttft_s, row.measured.tokens_per_s) == (None, None)
    hidden, metrics = row.warnings
    assert "none of its 16 tokens" in hidden
    assert metrics.startswith("tells no status: ")


def test_only_those_named(tmp_path: Path) -> None:
    chosen = fleet(tmp_path, NULL, NULL.replace('"null"', '"other"', 1), cerebras("http://127.0.0.1:9"))
    assert [row.endpoint for row in ping(chosen, ["other", "null"])] == ["null", "other"]
    with pytest.raises(UsageError, match=r"unknown endpoint 'othr'\. Did you mean 'other'"):
        ping(chosen, ["othr"])


@pytest.mark.parametrize(
    ("wanted", "name", "same"),
    [
        ("claude-opus-4-5", "claude-opus-4-5-20251101", True),
        ("gpt-5.2", "gpt-5.2-2025-12-11", True),
        ("gpt-5", "gpt-5", True),
        ("gpt-5", "gpt-5-mini", False),
        ("gpt-5", "gpt-5.2", False),
        ("a.b", "axb", False),
    ],
)
def test_a_dated_version_is_the_model(wanted: str, name: str, same: bool) -> None:
    assert offered(wanted, ["other", name]) is same


def test_one_that_cannot_be_simulated_is_pinged_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text('model = "m"\nchip = "cpu"\nprovider = "compatible"\n')
    one = 'name = "a"\nprovider = "compatible"\nmodel = "m"\nchip = "cpu"\nprofile = "bare.toml"\n'
    with route_server({MODELS: models("m"), CHAT: ANSWER}) as server:
        row = only(ping(fleet(tmp_path, f'{one}base_url = "{server.url}"\n')))
    assert (row.error, row.modelled) == ("", None)
    unmodelled, unpriced = row.warnings
    assert unmodelled.startswith("not simulated: ")
    assert "no price is known" in unpriced


@pytest.mark.local
def test_two_real_models() -> None:
    rows = ping(Fleet.load("local-pair"))
    assert [(row.endpoint, row.error, row.warnings, row.models) for row in rows] == [
        ("small", "", (), 1), ("large", "", (), 1),
    ]  # fmt: skip
    for row in rows:
        assert row.output_tokens == ANSWER_TOKENS
        assert row.prompt_tokens is not None
        assert row.prompt_tokens <= 40
        assert row.measured is not None
        assert row.modelled is not None
        assert row.measured.ttft_s is not None
        assert row.measured.tokens_per_s is not None
        # The server's own account and the client's are of the same call.
        assert row.server["prefill_s"] < row.measured.ttft_s
        assert row.status is not None
        assert row.status.running == 0


def test_alone_leaves_faults_and_policies_behind(tmp_path: Path) -> None:
    fault = '[[faults]]\nendpoint = "box"\nkind = "die"\nat_s = 0\nfor_s = 9\n'
    chosen = fleet(tmp_path, NULL, vllm("http://127.0.0.1:9") + fault)
    assert chosen.faults
    assert alone(chosen, chosen.specs[1]).faults == ()
