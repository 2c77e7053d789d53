"""The metrics page of a serving engine, in Prometheus' text format, read into a Status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum, isfinite
from typing import NamedTuple

from commissure.hal.endpoint import Status


class Sample(NamedTuple):
    """One line of the page: a metric, one set of its labels, and its value."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class MetricNames:
    """Under which names an engine's page says what a Status holds.

    Of several names of one thing the first that is there counts. The share of prompt tokens found in the cache is that
    of the counters `hits` in `queries`, or in `hits` and `misses` together; `hit_rate` is a gauge of it. A sample in
    which a label of `parts` is not empty is a part of another sample and not counted again.
    """

    running: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    kv_used: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    hit_rate: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


# docs.vllm.ai usage/metrics and vllm-project/vllm:docs/design/metrics.md; a counter's name ends in _total on the page.
# The gpu_ names are those of older releases, the oldest with the hit rate as a gauge: -1 where there is no cache.
VLLM = MetricNames(
    running=("vllm:num_requests_running",),
    waiting=("vllm:num_requests_waiting",),
    kv_used=("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
    hits=("vllm:prefix_cache_hits_total", "vllm:prefix_cache_hits", "vllm:gpu_prefix_cache_hits_total"),
    queries=("vllm:prefix_cache_queries_total", "vllm:prefix_cache_queries", "vllm:gpu_prefix_cache_queries_total"),
    hit_rate=("vllm:gpu_prefix_cache_hit_rate",),
)
# aws-neuron/aws-neuron-sdk:vllm-neuron/docs/design/vllm/metrics.md: vLLM's own names. What it adds under vllm_neuron:
# (padding, executions, compilation and start-up times) says nothing that a Status holds.
NEURON = VLLM
# docs.sglang.io/references/production_metrics; sgl-project/sglang: the scheduler's and the tokenizer's metrics
# collectors. Totals have an empty label `priority`, their parts a number in it. cache_hit_rate is that of the latest
# prompts only, so the counters, which go back to the engine's start, come first; they are absent until a first hit.
SGLANG = MetricNames(
    running=("sglang:num_running_reqs",),
    waiting=("sglang:num_queue_reqs",),
    kv_used=("sglang:token_usage",),
    hits=("sglang:cached_tokens_total",),
    queries=("sglang:prompt_tokens_total",),
    hit_rate=("sglang:cache_hit_rate",),
    parts=("priority",),
)
# ggml-org/llama.cpp:tools/server/README.md; the page of the server in xllamacpp 2026.10, where prompt_tokens_total
# leaves out the cached tokens. kv_cache_usage_ratio is there in older builds only.
LLAMA_CPP = MetricNames(
    running=("llamacpp:requests_processing",),
    waiting=("llamacpp:requests_deferred",),
    kv_used=("llamacpp:kv_cache_usage_ratio",),
    hits=("llamacpp:prompt_tokens_cached_total",),
    misses=("llamacpp:prompt_tokens_total",),
)

_LABEL = r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*'
# name {labels} value timestamp # exemplar: https://prometheus.io/docs/instrumenting/exposition_formats; what follows
# the value is OpenMetrics' in part, and of no use here.
_LINE = re.compile(
    r"[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)"
    rf"(?:[ \t]*\{{((?:{_LABEL}(?:,|(?=\}})))*)[ \t]*\}}[ \t]*|[ \t]+)"
    r"([0-9a-zA-Z+.-]+)(?:[ \t]+-?[0-9.]+)?(?:[ \t]+#.*)?[ \t\r]*"
)
_LABELS = re.compile(_LABEL)
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def samples(text: str) -> Iterator[Sample]:
    """The samples of a page, in their order. Raises ValueError with the line that is none."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield _sample(number, line)


def _sample(number: int, line: str) -> Sample:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f'metrics, line {number}: expected `name{{label="..."}} value`, not {line!r:.120}')
    name, labels, value = match[1], match[2] or "", match[5]
    try:
        return Sample(name, {label: _unescaped(said) for label, said in _LABELS.findall(labels)}, float(value))
    except ValueError:
        raise ValueError(f"metrics, line {number}: the value {value!r:.40} is no number: {line!r:.120}") from None


def _unescaped(value: str) -> str:
    return re.sub(r"\\.", lambda match: _ESCAPES.get(match[0], match[0]), value)


def status_of(text: str, names: MetricNames) -> Status:
    """The Status that a page tells of. Raises ValueError with the line that is broken.

    Counts of several engines or ranks are added up, shares are averaged and kept within 0 to 1. A value that is no
    number, infinite or negative is as if it were not there, and what is not there is None; `running` is then 0, as
    engines leave a gauge out until it is first set. There is no `prefix_hits` before a first prompt.
    """
    values: dict[str, list[float]] = {}
    for sample in samples(text):
        if isfinite(sample.value) and sample.value >= 0 and not any(sample.labels.get(part) for part in names.parts):
            values.setdefault(sample.name, []).append(sample.value)
    running, waiting = _total(values, names.running), _total(values, names.waiting)
    return Status(
        running=0 if running is None else round(running),
        waiting=None if waiting is None else round(waiting),
        kv_used=_mean(values, names.kv_used),
        prefix_hits=_prefix_hits(values, names),
    )


def _prefix_hits(values: dict[str, list[float]], names: MetricNames) -> float | None:
    hits, queries, misses = (_total(values, each) for each in (names.hits, names.queries, names.misses))
    if hits is not None and queries is None and misses is not None:
        queries = hits + misses
    if hits is None or queries is None:
        return _mean(values, names.hit_rate)
    return min(1.0, hits / queries) if queries else None


def _total(values: dict[str, list[float]], names: tuple[str, ...]) -> float | None:
    return next((fsum(values[name]) for name in names if name in values), None)


def _mean(values: dict[str, list[float]], names: tuple[str, ...]) -> float | None:
    return next((min(1.0, fsum(values[name]) / len(values[name])) for name in names if name in values), None)
