"""Spans and metrics of calls, as an OpenTelemetry SDK receives them."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import commissure as cm
from commissure.hal.errors import MissingExtra, UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import CallRecord
from commissure.hal.telemetry import attributes, span_listener
from tests.support.records import record

EPOCH_NS = 1_795_000_000_123_456_789
SPEC = EndpointSpec(name="local", provider="moonshotai", model="kimi-k2.5", chip="undisclosed")


class Collector:
    """An SDK that keeps what it is given, and a listener on it."""

    def __init__(self, specs: tuple[EndpointSpec, ...]) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        meter = MeterProvider([self._metrics]).get_meter("test")
        self.listen = span_listener(specs, provider.get_tracer("test"), meter, epoch_ns=EPOCH_NS)

    def spans(self) -> tuple[ReadableSpan, ...]:
        spans: tuple[ReadableSpan, ...] = self._spans.get_finished_spans()
        return spans

    def histograms(self) -> dict[str, HistogramDataPoint]:
        data = self._metrics.get_metrics_data()
        assert data is not None
        metrics = data.resource_metrics[0].scope_metrics[0].metrics
        points: dict[str, Any] = {metric.name: list(metric.data.data_points) for metric in metrics}
        assert all(len(found) == 1 for found in points.values())
        assert {metric.unit for metric in metrics} == {"s"}
        return {name: found[0] for name, found in points.items()}


def said(span: ReadableSpan) -> Mapping[str, Any]:
    return dict(span.attributes or {})


async def ask(rt: cm.Runtime, fleet: cm.OpenFleet, pause_s: float) -> None:
    await fleet.generate(cm.Call("why is the sky blue", agent="planner", kind="plan", max_tokens=4))
    await rt.sleep(pause_s)
    await rt.gather(*(fleet.generate(cm.Call(f"part {n}", agent=f"coder {n}", max_tokens=4)) for n in range(3)))


def test_a_simulated_run_is_a_span_a_call_in_virtual_time() -> None:
    fleet = cm.Fleet.load("local")
    collector = Collector(fleet.specs)
    done = cm.run(ask, fleet, 2.5, world="sim", on_call=collector.listen)
    spans = collector.spans()
    assert len(spans) == len(done.calls) == 4
    for span, call in zip(spans, done.calls, strict=True):
        assert span.name == "chat smollm2-135m"
        assert span.kind is SpanKind.CLIENT
        assert span.start_time == EPOCH_NS + round(call.start_s * 1e9)
        assert span.end_time == EPOCH_NS + round((call.start_s + call.total_s) * 1e9)
        assert said(span)["commissure.virtual_start_s"] == call.start_s
        assert said(span)["gen_ai.usage.input_tokens"] == call.prompt_tokens
        assert (said(span)["commissure.world"], said(span)["commissure.simulated"]) == ("sim", True)
    assert max(call.start_s for call in done.calls) > 2.5
    duration = collector.histograms()["gen_ai.client.inference.duration"]
    assert duration.count == 4
    assert duration.sum == pytest.approx(sum(call.total_s for call in done.calls))


def test_a_live_run_says_so() -> None:
    fleet = cm.Fleet.load("null")
    collector = Collector(fleet.specs)
    done = cm.run(ask, fleet, 0.01, world="live", on_call=collector.listen)
    for span, call in zip(collector.spans(), done.calls, strict=True):
        assert span.start_time == EPOCH_NS + round(call.start_s * 1e9)
        assert (said(span)["commissure.world"], said(span)["commissure.simulated"]) == ("live", False)
        assert "commissure.virtual_start_s" not in said(span)


def test_what_a_span_says() -> None:
    call = record(3, timing="server", agent="", cost_usd=0.002)
    assert attributes(call, SPEC) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "moonshot_ai",
        "gen_ai.request.model": "kimi-k2.5",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 8,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "commissure.device": "undisclosed",
        "commissure.endpoint": "local",
        "commissure.kind": "turn",
        "commissure.leg": "sim/lru/loop",
        "commissure.finish": "stop",
        "commissure.queue_s": 0.1,
        "commissure.prefill_s": 0.2,
        "commissure.decode_s": 0.3,
        "commissure.cost_usd": 0.002,
        "commissure.simulated": False,
        "commissure.world": "live",
    }


def test_the_sdk_takes_every_value_and_bounds_its_histogram_as_the_conventions_do() -> None:
    collector = Collector((SPEC,))
    collector.listen(record(timing="sim", start_s=5.0))
    (span,) = collector.spans()
    assert dict(said(span)) == attributes(record(timing="sim", start_s=5.0), SPEC)
    ((name, point),) = collector.histograms().items()
    assert name == "gen_ai.client.inference.duration"
    assert point.explicit_bounds == pytest.approx(
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
    )
    assert dict(point.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "moonshot_ai",
        "gen_ai.request.model": "kimi-k2.5",
        "commissure.device": "undisclosed",
        "commissure.simulated": True,
    }


def test_without_an_sdk_nothing_happens_and_without_the_extra_the_error_names_the_fix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    span_listener((SPEC,), epoch_ns=0)(record())
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(MissingExtra, match=r"pip install 'commissure\[otel\]'"):
        span_listener((SPEC,), epoch_ns=0)


def test_attributes_need_no_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert attributes(record(), SPEC)["commissure.device"] == "undisclosed"


def test_a_call_to_an_endpoint_that_is_not_listed() -> None:
    call: CallRecord = record(endpoint="locale")
    with pytest.raises(UsageError, match=r"unknown endpoint of a span 'locale'. Did you mean 'local'"):
        span_listener((SPEC,), epoch_ns=0)(call)


def test_a_failed_attempt_is_a_span_with_its_error(tmp_path: Path) -> None:
    engine = '[[endpoints]]\nname = "e"\nprovider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "nvidia-h100"\n'
    (tmp_path / "f.toml").write_text(engine + '[[faults]]\nendpoint = "e"\nkind = "fail"\nrate = 1.0\nfor_s = 1\n')
    fleet = cm.Fleet.load(tmp_path / "f.toml")
    collector = Collector(fleet.specs)

    async def work(rt: cm.Runtime, opened: cm.OpenFleet) -> None:
        await opened.generate(cm.Call("x", max_tokens=2))

    done = cm.run(work, fleet, on_call=collector.listen, on_failure=collector.listen, seed=1)
    *failed, answered = collector.spans()
    assert len(failed) == len(done.failures) >= 1
    for span, failure in zip(failed, done.failures, strict=True):
        assert span.status.status_code is StatusCode.ERROR
        assert said(span)["error.type"] == failure.outcome == "EndpointError"
        assert span.start_time == EPOCH_NS + round(failure.start_s * 1e9)
    assert "error.type" not in said(answered)
    assert said(answered)["gen_ai.response.time_to_first_chunk"] == done.calls[0].first_s
    assert collector.histograms()["gen_ai.client.inference.time_to_first_chunk"].count == 1
