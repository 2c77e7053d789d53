"""The claims of the source documents about recursion: what was claimed of which model on which chip."""

from __future__ import annotations

from dataclasses import dataclass

BLOG = "Callosum, Heterogeneous Intelligence (2026), deep context (reported, unverified)"
TALK = "A. Bertagnoli, AI Engineer, 2026-05-24: $0.54 and some 400 s a task against $3.75 and some 2,000 s (reported)"


@dataclass(frozen=True, slots=True)
class Claimed:
    """Recursion at `endpoint` beside a frontier model: so many times as fast and as cheap, None where not claimed."""

    id: str
    statement: str
    source: str
    endpoint: str
    faster: float | None
    cheaper: float | None


CLAIMED = (
    Claimed(
        "llama-cerebras", "Recursion with Llama-70B on Cerebras is 5.5 times as fast and 4.8 times as cheap as GPT-5",
        BLOG, "cerebras-llama-3.3-70b-cerebras-wse3", 5.5, 4.8,
    ),
    Claimed(
        "llama-sambanova", "Recursion with Llama-70B on SambaNova is 8.8 times as cheap as GPT-5",
        BLOG, "sambanova-llama-3.3-70b-sambanova-sn40l", None, 8.8,
    ),
    Claimed(
        "talk-cerebras", "Recursion on Cerebras is 7 times as cheap and 5 times as fast as GPT-5",
        TALK, "cerebras-gpt-oss-120b-cerebras-wse3", 5.0, 7.0,
    ),
    Claimed(
        "talk-sambanova", "Recursion on SambaNova is 12 times as cheap and 3 times as fast as GPT-5",
        TALK, "sambanova-gpt-oss-120b-sambanova-sn40l", 3.0, 12.0,
    ),
)  # fmt: skip
BASELINES = ("openai-gpt-5-undisclosed", "openai-gpt-5.2-undisclosed")
