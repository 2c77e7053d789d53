"""Calls as OpenTelemetry spans and metrics, by the conventions for generative AI; in sim as in live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from commissure.hal.errors import MissingExtra, unknown
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import CallRecord, FailureRecord

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Tracer

INSTALL = "pip install 'commissure[otel]'"
Value = str | int | float | bool

# open-telemetry/semantic-conventions-genai:docs/gen-ai/client-inference.md, November 2026, status Development: names of
# our own, since the constants of the Python package are deprecated.
_OPERATION, _PROVIDER, _MODEL = "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"
# A record does not say whether its prompt was a chat; nearly all are.
OPERATION = "chat"
# The conventions' well-known names, where they differ from ours.
_PROVIDERS = {"moonshot": "moonshot_ai", "moonshotai": "moonshot_ai"}

# What a span says of a call and of an attempt that failed; None is left out. Below `commissure.` names are ours.
_COMMON: Mapping[str, Callable[[CallRecord | FailureRecord, EndpointSpec], Value | None]] = {
    _OPERATION: lambda record, spec: OPERATION,
    _PROVIDER: lambda record, spec: _PROVIDERS.get(spec.provider, spec.provider),
    _MODEL: lambda record, spec: spec.model,
    "commissure.device": lambda record, spec: spec.chip,
    "commissure.endpoint": lambda record, spec: record.endpoint,
    "commissure.agent": lambda record, spec: record.agent or None,
    "commissure.kind": lambda record, spec: record.kind or None,
    "commissure.leg": lambda record, spec: record.leg or None,
    "commissure.cost_usd": lambda record, spec: record.cost_usd,
}
# Of a call. gen_ai.response.finish_reasons would be one reason for each answer, and a record has only the first's.
_CALL: Mapping[str, Callable[[CallRecord], Value | None]] = {
    "gen_ai.usage.input_tokens": lambda record: record.prompt_tokens,
    "gen_ai.usage.output_tokens": lambda record: record.output_tokens + record.reasoning_tokens,
    "gen_ai.usage.reasoning.output_tokens": lambda record: record.reasoning_tokens or None,
    "gen_ai.usage.cache_read.input_tokens": lambda record: record.cached_tokens,
    "gen_ai.response.time_to_first_chunk": lambda record: record.first_s,
    "commissure.finish": lambda record: record.finish,
    "commissure.queue_s": lambda record: record.queue_s,
    "commissure.prefill_s": lambda record: record.prefill_s,
    "commissure.decode_s": lambda record: record.decode_s,
    "commissure.simulated": lambda record: record.timing == "sim",
    "commissure.world": lambda record: "sim" if record.timing == "sim" else "live",
    "commissure.virtual_start_s": lambda record: record.start_s if record.timing == "sim" else None,
}
# Histograms, in seconds; the second only of calls whose first piece was seen.
_HISTOGRAMS_S: Mapping[str, tuple[str, Callable[[CallRecord], float | None]]] = {
    "gen_ai.client.inference.duration": ("GenAI client inference operation duration.", lambda record: record.total_s),
    "gen_ai.client.inference.time_to_first_chunk": ("Time to the first chunk.", lambda record: record.first_s),
}
# Few values each, so that they may label a metric.
_METRIC_LABELS = (_OPERATION, _PROVIDER, _MODEL, "commissure.device", "commissure.simulated")
# The conventions' bounds for both of its times: 0.01 s, doubled up to 81.92 s.
_BOUNDS_S = tuple(0.01 * 2**power for power in range(14))


def attributes(record: CallRecord | FailureRecord, spec: EndpointSpec) -> dict[str, Value]:
    """The attributes of a call's span, or of a failed attempt's. `spec` is that of its endpoint."""
    values = {name: value(record, spec) for name, value in _COMMON.items()}
    if isinstance(record, CallRecord):
        values |= {name: value(record) for name, value in _CALL.items()}
    else:
        values["error.type"] = record.outcome  # OpenTelemetry's own name
    return {name: value for name, value in values.items() if value is not None}


def span_name(spec: EndpointSpec) -> str:
    """The name of a call's span: the operation and the model."""
    return f"{OPERATION} {spec.model}"


def span_listener(
    specs: Iterable[EndpointSpec], tracer: Tracer | None = None, meter: Meter | None = None, *, epoch_ns: int
) -> Callable[[CallRecord | FailureRecord], None]:
    """A listener for `cm.run(..., on_call=..., on_failure=...)`: a span for each call and each attempt that failed.

    A call's times are metrics too. `specs` are those of the fleet. `epoch_ns` is the moment at which the run's clock is
    0, in nanoseconds since 1970: `time.time_ns()` just before the run, or in sim whatever moment the virtual time shall
    start at. Without a tracer or meter the global ones are used, which do nothing unless an SDK is set up. Raises
    MissingExtra where OpenTelemetry is not installed; the listener raises UsageError for a call to an endpoint that is
    not in `specs`.
    """
    try:
        from opentelemetry import metrics, trace
    except ImportError:
        raise MissingExtra("OpenTelemetry", INSTALL) from None
    known = {spec.name: spec for spec in specs}
    spans = tracer or trace.get_tracer("commissure")
    meters = meter or metrics.get_meter("commissure")
    histograms = {
        name: meters.create_histogram(name, "s", text, explicit_bucket_boundaries_advisory=_BOUNDS_S)
        for name, (text, _) in _HISTOGRAMS_S.items()
    }

    def listen(record: CallRecord | FailureRecord) -> None:
        if record.endpoint not in known:
            raise unknown("endpoint of a span", record.endpoint, known)
        spec = known[record.endpoint]
        said = attributes(record, spec)
        start_ns = epoch_ns + round(record.start_s * 1e9)
        span = spans.start_span(span_name(spec), kind=trace.SpanKind.CLIENT, attributes=said, start_time=start_ns)
        if isinstance(record, FailureRecord):
            span.set_status(trace.StatusCode.ERROR, record.problem)
        span.end(epoch_ns + round((record.start_s + record.total_s) * 1e9))
        if isinstance(record, CallRecord):
            labels = {name: said[name] for name in _METRIC_LABELS}
            for name, histogram in histograms.items():
                if (value := _HISTOGRAMS_S[name][1](record)) is not None:
                    histogram.record(value, labels)

    return listen
