"""Metrics pages of the engines, as they print them."""

import math
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.endpoint import Status
from commissure.hal.local_server import local_server
from commissure.hal.wire.metrics import LLAMA_CPP, NEURON, SGLANG, VLLM, Sample, samples, status_of

# Two engines behind one page, in the lines that prometheus_client writes.
VLLM_PAGE = r"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a \"quoted\" {name}, with\\ and\n"} 8.0
vllm:num_requests_running{engine="1",model_name="m"} 3.0
vllm:num_requests_waiting{engine="0",model_name="m"} 2.0
vllm:num_requests_waiting{engine="1",model_name="m"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.25

# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 3000.0
vllm:prefix_cache_queries_total{engine="1",model_name="m"} 1.0e+03
vllm:prefix_cache_queries_created{engine="0",model_name="m"} 1.7633e+09
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 900.0
vllm:prefix_cache_hits_total{engine="1",model_name="m"} 100.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 12.0
vllm_neuron:neff_execution_count_total{bucket_name="prefill_s1024",model_name="m"} 40.0
"""
VLLM_OLD_PAGE = """vllm:num_requests_running{model_name="m"} 1.0
vllm:gpu_cache_usage_perc{model_name="m"} 0.125
vllm:gpu_prefix_cache_hit_rate{model_name="m"} -1.0
"""
# Two data-parallel ranks with priorities: the totals have an empty priority.
SGLANG_PAGE = """sglang:num_running_reqs{dp_rank="0",priority="",tp_rank="0"} 5.0
sglang:num_running_reqs{dp_rank="0",priority="1",tp_rank="0"} 4.0
sglang:num_running_reqs{dp_rank="0",priority="2",tp_rank="0"} 1.0
sglang:num_running_reqs{dp_rank="1",priority="",tp_rank="1"} 2.0
sglang:num_queue_reqs{dp_rank="0"} 7.0
sglang:token_usage{dp_rank="0"} 0.28
sglang:token_usage{dp_rank="1"} 0.3
sglang:cache_hit_rate{dp_rank="0"} 0.9
"""
SGLANG_COUNTERS = """sglang:prompt_tokens_total{model_name="m"} 1000.0
sglang:cached_tokens_total{cache_source="device",model_name="m"} 300.0
sglang:cached_tokens_total{cache_source="host",model_name="m"} 100.0
"""
LLAMA_CPP_PAGE = """# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed, excluding cached tokens
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 75
llamacpp:prompt_tokens_cached_total 25
llamacpp:requests_processing 2
llamacpp:requests_deferred 1
llamacpp:n_busy_slots_per_decode 1.5
"""


@pytest.mark.parametrize(
    ("page", "names", "status"),
    [
        pytest.param(VLLM_PAGE, VLLM, Status(11, waiting=2, kv_used=0.375, prefix_hits=0.25), id="vllm"),
        pytest.param(VLLM_PAGE, NEURON, Status(11, waiting=2, kv_used=0.375, prefix_hits=0.25), id="neuron"),
        pytest.param(VLLM_OLD_PAGE, VLLM, Status(1, kv_used=0.125), id="vllm of old, without a prefix cache"),
        pytest.param(
            VLLM_OLD_PAGE.replace("-1.0", "0.6"), VLLM, Status(1, kv_used=0.125, prefix_hits=0.6), id="vllm of old"
        ),
        pytest.param(SGLANG_PAGE, SGLANG, Status(7, waiting=7, kv_used=0.29, prefix_hits=0.9), id="sglang"),
        pytest.param(
            SGLANG_PAGE + SGLANG_COUNTERS,
            SGLANG,
            Status(7, waiting=7, kv_used=0.29, prefix_hits=0.4),
            id="sglang, since its start",
        ),
        pytest.param(LLAMA_CPP_PAGE, LLAMA_CPP, Status(2, waiting=1, prefix_hits=0.25), id="llama.cpp"),
        pytest.param(
            LLAMA_CPP_PAGE + "llamacpp:kv_cache_usage_ratio 0.5\n",
            LLAMA_CPP,
            Status(2, waiting=1, kv_used=0.5, prefix_hits=0.25),
            id="llama.cpp of old",
        ),
        pytest.param("", VLLM, Status(0), id="nothing"),
        pytest.param(LLAMA_CPP_PAGE, VLLM, Status(0), id="another engine"),
        pytest.param("vllm:num_requests_running NaN\nvllm:kv_cache_usage_perc +Inf\n", VLLM, Status(0), id="no number"),
        pytest.param("vllm:kv_cache_usage_perc 1.0000001", VLLM, Status(0, kv_used=1.0), id="a rounded share"),
        pytest.param(
            "vllm:prefix_cache_hits_total 0\nvllm:prefix_cache_queries_total 0", VLLM, Status(0), id="nothing asked yet"
        ),
    ],
)
def test_the_status_that_a_page_tells_of(page: str, names: Any, status: Status) -> None:
    found = status_of(page, names)
    assert (found.running, found.waiting) == (status.running, status.waiting)
    assert found.kv_used == pytest.approx(status.kv_used)
    assert found.prefix_hits == pytest.approx(status.prefix_hits)


def test_what_the_format_allows() -> None:
    page = '  a:b { x = "1" , y="",} 2 1763000000000\r\nc{}3\n\td +Inf # EOF\n# EOF\nf_total 4 # {id="7"} 1 2.5\ng .5e1'
    assert list(samples(page)) == [
        Sample("a:b", {"x": "1", "y": ""}, 2.0),
        Sample("c", {}, 3.0),
        Sample("d", {}, math.inf),
        Sample("f_total", {}, 4.0),
        Sample("g", {}, 5.0),
    ]


@pytest.mark.parametrize(
    "line",
    ["<html>", "a", "a b", "a 1_0", "a \u0661", 'a{x="1} 1', "a{x=1} 1", 'a{x="1"y="2"} 1', 'a{x="1",,} 1', "a{ 1",
     "1a 2", "a 1 x", '{"error": "not found"}'],
)  # fmt: skip
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"metrics, line 3: ") as caught:
        status_of(f"# a page\na 1\n{line}\n", VLLM)
    assert repr(line) in str(caught.value)


NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
LABELS = st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=8), max_size=3)
PAGES = st.lists(st.builds(Sample, NAMES, LABELS, st.floats(allow_nan=False)), max_size=5)


@given(PAGES, st.sampled_from(["", " 1763000000000", " -5"]))
def test_what_was_written_is_read(page: list[Sample], stamp: str) -> None:
    assert list(samples("".join(f"{written(sample)}{stamp}\n# a comment\n" for sample in page))) == page


def written(sample: Sample) -> str:
    escapes = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
    labels = ",".join(f'{name}="{value.translate(escapes)}"' for name, value in sample.labels.items())
    return f"{sample.name}{{{labels}}} {sample.value!r}"


@given(st.text(st.sampled_from('vllm:num_requests_running{}="\\ \t\r\n#,.+-eE019NaInf\u0661\u2028'), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = list(samples(text))
    except ValueError:
        with pytest.raises(ValueError, match="metrics, line "):
            status_of(text, VLLM)
    else:
        assert status_of(text, VLLM).running >= 0
        assert len(read) <= text.count("\n") + 1


def test_a_long_broken_line_is_refused_at_once() -> None:
    for line in (
        "a{" + 'x="1" , ' * 20_000,
        'a{x="' + "\\" * 100_000,
        "a{" + " " * 50_000,
        "a " + "1" * 100_000 + " x",
    ):
        with pytest.raises(ValueError, match="line 1") as caught:
            status_of(line, VLLM)
        assert len(str(caught.value)) < 300


@pytest.mark.local
def test_the_page_of_a_real_engine() -> None:
    prompt = {"prompt": "word " * 40, "n_predict": 1, "id_slot": 0}
    with local_server("smollm2-135m", 1, 128) as url, httpx.Client(base_url=url, timeout=60) as client:
        assert status_of(client.get("/metrics").text, LLAMA_CPP) == Status(0, waiting=0)
        for _ in range(2):
            client.post("/completion", json=prompt, headers={"connection": "close"}).raise_for_status()
        status = status_of(client.get("/metrics").text, LLAMA_CPP)
    assert status.prefix_hits == pytest.approx(0.5, abs=0.05)
