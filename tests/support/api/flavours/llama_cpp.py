"""llama.cpp's server: ggml-org/llama.cpp:tools/server/README.md.

Unlike the real one it never makes a call wait for a slot: a call takes the slot it names, or else the one whose prompt
has the longest common prefix with its own, or else the one used longest ago, busy or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs

from tests.support.api.answer import Answer, Choice
from tests.support.api.ask import Ask, Body, Refusal
from tests.support.api.flavours.base import Event, Load, Reply
from tests.support.api.flavours.chunks import DONE
from tests.support.api.flavours.engines import TEXT
from tests.support.api.flavours.hosted import per_s
from tests.support.api.flavours.openai import OpenAI
from tests.support.api.flavours.shapes import ERRORS, Errors, Limits, exposition
from tests.support.api.prompt import UNIT

SLOTS, CONTEXT, BYTES_A_TOKEN = 4, 8192, 8192
SLOT = re.compile(r"/slots/(\d+)")


@dataclass(slots=True)
class Slot:
    """One conversation's cache: the words of the prompt that it holds."""

    words: tuple[str, ...] = ()
    tokens: int = 0
    calls: int = 0
    used: int = 0


def common(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    """The length of the common prefix, in whole units of 8 words."""
    ends = (place for place, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1])
    return next(ends, min(len(left), len(right))) // UNIT * UNIT


