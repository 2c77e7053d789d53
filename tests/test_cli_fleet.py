"""`fleet check` and `fleet ping` from outside: their output, their exit status, and never a key in either."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.route_server import Route, models, route_server, sse

KEY = "sk-cli-0123456789-secret"
ANSWER = sse(
    {"choices": [{"index": 0, "delta": {"content": "one"}}]},
    {"choices": [{"index": 0, "delta": {"content": " two"}, "finish_reason": "length"}]},
    {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 2}},
)
# A server that says our key wherever it can.
LEAKING = {
    "/v1/models": models(KEY, "gpt-oss-12b"),
    "/v1/chat/completions": Route(json.dumps({"error": {"message": f"no {KEY}"}}).encode(), 403),
}


def command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commissure", *arguments],
        cwd=cwd, capture_output=True, text=True, env=os.environ | {"COMMISSURE_DEBUG": ""} | environment, timeout=120,
    )  # fmt: skip


def endpoint(name: str, url: str = "", variable: str = "") -> str:
    lines = [f'name = "{name}"', 'provider = "cerebras"', 'model = "gpt-oss-120b"', 'chip = "cerebras-wse3"']
    lines += [f'base_url = "{url}/v1"'] if url else []
    lines += [f'key_variable = "{variable}"'] if variable else []
    return "\n".join(["[[endpoints]]", *lines, ""])


def both(*arguments: str, cwd: Path, status: int, **environment: str) -> tuple[str, Any]:
    """What is printed for people and for programs."""
    shown = command(*arguments, cwd=cwd, **environment)
    told = command(*arguments, "--json", cwd=cwd, **environment)
    for done in (shown, told):
        assert done.returncode == status, done.stderr
        assert done.stderr == ""
        assert KEY not in done.stdout
    return shown.stdout, json.loads(told.stdout)


def test_check(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(endpoint("one") + endpoint("two", variable="OURS"))
    shown, told = both("fleet", "check", "f.toml", cwd=tmp_path, status=0, CEREBRAS_API_KEY=KEY, OURS="")
    assert told["ok"] is True
    one, two = told["endpoints"]
    assert (one["key_variable"], one["key"], one["can_run_live"], one["address"]) == (
        "CEREBRAS_API_KEY", "set", True, "https://api.cerebras.ai/v1",
    )  # fmt: skip
    assert (two["key_variable"], two["key"], two["can_run_live"]) == ("OURS", "not set", False)
    assert one.keys() >= {"lacks", "not_simulated", "price_as_of", "price_source", "limits", "resilience", "warnings"}
    assert "CEREBRAS_API_KEY set" in shown
    assert "OURS not set" in shown
    assert "live: two: no key: no API key: set OURS in the environment" in shown


def test_ping(tmp_path: Path) -> None:
    with (
        route_server({"/v1/models": models("gpt-oss-120b"), "/v1/chat/completions": ANSWER}) as good,
        route_server(LEAKING) as leaking,
    ):
        text = endpoint("good", good.url) + endpoint("bad", leaking.url) + endpoint("none", good.url, "OURS")
        (tmp_path / "f.toml").write_text(text)
        shown, told = both("fleet", "ping", "f.toml", cwd=tmp_path, status=1, CEREBRAS_API_KEY=KEY, OURS="")
        only = command("fleet", "ping", "f.toml", "--endpoint", "good", cwd=tmp_path, CEREBRAS_API_KEY=KEY)
        dear = command(
            "fleet", "ping", "f.toml", "--endpoint", "good", "--most-usd", "0.000001", "--json",
            cwd=tmp_path, CEREBRAS_API_KEY=KEY,
        )  # fmt: skip
    assert told["ok"] is False
    good_row, bad_row, none_row = told["endpoints"]
    assert good_row["error"] == ""
    assert good_row["measured"]["ttft_s"] > 0
    assert good_row["modelled"]["ttft_s"] > 0
    assert good_row["cost_usd"] == pytest.approx((20 * 0.35 + 2 * 0.75) / 1e6)
    assert bad_row["error"] == "Refused"
    assert "nearest is 'gpt-oss-12b'" in bad_row["warnings"][0]
    assert none_row["error"] == "UsageError"
    assert "error: bad: Refused: " in shown
    assert "error: none: UsageError: no API key: set OURS in the environment" in shown
    assert "modelled" in shown
    assert only.returncode == 0
    assert json.loads(dear.stdout)["endpoints"][0]["error"] == "BudgetExceeded"
    assert dear.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ping", "nul"], "unknown fleet 'nul'. Did you mean 'null'?"),
        (["ping", "null", "--endpoint", "nil"], "unknown endpoint 'nil'"),
        (["ping", "null", "--most-usd", "nan"], "greater than or equal to 0"),
        (["ping", "null", "--timeout", "0"], "Invalid value"),
        (["check", "wrong.toml"], "is hosted: replicas"),
    ],
)
def test_bad_input(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(endpoint("a") + "replicas = 2\n")
    done = command("fleet", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""
