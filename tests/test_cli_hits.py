"""`commissure hits` from outside: contracts, options and bad input."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commissure.__main__ import run
from tests.test_cli_replay import asked, trace_of

KEYS = {
    "trace", "mode", "requests", "counted", "blocks", "distinct", "block_tokens", "prompt_tokens", "exact", "points",
    "skipped", "block_bytes",
}  # fmt: skip
LOOP = trace_of(*(asked(100 * call, 500, hash_ids=[call % 3]) for call in range(12)))

Hits = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hits:
    """The command's exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("COMMISSURE_DEBUG", raising=False)
    (tmp_path / "loop.jsonl").write_text(LOOP)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["commissure", "hits", *arguments])
        with pytest.raises(SystemExit) as stopped:
            run()
        shown = capsys.readouterr()
        return int(stopped.value.code or 0), shown.out, shown.err

    return call


def found(hits: Hits, *options: str) -> Any:
    status, out, errors = hits("loop.jsonl", "--json", *options)
    assert (status, errors) == (0, "")
    return json.loads(out)


def by_policy(answer: Any) -> dict[tuple[int, str], int]:
    return {(point["capacity"], point["policy"]): point["hits"] for point in answer["points"]}


def test_a_loop_hits_what_is_known_of_it(hits: Hits) -> None:
    forced = found(hits, "--capacity", "3,2,2", "--policies", "lru, mru,random")
    assert forced.keys() == KEYS
    assert (forced["mode"], forced["requests"], forced["blocks"], forced["distinct"]) == ("forced", 12, 12, 3)
    assert forced["exact"] is True
    reached = by_policy(forced)
    assert list(reached) == [(at, name) for at in (2, 3) for name in ("optimum", "lru", "mru", "random")]
    assert [reached[2, name] for name in ("optimum", "lru", "mru")] == [5, 0, 5]
    assert {reached[3, name] for name in ("optimum", "lru", "mru", "random")} == {9}
    lru, mru = (next(one for one in forced["points"] if one["policy"] == name) for name in ("lru", "mru"))
    assert (lru["share"], lru["hit_ratio"], lru["tokens_computed"]) == (0.0, 0.0, 6000)
    assert (mru["share"], mru["hit_ratio"], mru["tokens_computed"]) == (1.0, 5 / 12, 3500)
    bypass = found(hits, "--capacity", "2", "--policies", "lru,mru", "--bypass")
    assert (bypass["mode"], list(by_policy(bypass).values())) == ("bypass", [6, 0, 6])


def test_it_heeds_its_options(hits: Hits, tmp_path: Path) -> None:
    default = found(hits)
    assert {point["capacity"] for point in default["points"]} == {1, 3}
    assert {point["policy"] for point in default["points"]} == {"optimum", "lru", "fifo", "lfu", "sieve", "gdsf", "mru"}
    half = found(hits, "--second-half", "--capacity", "2", "--policies", "mru,belady")
    assert (half["counted"], half["blocks"], half["prompt_tokens"], half["exact"]) == (6, 6, 3000, False)
    assert by_policy(half) == {(2, "optimum"): 3, (2, "mru"): 3, (2, "belady"): 3}
    assert found(hits, "--limit", "4")["requests"] == 4
    one = found(hits, "--model", "llama-3.3-70b", "--gb", "0.2,0.4")
    assert one["block_bytes"] == 327_680 * 512
    assert {point["capacity"] for point in one["points"]} == {1, 2}
    (tmp_path / "loop.jsonl").write_text(LOOP + "{\n")
    assert hits("loop.jsonl")[0] == 2
    assert found(hits, "--skip-bad")["skipped"] == 1


def test_tables_and_figure(hits: Hits, tmp_path: Path) -> None:
    status, out, errors = hits("loop.jsonl", "--capacity", "2", "--model", "llama-3.3-70b", "--figure", "curves.svg")
    assert (status, errors) == (0, "")
    for text in ("forced: what is used is resident", "leaf-Belady: certified", "0.3355", "41.67%", "100.0%", "3,500"):
        assert text in out
    assert "figure: curves.svg" in out
    drawn = (tmp_path / "curves.svg").read_text()
    assert drawn.startswith("<svg")
    assert "beyond the optimum, forced" in drawn
    _, out, _ = hits("loop.jsonl", "--capacity", "1", "--bypass", "--second-half")
    for text in ("bypass: a block may be served without a place", "the last 6 count", "at most: a bound"):
        assert text in out
    (tmp_path / "once.jsonl").write_text(trace_of(asked(hash_ids=[1])))
    status, out, _ = hits("once.jsonl")
    assert status == 0
    assert "0.00%" in out  # and no share of no hits


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jsonl"], "none.jsonl: no such file"),
        (["azure.csv"], "azure.csv: no call names the blocks of its prompt, as `hash_ids` of Mooncake's traces do"),
        (["loop.jsonl", "--policies", "lru,seive"], "unknown policy 'seive'. Did you mean 'sieve'? Allowed: arc, "),
        (["loop.jsonl", "--policies", ""], "unknown policy ''. Allowed: arc"),
        (["loop.jsonl", "--policies", "topology"], "policy 'topology' needs a workflow's graph, which is not known"),
        (["loop.jsonl", "--capacity", "0"], "--capacity 0: give whole numbers >= 1, separated by commas"),
        (["loop.jsonl", "--capacity", "1,many"], "--capacity 1,many: give whole numbers >= 1"),
        (["loop.jsonl", "--capacity", ""], "--capacity : give whole numbers >= 1"),
        (["loop.jsonl", "--gb", "1"], "--gb needs --model"),
        (["loop.jsonl", "--gb", "1", "--capacity", "3"], "give either --capacity in blocks or --gb with --model"),
        (["loop.jsonl", "--gb", "nan", "--model", "llama-3.3-70b"], "--gb nan: give numbers above 0"),
        (["loop.jsonl", "--gb", "inf", "--model", "llama-3.3-70b"], "--gb inf: give numbers above 0"),
        (["loop.jsonl", "--gb", "-1", "--model", "llama-3.3-70b"], "--gb -1: give numbers above 0"),
        (["loop.jsonl", "--gb", "0.1", "--model", "llama-3.3-70b"], "--gb 0.1 holds no block: one takes 0.168 GB"),
        (["loop.jsonl", "--model", "lama-3.3-70b"], "unknown model 'lama-3.3-70b'. Did you mean 'llama-3.3-70b'?"),
        (["loop.jsonl", "--model", "gpt-5"], "model 'gpt-5': how large the KV of a token is, is not known; known of: "),
        (["loop.jsonl", "--figure", "curves.png"], "--figure curves.png: give a file name ending in .svg"),
        (["wide.jsonl", "--policies", "s3fifo"], "policy 's3fifo' looks at every leaf for each block that leaves: "),
    ],
)
def test_bad_input_is_named_in_one_line(arguments: list[str], message: str, hits: Hits, tmp_path: Path) -> None:
    (tmp_path / "azure.csv").write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,5,5\n")
    (tmp_path / "wide.jsonl").write_text(trace_of(asked(0, 512 * 5000, 1, hash_ids=list(range(5000)))))
    status, out, errors = hits(*arguments)
    assert (status, out) == (2, "")
    assert errors.startswith("error: ")
    assert message in errors
    assert errors.count("\n") == 1
