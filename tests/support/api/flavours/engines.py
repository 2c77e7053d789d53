"""Engines that one runs oneself: vLLM, vLLM on Neuron, SGLang."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from tests.support.api.answer import Answer, Choice
from tests.support.api.ask import Ask, Body, Refusal, wanted
from tests.support.api.flavours.base import Event, Load, Reply
from tests.support.api.flavours.hosted import per_s
from tests.support.api.flavours.openai import OpenAI
from tests.support.api.flavours.shapes import ERRORS, Errors, Limits, Sample, exposition, histogram

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Asked(NamedTuple):
    """What a call that was served said of the prefix cache: its prompt, how many tokens it wanted, its priority."""

    words: tuple[str, ...]
    most_tokens: int | None
    priority: int | None


class Engine(OpenAI):
    """An engine of one's own. It keeps what its calls said of the cache, in the order they came.

    `refuses_priorities`: as SGLang with --abort-on-priority-when-disabled (srt/managers/scheduler.py,
    _set_or_validate_priority).
    """

    refuses_priorities = False

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def read(self, kind: str, body: Body) -> Ask:
        ask = super().read(kind, body)
        priority = wanted(body, "priority", int)
        if priority is not None and self.refuses_priorities:
            raise Refusal(503, "unavailable", "Using priority is disabled for this server.")
        self.asked.append(Asked(ask.prompts[0].words, ask.most_tokens, priority))
        return ask


class Vllm(Engine):
    """docs.vllm.ai; `metrics` as with --enable-per-request-metrics, prompt_tokens_details as with its own flag."""

    name = "vllm"
    known = None
    needs_model = False
    reasoning = "reasoning"
    fingerprint = None
    null_usage_in_chunks = False
    open_paths = frozenset({"/health", "/metrics", "/version", "/ping"})
    # vLLM names the exception in `type` and repeats the status as a number in `code` (entrypoints/openai ErrorInfo).
    errors: ClassVar[Errors] = {
        **ERRORS,
        "server": ("InternalServerError", None, "EngineCore encountered an issue."),
        "unavailable": ("ServiceUnavailableError", None, "The engine is not ready."),
        "model": ("NotFoundError", None, "The model `{model}` does not exist."),
        "param": ("BadRequestError", None, "temperature must be non-negative."),
        "path": ("NotFoundError", None, "Not Found"),
    }

    def usage(self, answer: Answer) -> Body:
        return {**self.counts(answer), "prompt_tokens_details": {"cached_tokens": answer.cached_tokens}}

    def extras_with_usage(self, answer: Answer) -> Body:
        """vllm-project/vllm:docs/features/per_request_metrics.md: null for several answers, absent for several
        prompts; the first token's time counts from scheduling; milliseconds."""
        if len(answer.ask.prompts) > 1 or answer.usage == "none":
            return {}
        if len(answer.choices) > 1:
            return {"metrics": None}
        first_s, whole_s = answer.first_s - answer.start_s, answer.end_s - answer.start_s
        output, decode_s = answer.output_tokens, whole_s - first_s
        metrics = {
            "time_to_first_token_ms": first_s * 1000,
            "generation_time_ms": decode_s * 1000,
            "queue_time_ms": 0.0,
            "mean_itl_ms": decode_s * 1000 / (output - 1) if output > 1 else None,
            "tokens_per_second": per_s(output, whole_s),
        }
        return {"metrics": metrics}

    def choice_extras(self, choice: Choice) -> Body:
        return {"stop_reason": choice.matched}

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        """A wrong key gets a text (AuthenticationMiddleware in vllm/entrypoints/openai/server_utils.py)."""
        of_type, _, text = self.said(kind, message, model, key)
        if kind == "auth" and not message:
            return {"error": "Unauthorized"}
        return {"error": {"message": text, "type": of_type, "param": param, "code": status}}

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """It limits no rates."""
        return {"x-request-id": f"req_{number:06d}"}

    def model(self, name: str) -> Body:
        return {**super().model(name), "root": name, "parent": None, "max_model_len": 131_072, "permission": []}

    def get(self, path: str, load: Load) -> Reply | None:
        if path in ("/health", "/ping"):
            return Reply(b"", media="text/plain")
        if path == "/version":
            return Reply({"version": "0.19.0"})
        if path == "/metrics":
            return Reply(exposition(self.samples(load)), media=TEXT)
        return super().get(path, load)

    def samples(self, load: Load) -> list[Sample]:
        """vllm-project/vllm:docs/design/metrics.md."""
        label, totals = f'engine="0",model_name="{load.models[0]}"', load.totals
        return [
            ("vllm:num_requests_running", "gauge", label, load.running),
            ("vllm:num_requests_waiting", "gauge", label, 0),
            ("vllm:kv_cache_usage_perc", "gauge", label, min(1.0, load.running / 512)),
            ("vllm:prefix_cache_queries_total", "counter", label, totals.prompt_tokens),
            ("vllm:prefix_cache_hits_total", "counter", label, totals.cached_tokens),
            ("vllm:prompt_tokens_total", "counter", label, totals.prompt_tokens),
            ("vllm:generation_tokens_total", "counter", label, totals.output_tokens),
            ("vllm:request_success_total", "counter", f'{label},finished_reason="length"', totals.calls),
            *histogram("vllm:time_to_first_token_seconds", label, load.first_s),
            *histogram("vllm:e2e_request_latency_seconds", label, load.whole_s),
        ]


