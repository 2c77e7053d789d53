"""`commissure replay` and `commissure calibrate --from-trace` from outside: contracts, bad input, and accuracy."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commissure.__main__ import run
from tests.test_cli import command, json_of

REPLAY_KEYS = {
    "requests", "served", "failed", "wall_s", "requests_per_s", "makespan_s", "ttft_s", "tpot_s", "e2e_s", "cost_usd",
    "kv_hit_rate", "goodput", "slo", "slo_share", "preemptions", "utilisation", "trace_hash", "skipped", "modelled",
}  # fmt: skip
FIT_KEYS = {
    "ttft", "tpot", "e2e", "requests", "fitted", "tested", "skipped", "model", "engine", "settings", "coefficients",
    "preemptions", "profile",
}  # fmt: skip
# Public runs of real engines; they do not come with the package.
DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[2] / "shared" / "data") / "vllm_runs"

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The program's exit status, output and errors, without the start of an interpreter."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("COMMISSURE_DEBUG", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["commissure", *arguments])
        with pytest.raises(SystemExit) as stopped:
            run()
        shown = capsys.readouterr()
        return int(stopped.value.code or 0), shown.out, shown.err

    return call


def asked(timestamp: Any = 0, prompt: Any = 100, output: Any = 5, **more: Any) -> str:
    return json.dumps({"timestamp": timestamp, "input_length": prompt, "output_length": output} | more)


def trace_of(*lines: str) -> str:
    return "\n".join(lines) + "\n"


GOOD = trace_of(
    asked(0, 1100, 5, hash_ids=[1, 2, 3]), asked(100, 1100, 7, hash_ids=[1, 2, 4]), asked(100, 30, 1), asked(9000)
)


def test_replay_prints_the_contract(tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text(GOOD)
    one, two = (json_of("replay", "good.jsonl", cwd=tmp_path) for _ in range(2))
    assert one.keys() >= REPLAY_KEYS
    assert one["trace_hash"] == two["trace_hash"]
    assert (one["requests"], one["served"], one["failed"], one["skipped"]) == (4, 4, 0, 0)
    assert one["slo"] == {"ttft_s": 1.0, "tpot_s": 0.1}
    assert one["kv_hit_rate"] == 1024 / 2330
    assert one["utilisation"].keys() == {"h100"}
    assert one["modelled"] is True
    for name in ("ttft_s", "tpot_s", "e2e_s"):
        assert one[name].keys() == {"mean", "p50", "p90", "p99"}
    exact = json_of("replay", "good.jsonl", "--exact", cwd=tmp_path)
    assert exact["e2e_s"] == pytest.approx(one["e2e_s"], abs=1e-9)
    shown = command("replay", "good.jsonl", cwd=tmp_path)
    assert shown.returncode == 0
    assert one["trace_hash"] in shown.stdout


def test_replay_heeds_its_options(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text(GOOD)

    def found(*options: str) -> Any:
        status, out, errors = cli("replay", "good.jsonl", "--json", *options)
        assert (status, errors) == (0, "")
        return json.loads(out)

    assert found("--limit", "2")["requests"] == 2
    assert found("--limit", "99")["requests"] == 4
    assert found()["slo_share"] == 1.0
    assert found("--slo-ttft", "0")["slo_share"] == 0.0
    assert found("--slo-tpot", "0")["slo_share"] == 0.25  # a call of one token has nobody to wait for


def test_routers_and_fleets_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    endpoint = '[[endpoints]]\nname = "{}"\nprovider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "nvidia-h100"\n'
    (tmp_path / "two.toml").write_text(endpoint.format("a") + endpoint.format("b"))
    (tmp_path / "good.jsonl").write_text(GOOD)
    status, out, _ = cli("replay", "good.jsonl", "--fleet", "two.toml", "--router", "round_robin", "--json")
    assert status == 0
    assert json.loads(out)["utilisation"]["b"] > 0
    status, out, _ = cli("replay", "good.jsonl", "--fleet", "two.toml", "--json")
    assert json.loads(out)["utilisation"]["b"] == 0


BAD_LINES = [
    ("{", "not a call of this format: Expecting property name"),
    ("[]", "not a call of this format: "),
    ('{"timestamp": 5}', "the field 'input_length' is missing"),
    (asked(5, -1), "a call has 1 to 100000000 tokens in and out, not -1 in and 5 out"),
    (asked(5, 1, 0), "not 1 in and 0 out"),
    (asked(5, 10**9), "a call has 1 to 100000000 tokens"),
    (asked(5, 1.5), "input_length must be a whole number, not 1.5"),
    (asked(5, True), "input_length must be a whole number, not True"),
    (asked(5, "ten"), "input_length must be a whole number, not 'ten'"),
    (asked(5, hash_ids="x"), "hash_ids must be a list of whole numbers"),
    (asked(5, hash_ids=[1.5]), "hash_ids must be a list of whole numbers"),
    (asked(-5), "the timestamp -0.005000 s is before the previous one, 0.000000 s; they must not decrease"),
    (asked(float("nan")), "a timestamp is a finite number within 1e+11 s of zero, not nan"),
    (asked(float("inf")), "a timestamp is a finite number within 1e+11 s of zero, not inf"),
    (asked("soon"), "timestamp must be a number, not 'soon'"),
]
OVERFLOWS = [
    (asked(5, float("inf")), "input_length must be"),
    (asked(10**400), "not a call of this format"),
    (asked(5, hash_ids=[2**70]), "hash_ids must be"),
    ("[" * 100_000, "not a call of this format"),
]


@pytest.mark.parametrize(
    ("line", "message"),
    [*BAD_LINES, *OVERFLOWS],
    ids=lambda value: value[:30],
)
def test_a_bad_line_is_named_or_skipped(line: str, message: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(trace_of(asked(), "", line, asked(9000)))
    status, out, errors = cli("replay", "bad.jsonl")
    assert (status, out) == (2, "")
    assert errors.startswith("error: bad.jsonl:3: ")
    assert message in errors
    assert errors.count("\n") == 1
    status, out, _ = cli("replay", "bad.jsonl", "--skip-bad", "--json")
    assert status == 0
    assert (json.loads(out)["requests"], json.loads(out)["skipped"]) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jsonl"], "none.jsonl: no such file"),
        (["folder"], "folder: cannot be read: "),
        (["empty.jsonl"], "empty.jsonl:1: the file is empty"),
        (["odd.txt"], "odd.txt:1: not the first line of a known trace format (azure, burstgpt, journal, mooncake, p"),
        (["bytes.jsonl"], "bytes.jsonl:2: not UTF-8 text"),
        (["large.jsonl"], "large.jsonl:2: a call of 200000 tokens in and 5 out fits no endpoint; tokens that fit: h10"),
        (["header.csv"], "header.csv: no call in it"),
        (["late.csv"], "late.csv:3: the timestamp "),
        (["short.csv"], "short.csv:2: not a call of this format: "),
        (["good.jsonl", "--router", "cheepest"], "unknown router 'cheepest'. Did you mean 'cheapest'?"),
        (["good.jsonl", "--fleet", "h10"], "unknown fleet 'h10'. Did you mean 'h100'?"),
        (["good.jsonl", "--fleet", "none.toml"], "none.toml: no such file"),
        (["good.jsonl", "--fleet", "null"], "endpoint 'null': profile 'null-none-cpu' has no step times"),
        (["good.jsonl", "--limit", "0"], "Invalid value for '--limit'"),
        (["good.jsonl", "--slo-ttft", "-1"], "Invalid value for '--slo-ttft'"),
    ],
)
def test_bad_input_of_replay(arguments: list[str], message: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes.jsonl").write_bytes(asked().encode() + b"\n\xff\xfe\n")
    azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    for name, contents in {
        "empty.jsonl": "", "odd.txt": "hello\n", "good.jsonl": GOOD,
        "large.jsonl": trace_of(asked(), asked(1, 200_000)),
        "header.csv": azure, "late.csv": f"{azure}2023-11-16 18:15:46.6,10,5\n2023-11-16 18:15:45.0000000,10,5\n",
        "short.csv": f"{azure}2023-11-16 18:15:46.6,10\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(contents)
    status, out, errors = cli("replay", *arguments)
    assert (status, out) == (2, "")
    assert message in " ".join(errors.split())
    assert "Traceback" not in errors


def recorded(calls: int = 30, output: int = 10, **changes: Any) -> list[dict[str, Any]]:
    return [
        {"input_toks": 50 + call, "output_toks": output, "arrival_time": 1.0 * call, "first_token_ts": call + 0.1,
         "last_token_ts": call + 0.5} | changes
        for call in range(calls)
    ]  # fmt: skip


def write_run(folder: Path, calls: list[Any], meta: Any) -> None:
    lines = [call if isinstance(call, str) else json.dumps(call) for call in calls]
    (folder / "run.jsonl").write_text(trace_of(*lines))
    (folder / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))


FIT = ("calibrate", "--from-trace", "run.jsonl", "--meta", "meta.json", "--fit-first", "10")


def test_calibrate_from_a_trace_prints_the_contract_and_a_profile(cli: Cli, tmp_path: Path) -> None:
    meta = {"model": "meta-llama/Llama-3.1-8B", "vllm_version": "0.19.0", "engine_kwargs": {"max_num_seqs": 64}}
    write_run(tmp_path, recorded(), meta)
    status, out, errors = cli(*FIT, "--json", "--out", "mine.toml")
    assert (status, errors) == (0, "")
    found = json.loads(out)
    assert found.keys() >= FIT_KEYS
    assert (found["requests"], found["fitted"], found["tested"], found["skipped"]) == (30, 10, 20, 0)
    assert (found["settings"]["max_num_seqs"], found["settings"]["schedules_ahead"]) == (64, True)
    for metric in ("ttft", "tpot", "e2e"):
        assert found[metric].keys() == {"mean", "p50", "p99"}
        for part in found[metric].values():
            assert part["error"] == pytest.approx(part["predicted"] / part["measured"] - 1)
    (tmp_path / "fleet.toml").write_text(
        '[[endpoints]]\nname = "mine"\nprovider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "undisclosed"\n'
        'profile = "mine.toml"\n'
    )
    (tmp_path / "good.jsonl").write_text(GOOD)
    assert cli("replay", "good.jsonl", "--fleet", "fleet.toml", "--json")[0] == 0
    assert cli(*FIT)[0] == 0


def test_a_run_may_skip_bad_lines_and_say_little(cli: Cli, tmp_path: Path) -> None:
    write_run(tmp_path, [*recorded(), "{", '{"input_toks": 5}'], {})
    status, out, _ = cli(*FIT, "--skip-bad", "--json")
    assert status == 0
    found = json.loads(out)
    assert (found["requests"], found["skipped"]) == (30, 2)
    assert found["settings"]["max_batched_tokens"] == 2048


BAD_CALLS = [
    ("{", "run.jsonl:3: the line: Invalid JSON"),
    ("{}", "run.jsonl:3: input_toks: Field required"),
    ({"output_toks": -1}, "run.jsonl:3: output_toks: Input should be greater than or equal to 1 (given: -1)"),
    ({"input_toks": 0}, "run.jsonl:3: input_toks: Input should be greater than or equal to 1"),
    ({"input_toks": 1.5}, "run.jsonl:3: input_toks: Input should be a valid integer"),
    ({"arrival_time": "x"}, "run.jsonl:3: arrival_time: Input should be a valid number"),
    ({"arrival_time": float("nan")}, "run.jsonl:3: arrival_time: Input should be a finite number"),
    ({"last_token_ts": 0.0}, "run.jsonl:3: last_token_ts is before first_token_ts"),
    ({"first_token_ts": 0.5}, "run.jsonl:3: the first token is stamped before the call began"),
    ({"queued_ts": 2.0}, "run.jsonl: some calls have queued_ts and some have not"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_CALLS, ids=str)
def test_a_bad_call_of_a_run_is_named(bad: Any, message: str, cli: Cli, tmp_path: Path) -> None:
    calls: list[Any] = list(recorded())
    calls[2] = bad if isinstance(bad, str) else calls[2] | bad
    write_run(tmp_path, calls, {})
    status, out, errors = cli(*FIT)
    assert (status, out) == (2, "")
    assert message in errors
    assert errors.count("\n") == 1


BAD_META = [
    ("{", "meta.json: cannot be read as JSON: Expecting property name"),
    ("", "meta.json: cannot be read as JSON: "),
    ([], "meta.json: the engine's settings: Input should be a valid dictionary"),
    ({"kv_cache": {"num_gpu_blocks": 5}}, "run.jsonl:28: a call of 87 tokens does not fit the 80 of KV memory"),
    ({"kv_cache": {"num_gpu_blocks": "many"}}, "meta.json: "),
    ({"engine_kwargs": {"max_num_seqs": 4096}}, "meta.json: "),
    ({"engine_kwargs": {"data_parallel_size": -1}}, "meta.json: "),
    ({"engine_kwargs": {"data_parallel_size": "x"}}, "meta.json: "),
    ({"engine_kwargs": [1]}, "meta.json: "),
    ({"kv_cache": [1]}, "meta.json: "),
    ({"resolved_config": "x"}, "meta.json: "),
    ("[" * 100_000, "meta.json: cannot be read as JSON"),
]


@pytest.mark.parametrize(("meta", "message"), BAD_META, ids=lambda value: str(value)[:40])
def test_a_bad_meta_is_named(meta: Any, message: str, cli: Cli, tmp_path: Path) -> None:
    calls = recorded(27) + [call | {"input_toks": 77} for call in recorded(30)[27:]]
    write_run(tmp_path, calls, meta)
    status, out, errors = cli(*FIT)
    assert (status, out) == (2, "")
    assert message in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["local", "--from-trace", "run.jsonl", "--meta", "meta.json"], "give either an endpoint of the fleet or --fr"),
        ([], "give either an endpoint of the fleet or --from-trace"),
        (["--from-trace", "run.jsonl"], "--from-trace needs --meta META.json"),
        (["--from-trace", "none.jsonl", "--meta", "meta.json"], "none.jsonl: cannot be read: "),
        (["--from-trace", "run.jsonl", "--meta", "none.json"], "none.json: cannot be read as JSON: "),
        (["--from-trace", "folder", "--meta", "meta.json"], "folder: cannot be read: "),
        (["--from-trace", "run.jsonl", "--meta", "folder"], "folder: cannot be read as JSON: "),
        (["--from-trace", "empty.jsonl", "--meta", "meta.json"], "empty.jsonl: no call in it; each line needs input_"),
        ([*FIT[1:5], "--fit-first", "9"], "--fit-first 9: give 10 to 29; the run has 30 calls, and some must test"),
        ([*FIT[1:5], "--fit-first", "30"], "--fit-first 30: give 10 to 29"),
        ([*FIT[1:5], "--fit-first", "-1"], "--fit-first -1: give 10 to 29"),
        ([*FIT[1:5]], "--fit-first 60: give 10 to 29"),
        ([*FIT[1:], "--out", "mine.txt"], "--out mine.txt: give a file name ending in .toml"),
        ([*FIT[1:], "--out", "nowhere/mine.toml"], "in a folder that exists"),
    ],
)
def test_bad_input_of_calibrate_from_a_trace(arguments: list[str], message: str, cli: Cli, tmp_path: Path) -> None:
    write_run(tmp_path, recorded(), {})
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jsonl").write_text("\n")
    status, out, errors = cli("calibrate", *arguments)
    assert (status, out) == (2, "")
    assert message in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("calls", [recorded(10) + recorded(30, output=1)[10:], recorded(last_token_ts=0.1)])
def test_runs_without_a_time_per_token(calls: list[Any], cli: Cli, tmp_path: Path) -> None:
    write_run(
        tmp_path, [call | {"last_token_ts": max(call["last_token_ts"], call["first_token_ts"])} for call in calls], {}
    )
    status, _, errors = cli(*FIT)
    assert status in (0, 2)
    assert "internal" not in errors


@pytest.mark.parametrize("name", ["rtxpro6000_llama31_8b", "2x_rtxpro6000_qwen3_32b"])
def test_a_fit_to_the_first_calls_foretells_the_rest_of_a_real_run(
    name: str, cli: Cli, record_property: Callable[[str, object], None]
) -> None:
    if not (DATA / f"{name}.jsonl").exists():
        pytest.skip("the public vLLM runs are not here: put them into a folder vllm_runs and name its parent in "
                    "COMMISSURE_DATA")  # fmt: skip
    status, out, errors = cli(
        "calibrate", "--from-trace", str(DATA / f"{name}.jsonl"), "--meta", str(DATA / f"{name}.meta.json"),
        "--fit-first", "60", "--json",
    )  # fmt: skip
    assert (status, errors) == (0, "")
    found = json.loads(out)
    of = {metric: found[metric]["mean"]["error"] for metric in ("ttft", "tpot", "e2e")}
    p99 = found["e2e"]["p99"]["error"]
    record_property(name, ", ".join(f"{key} {value:+.1%}" for key, value in (of | {"e2e p99": p99}).items()))
    assert max(map(abs, of.values())) <= 0.03
    assert abs(p99) <= 0.10


def test_a_profile_from_data_sheets_serves_a_trace(cli: Cli, tmp_path: Path) -> None:
    status, out, _ = cli(
        "profile", "--model", "llama-3.1-8b", "--chip", "speculative-pim", "--out", "pim.toml", "--json"
    )
    assert status == 0
    assert json.loads(out)["kv_blocks"] > 1000
    (tmp_path / "fleet.toml").write_text(
        '[[endpoints]]\nname = "pim"\nprovider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "speculative-pim"\n'
        'profile = "pim.toml"\n'
    )
    (tmp_path / "trace.jsonl").write_text('{"arrival_s": 0, "input_tokens": 100, "output_tokens": 10}\n')
    status, out, _ = cli("replay", "trace.jsonl", "--fleet", "fleet.toml", "--json")
    assert (status, json.loads(out)["served"]) == (0, 1)
    assert cli("fleet", "check", "fleet.toml")[0] == 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["llama-3.1-8b", "nvidia-h10"], "Did you mean 'nvidia-h100'?"),
        (["llama-3.1-9b", "nvidia-h100"], "Did you mean 'llama-3.1-8b'?"),
        (["llama-3.3-70b", "nvidia-h100"], "take more chips"),
        (["llama-3.1-8b", "cerebras-wse3"], "bf16_tflops"),
    ],
)
def test_a_profile_that_cannot_be_made(names: list[str], message: str, cli: Cli) -> None:
    status, out, errors = cli("profile", "--model", names[0], "--chip", names[1], "--out", "mine.toml")
    assert (status, out) == (2, "")
    assert message in errors


def test_a_journal_of_several_legs_is_not_one_workload(cli: Cli, tmp_path: Path) -> None:
    call = {"leg": "sim/lru", "start_s": 0.0, "prompt_tokens": 5, "output_tokens": 2}
    lines = [call, call | {"start_s": 1.0}, call | {"leg": "sim/mru"}]
    (tmp_path / "calls.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    status, _, errors = cli("replay", "calls.jsonl")
    assert status == 2
    assert "calls.jsonl:3: " in errors
    assert json.loads(cli("replay", "calls.jsonl", "--skip-bad", "--json")[1])["requests"] == 2


def test_a_call_beyond_every_context_is_named_or_skipped(cli: Cli, tmp_path: Path) -> None:
    lines = [{"arrival_s": at, "input_tokens": size, "output_tokens": 5} for at, size in ((0, 10), (1, 10**6), (2, 20))]
    (tmp_path / "large.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    status, out, errors = cli("replay", "large.jsonl", "--json")
    assert (status, out) == (2, "")
    assert (
        "large.jsonl:2: a call of 1000000 tokens in and 5 out fits no endpoint; tokens that fit: h100 131,072" in errors
    )
    found = json.loads(cli("replay", "large.jsonl", "--skip-bad", "--json")[1])
    assert (found["requests"], found["served"], found["skipped"]) == (2, 2, 1)
