"""Trace files: what is read, and what a bad line is answered with."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.sim.workload.reader import MOST_TOKENS, format_names, read_trace
from commissure.sim.workload.trace import Trace, make_trace

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens"
BURST = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"
DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).resolve().parents[4] / "shared" / "data")


def mooncake(stamp_ms: Any, prompt: Any = 700, output: Any = 5, hashes: Any = (1, 2)) -> str:
    names = ("timestamp", "input_length", "output_length", "hash_ids")
    return json.dumps(dict(zip(names, (stamp_ms, prompt, output, hashes), strict=True)))


def plain(stamp: Any, prompt: Any = 7, output: Any = 5) -> str:
    return json.dumps({"arrival_s": stamp, "input_tokens": prompt, "output_tokens": output})


def journal(stamp: Any, prompt: Any = 7, output: Any = 5) -> str:
    return json.dumps({"leg": "sim", "start_s": stamp, "prompt_tokens": prompt, "output_tokens": output})


def azure(stamp: str, prompt: Any = 7, output: Any = 5) -> str:
    return f"2023-11-16 18:15:{stamp},{prompt},{output}"


def burst(stamp: Any, prompt: Any = 7, output: Any = 5) -> str:
    return f"{stamp},ChatGPT,{prompt},{output},0,Conversation log"


# Two calls a quarter of a second apart, then one of a third line with what is given.
FORMATS: dict[str, tuple[list[str], Any]] = {
    "azure": ([AZURE, azure("46.0000000"), azure("46.2500000", 8, 6)], lambda p, o: azure("47.0", p, o)),
    "burstgpt": ([BURST, burst(5), burst(5.25, 8, 6)], lambda p, o: burst(6, p, o)),
    "journal": ([journal(5), journal(5.25, 8, 6)], lambda p, o: journal(6, p, o)),
    "mooncake": ([mooncake(5000, 7), mooncake(5250, 8, 6)], lambda p, o: mooncake(6000, p, o)),
    "plain": ([plain(5), plain(5.25, 8, 6)], lambda p, o: plain(6, p, o)),
}
every_format = pytest.mark.parametrize("name", FORMATS)


def read(folder: Path, lines: list[str], limit: int | None = None, *, skip_bad: bool = False, end: str = "\n") -> Trace:
    path = folder / "trace"
    path.write_bytes("".join(line + end for line in lines).encode())
    return read_trace(path, limit, skip_bad=skip_bad)


def columns(trace: Trace) -> list[Any]:
    return [trace.arrival_s.tolist(), trace.input_tokens.tolist(), trace.output_tokens.tolist()]


def test_every_format_is_tested() -> None:
    assert sorted(FORMATS) == format_names()


@every_format
def test_a_good_file(name: str, tmp_path: Path) -> None:
    lines, _ = FORMATS[name]
    trace = read(tmp_path, lines)
    assert columns(trace) == [[0.0, 0.25], [7, 8], [5, 6]]
    assert trace.lines.tolist() == [len(lines) - 1, len(lines)]
    assert (trace.name, trace.skipped) == (str(tmp_path / "trace"), 0)


@every_format
@pytest.mark.parametrize(("end", "mark"), [("\r\n", ""), ("\n", "\ufeff"), ("\r\n", "\ufeff"), ("\n\n", "")])
def test_line_ends_byte_order_mark_and_empty_lines(name: str, end: str, mark: str, tmp_path: Path) -> None:
    first, *rest = FORMATS[name][0]
    assert columns(read(tmp_path, [mark + first, *rest], end=end)) == [[0.0, 0.25], [7, 8], [5, 6]]


@every_format
def test_the_last_line_may_lack_its_end(name: str, tmp_path: Path) -> None:
    lines, _ = FORMATS[name]
    (tmp_path / "trace").write_text("\n".join(lines))
    assert len(read_trace(tmp_path / "trace")) == 2


@every_format
@pytest.mark.parametrize(
    ("prompt", "output"),
    [(-1, 5), (0, 5), (7, -5), (7, MOST_TOKENS + 1), (10**30, 5), (7, 1.5), (7, "many"), (7, ""), (float("inf"), 5),
     (7, float("nan")), (10**400, 5), (True, 5), (None, 5), ([7], 5)],
)  # fmt: skip
def test_a_bad_length_is_named_or_skipped(name: str, prompt: Any, output: Any, tmp_path: Path) -> None:
    lines, line = FORMATS[name]
    bad = [*lines, line(prompt, output), line(9, 9)]
    with pytest.raises(UsageError, match=rf"trace:{len(lines) + 1}: "):
        read(tmp_path, bad)
    trace = read(tmp_path, bad, skip_bad=True)
    assert columns(trace) == [[0.0, 0.25, 1.0], [7, 8, 9], [5, 6, 9]]
    assert trace.skipped == 1
    assert trace.lines[-1] == len(bad)


@every_format
def test_a_timestamp_that_decreases(name: str, tmp_path: Path) -> None:
    lines, _ = FORMATS[name]
    bad = [*lines, lines[-2]]
    if name == "journal":  # its calls stand in the order in which they ended
        trace = read(tmp_path, bad)
        assert list(trace.arrival_s) == sorted(trace.arrival_s)
        assert trace.lines.tolist() != sorted(trace.lines.tolist())
        return
    with pytest.raises(UsageError, match=rf"trace:{len(bad)}: the timestamp .* is before the previous one"):
        read(tmp_path, bad)
    assert read(tmp_path, bad, skip_bad=True).skipped == 1


@every_format
def test_the_limit_stops_before_what_follows(name: str, tmp_path: Path) -> None:
    lines, _ = FORMATS[name]
    rest = [] if name == "journal" else ["rubbish"]
    trace = read(tmp_path, [*lines, *rest], limit=2)
    assert columns(trace) == [[0.0, 0.25], [7, 8], [5, 6]]
    assert len(read(tmp_path, lines, limit=1)) == 1


@pytest.mark.parametrize("bad", ["rubbish", "[1, 2]", "null", '"text"', "3", "{}", "[" * 100_000, '{"timestamp": 1'])
@every_format
def test_a_line_that_is_no_call(name: str, bad: str, tmp_path: Path) -> None:
    lines, _ = FORMATS[name]
    with pytest.raises(UsageError, match=rf"trace:{len(lines) + 1}: (not a call of this format|the field)"):
        read(tmp_path, [*lines, bad])
    assert read(tmp_path, [*lines, bad, bad], skip_bad=True).skipped == 2


@pytest.mark.parametrize("name", ["journal", "mooncake", "plain"])
@pytest.mark.parametrize("stamp", [float("nan"), float("inf"), -float("inf"), 10**400, "12", True, None, [1]])
def test_a_timestamp_that_is_no_finite_number(name: str, stamp: Any, tmp_path: Path) -> None:
    make: Any = {"journal": journal, "mooncake": mooncake, "plain": plain}[name]
    with pytest.raises(UsageError, match="trace:3: "):
        read(tmp_path, [make(0), make(1000), make(stamp)])
    trace = read(tmp_path, [make(0), make(stamp), make(1000)], skip_bad=True)
    assert (len(trace), trace.skipped) == (2, 1)


@pytest.mark.parametrize("stamp", ["nan", "inf", "-inf", "1e999", "noon", ""])
def test_burstgpt_timestamps_that_are_no_finite_number(stamp: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="trace:3: "):
        read(tmp_path, [BURST, burst(0), burst(stamp)])


@pytest.mark.parametrize(
    "stamp",
    ["nan", "2023-11-16", "18:15:46", "2023-02-30 18:15:46", "2024-05-10 00:00:00.1e5", "2023-11-16 18:15:46+99"],
)
def test_azure_timestamps_that_are_none(stamp: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="trace:2: not a call"):
        read(tmp_path, [AZURE, f"{stamp},7,5"])


@pytest.mark.parametrize(
    "stamp", ["2024-05-10 00:00:01Z", "2024-05-10 00:00:01+00:00", "2024-05-10T02:00:01.0+02:00", "2024-05-10 00:00:01"]
)
def test_azure_timestamps_with_zones(stamp: str, tmp_path: Path) -> None:
    trace = read(tmp_path, [AZURE, "2024-05-10 00:00:00.9000000,7,5", f"{stamp},7,5"])
    assert trace.arrival_s[1] == pytest.approx(0.1, abs=1e-6)


def test_prefixes(tmp_path: Path) -> None:
    bare = json.dumps({"timestamp": 3, "input_length": 7, "output_length": 5})
    trace = read(tmp_path, [mooncake(0, hashes=[4, 5]), mooncake(1, hashes=[]), bare, mooncake(4, hashes=[2**63 - 1])])
    assert [list(prefix) for prefix in trace.prefixes()] == [[4, 5], [], [], [2**63 - 1]]
    assert [list(prefix) for prefix in trace.head(2).prefixes()] == [[4, 5], []]
    assert trace.unit_tokens == 512


@pytest.mark.parametrize("hashes", [[-1], [1.0], ["a"], [True], [2**63], "12", {"1": 2}, 3, None])
def test_bad_prefixes(hashes: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"trace:2: .*hash_ids must be a list of whole numbers from 0"):
        read(tmp_path, [mooncake(0), mooncake(1, hashes=hashes)])


def test_burstgpt_leaves_out_failures_uncounted(tmp_path: Path) -> None:
    trace = read(tmp_path, [BURST, burst(0), burst(1, 7, 0), burst(2, 8.0, 6)])
    assert columns(trace) == [[0.0, 2.0], [7, 8], [5, 6]]
    assert trace.skipped == 0


@pytest.mark.parametrize("line", ["1,ChatGPT,7", "1,Chat\rGPT,7,5,0,log", f"1,{'a' * 200_000},7,5,0,log"])
def test_burstgpt_lines_that_are_no_csv(line: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="trace:3: not a call"):
        read(tmp_path, [BURST, burst(0), line])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \n"])
def test_an_empty_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "trace").write_bytes(content)
    with pytest.raises(UsageError, match="trace:1: the file is empty"):
        read_trace(tmp_path / "trace")


@pytest.mark.parametrize("first", ["a,b,c", "{}", "[" * 100_000, "[]", '{"timestamp": 1}', "\x00\x01"])
def test_an_unknown_format_names_the_known_ones(first: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"trace:1: .*azure, burstgpt, journal, mooncake, plain"):
        read(tmp_path, [first])


def test_no_call_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"trace: no call in it$"):
        read(tmp_path, [AZURE])
    with pytest.raises(UsageError, match="no call in it; 2 bad lines were skipped"):
        read(tmp_path, [AZURE, "x", "y"], skip_bad=True)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_trace(tmp_path / "absent")
    with pytest.raises(UsageError, match="cannot be read"):
        read_trace(tmp_path)
    (tmp_path / "latin").write_bytes(plain(0).encode() + b"\n\xff\n")
    with pytest.raises(UsageError, match="latin:2: not UTF-8 text"):
        read_trace(tmp_path / "latin")
    assert read_trace(tmp_path / "latin", skip_bad=True).skipped == 1


def test_arrivals_count_from_the_first_call() -> None:
    assert make_trace("t", [3.0, 4.5], [1, 1], [1, 1]).arrival_s.tolist() == [0.0, 1.5]
    assert len(make_trace("t", [], [], [])) == 0


@pytest.mark.parametrize(
    ("name", "calls", "prompts", "outputs", "last_s", "hashes"),
    [
        ("azure_2023_conv.csv", 19_366, 22_361_870, 4_088_665, 3501.721937, 0),
        ("mooncake_conversation.jsonl", 12_031, 144_793_823, 4_122_048, 3536.999, 288_500),
    ],
)
def test_public_traces(name: str, calls: int, prompts: int, outputs: int, last_s: float, hashes: int) -> None:
    path = DATA / "traces" / name
    if not path.exists():
        pytest.skip(f"the public trace {path} is not here; COMMISSURE_DATA names the folder")
    trace = read_trace(path)
    sums = (len(trace), trace.input_tokens.sum(), trace.output_tokens.sum(), len(trace.hashes), trace.skipped)
    assert sums == (calls, prompts, outputs, hashes, 0)
    assert trace.arrival_s[-1] == pytest.approx(last_s, abs=1e-5)
    assert np.all(np.diff(trace.arrival_s) >= 0)
    if hashes:
        units = np.diff(trace.offsets)
        assert np.all(np.abs(units - trace.input_tokens / trace.unit_tokens) <= 1)