class Neuron(Vllm):
    """vLLM with the Neuron plugin's own metrics (aws-neuron-sdk:vllm-neuron/docs/design/vllm/metrics.md)."""

    name = "neuron"

    def samples(self, load: Load) -> list[Sample]:
        model = f'model_name="{load.models[0]}"'
        bucket = f'{model},bucket_name="decode_b8"'
        return [
            *super().samples(load),
            ("vllm_neuron:neff_execution_count_total", "counter", bucket, load.totals.output_tokens),
            *histogram("vllm_neuron:num_seqs_padding", bucket, [8 - min(8, load.running)]),
            *histogram("vllm_neuron:num_batched_tokens_padding", bucket, [0.0]),
            ("vllm_neuron:startup_time_seconds", "gauge", model, 63.0),
            ("vllm_neuron:compilation_time_seconds", "gauge", bucket, 41.0),
        ]


class Sglang(Engine):
    """sgl-project/sglang:python/sglang/srt/entrypoints/openai/protocol.py; usage as with --enable-cache-report."""

    name = "sglang"
    known = None
    needs_model = False
    reasoning = "reasoning_content"
    fingerprint = None
    null_usage_in_chunks = False
    open_paths = frozenset({"/health", "/health_generate", "/metrics"})
    errors: ClassVar[Errors] = {
        **ERRORS,
        "server": ("InternalServerError", None, "Internal server error"),
        "param": ("BadRequestError", None, "temperature must be non-negative."),
        "model": ("NotFoundError", None, "The model `{model}` does not exist."),
    }

    def usage(self, answer: Answer) -> Body:
        cached = {"prompt_tokens_details": {"cached_tokens": answer.cached_tokens}}
        return {**self.counts(answer), **cached, "reasoning_tokens": answer.reasoning_tokens}

    def choice_extras(self, choice: Choice) -> Body:
        return {"matched_stop": choice.matched}

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        of_type, _, text = self.said(kind, message, model, key)
        return {"object": "error", "message": text, "type": of_type, "param": param, "code": status}

    def error_event(self) -> Event:
        """Within an envelope there (entrypoints/openai/serving_base.py, create_streaming_error_response)."""
        return Event({"error": self.error(500, "server", "", None, "", "")})

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """None of its own."""
        return {}

    def get(self, path: str, load: Load) -> Reply | None:
        if path in ("/health", "/health_generate"):
            return Reply(b"", media="text/plain")
        if path == "/metrics":
            return Reply(exposition(self.samples(load)), media=TEXT)
        if path in ("/get_server_info", "/server_info"):
            return Reply({"model_path": load.models[0], "tp_size": 1, "version": "0.5.9", "max_running_requests": 512})
        return super().get(path, load)

    def samples(self, load: Load) -> list[Sample]:
        """docs.sglang.io/references/production_metrics."""
        label, totals = f'model_name="{load.models[0]}"', load.totals
        hits = per_s(totals.cached_tokens, totals.prompt_tokens)
        return [
            ("sglang:prompt_tokens_total", "counter", label, totals.prompt_tokens),
            ("sglang:generation_tokens_total", "counter", label, totals.output_tokens),
            ("sglang:cached_tokens_total", "counter", f'{label},cache_source="device"', totals.cached_tokens),
            ("sglang:num_requests_total", "counter", label, totals.calls),
            ("sglang:token_usage", "gauge", label, min(1.0, load.running / 512)),
            ("sglang:cache_hit_rate", "gauge", label, hits),
            ("sglang:num_running_reqs", "gauge", label, load.running),
            ("sglang:num_queue_reqs", "gauge", label, 0),
            *histogram("sglang:time_to_first_token_seconds", label, load.first_s),
        ]