class LlamaCpp(OpenAI):
    """`timings` in ms on the last chunk; its prompt_n excludes the cache_n that was reused."""

    name = "llama_cpp"
    known = None
    needs_model = False
    reasoning = "reasoning_content"
    fingerprint = "b8681-stand-in"
    null_usage_in_chunks = False
    open_paths = frozenset({"/health", "/v1/models", "/models"})
    errors: ClassVar[Errors] = {
        **ERRORS,
        "server": ("server_error", None, "Internal error"),
        "unavailable": ("unavailable_error", None, "Loading model"),
        "auth": ("authentication_error", None, "Invalid API Key"),
        "path": ("not_found_error", None, "File Not Found"),
    }

    def __init__(self) -> None:
        self._slots = [Slot() for _ in range(SLOTS)]
        self._files: dict[str, tuple[tuple[str, ...], int]] = {}
        self._clock = 0

    def caches(self, ask: Ask) -> bool:
        return False

    def place(self, ask: Ask, answer: Answer) -> None:
        words = ask.prompts[0].words
        wished = ask.body.get("id_slot", -1)
        if not isinstance(wished, int) or wished >= SLOTS:
            raise Refusal(400, "param", f"id_slot {wished!r} is out of range", "id_slot")
        best = max(range(SLOTS), key=lambda one: (common(self._slots[one].words, words), -self._slots[one].used))
        answer.slot = wished if wished >= 0 else best
        slot = self._slots[answer.slot]
        reuses = ask.body.get("cache_prompt", True)
        answer.cached_tokens = common(slot.words, words) if reuses else 0
        self._clock += 1
        slot.words, slot.tokens, slot.used = words, answer.prompt_tokens, self._clock
        slot.calls += 1

    def leave(self, answer: Answer) -> None:
        self._slots[answer.slot].calls -= 1

    def usage(self, answer: Answer) -> Body:
        """Of several answers a whole body tells the first one's tokens alone (measured: xllamacpp 2026.10)."""
        return self._usage_of(answer, answer.choices[0])

    def events(self, answer: Answer) -> Iterator[Event]:
        """Of several answers each tells its own tokens when it ends (measured: xllamacpp 2026.10)."""
        several = len(answer.choices) > 1 and answer.usage == "normal" and answer.ask.include_usage
        for event in super().events(answer):
            rows = event.data.get("choices", []) if isinstance(event.data, dict) else []
            if not several or (rows and rows[0]["finish_reason"] is None) or event.data == DONE:
                yield event
            elif rows and isinstance(event.data, dict):
                usage = self._usage_of(answer, answer.choices[rows[0]["index"]])
                yield event._replace(data={**event.data, "usage": usage, **self.extras(answer)})

    def _usage_of(self, answer: Answer, choice: Choice) -> Body:
        counts = {"completion_tokens": choice.tokens, "total_tokens": answer.prompt_tokens + choice.tokens}
        return {**self.counts(answer), **counts, "prompt_tokens_details": {"cached_tokens": answer.cached_tokens}}

    def extras(self, answer: Answer) -> Body:
        if answer.usage == "none":
            return {}
        fresh, output = answer.prompt_tokens - answer.cached_tokens, answer.choices[0].tokens
        prompt_s, decode_s = answer.first_s - answer.start_s, answer.end_s - answer.first_s
        timings = {
            "cache_n": answer.cached_tokens,
            "prompt_n": fresh,
            "prompt_ms": prompt_s * 1000,
            "prompt_per_token_ms": per_s(prompt_s * 1000, fresh),
            "prompt_per_second": per_s(fresh, prompt_s),
            "predicted_n": output,
            "predicted_ms": decode_s * 1000,
            "predicted_per_token_ms": per_s(decode_s * 1000, output),
            "predicted_per_second": per_s(output, decode_s),
        }
        return {"timings": timings}

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        of_type, _, text = self.said(kind, message, model, key)
        return {"error": {"code": status, "message": text, "type": of_type}}

    def headers(self, number: int, limits: Limits) -> dict[str, str]:
        """It limits no rates."""
        return {}

    def get(self, path: str, load: Load) -> Reply | None:
        if path == "/health":
            return Reply({"status": "ok"})
        if path == "/props":
            settings = {"id": 0, "n_ctx": CONTEXT, "is_processing": False}
            more = {"model_path": load.models[0], "modalities": {"vision": True}, "build_info": self.fingerprint}
            return Reply({"default_generation_settings": settings, "total_slots": SLOTS, **more})
        if path == "/slots":
            return Reply([self._slot(number) for number in range(SLOTS)])
        if path == "/metrics":
            return Reply(exposition(self._samples(load)), media=TEXT)
        return super().get("/v1/models" if path == "/models" else path, load)

    def _slot(self, number: int) -> Body:
        slot = self._slots[number]
        return {
            "id": number,
            "n_ctx": CONTEXT,
            "speculative": False,
            "is_processing": slot.calls > 0,
            "n_prompt_tokens": slot.tokens,
        }

    def _samples(self, load: Load) -> list[tuple[str, str, str, float]]:
        totals = load.totals
        return [
            ("llamacpp:prompt_tokens_total", "counter", "", totals.prompt_tokens - totals.cached_tokens),
            ("llamacpp:tokens_predicted_total", "counter", "", totals.output_tokens),
            ("llamacpp:prompt_tokens_seconds", "gauge", "", per_s(totals.prompt_tokens, sum(load.first_s))),
            ("llamacpp:predicted_tokens_seconds", "gauge", "", per_s(totals.output_tokens, sum(load.whole_s))),
            ("llamacpp:requests_processing", "gauge", "", load.running),
            ("llamacpp:requests_deferred", "gauge", "", 0),
            ("llamacpp:n_busy_slots_per_decode", "gauge", "", min(SLOTS, load.running)),
        ]

    def post(self, path: str, query: str, body: Body) -> Reply | None:
        found = SLOT.fullmatch(path)
        if found is None:
            return None
        action = parse_qs(query).get("action", [""])[0]
        number, filename = int(found[1]), str(body.get("filename", ""))
        if number >= SLOTS or action not in ("save", "restore", "erase"):
            raise Refusal(400, "param", "Invalid slot or action")
        slot = self._slots[number]
        if action == "erase":
            erased, slot.words, slot.tokens = slot.tokens, (), 0
            return Reply({"id_slot": number, "n_erased": erased})
        if action == "save":
            self._files[filename] = (slot.words, slot.tokens)
            names = {"n_saved": slot.tokens, "n_written": slot.tokens * BYTES_A_TOKEN, "timings": {"save_ms": 0.1}}
            return Reply({"id_slot": number, "filename": filename, **names})
        if filename not in self._files:
            raise Refusal(400, "param", "Unable to restore slot, no available space in KV cache or invalid slot file")
        slot.words, slot.tokens = self._files[filename]
        names = {"n_restored": slot.tokens, "n_read": slot.tokens * BYTES_A_TOKEN, "timings": {"restore_ms": 0.1}}
        return Reply({"id_slot": number, "filename": filename, **names})
