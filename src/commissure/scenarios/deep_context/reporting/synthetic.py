"""A made-up log of commits of about the shape of a busy public one: few do much, many do one thing; with its traps."""

from __future__ import annotations

from datetime import date, timedelta
from math import log

from commissure.hal.clock.dice import Dice, dice
from commissure.scenarios.deep_context.activity.record import Commit

# The shape of the newest 2,454 commits of vllm-project/vllm to 2025-06-13: 82 tokens a commit as it is rendered, 21 a
# day, a co-author to every fourth, a revert in 120, and files to a commit with a median of 2, a mean of 5 and a long
# tail. Its 492 people are as many here, the first of whom made 165.
TOKENS_A_COMMIT = 82
COMMITS_A_DAY = 21
REVERTS, CO_AUTHORS, UNNUMBERED = 1 / 120, 0.24, 0.002
FILES_MEDIAN, FILES_SPREAD, MOST_FILES = 2.0, 1.35, 300
_TAIL = 0.8
_NEWEST = date(2026, 6, 13)

_TAGS = ("Bugfix", "Core", "Doc", "Model", "CI", "Kernel", "Frontend", "Misc", "")
_VERBS = ("Fix", "Add", "Remove", "Support", "Refactor", "Speed up", "Document", "Test", "Rename", "Validate")
_THINGS = (
    "the scheduler", "prefix caching", "chunked prefill", "the tokenizer", "request cancellation", "log probabilities",
    "the quantized linear layer", "rotary embeddings", "the benchmark script", "guided decoding", "the block table",
    "multimodal inputs", "pipeline parallelism", "the release notes", "the sampler", "weight loading", "metrics",
)  # fmt: skip
_WHERE = (
    "on CPU", "for long prompts", "in the engine", "for small batches", "with tensor parallelism", "on older drivers",
    "in streaming mode", "for empty requests", "under load", "when a worker dies", "in the offline example",
)  # fmt: skip
_FOLDERS = (
    "tests/entrypoints", "tests/kernels", "engine/core", "engine/worker", "docs/source", "docs/usage", "csrc/attention",
    "models/executor", "benchmarks/serving", "examples/offline", "requirements",
)  # fmt: skip
_PARTS = ("layers", "quantization", "multimodal", "distributed", "attention", "tools", "structured_output")
_FILES = ("runner", "config", "scheduler", "processing", "test_basic", "common", "registry", "interface")


def synthetic(seed: int, tokens: int) -> list[Commit]:
    """Newest first, enough commits for so many tokens and some more; the same for the same seed."""
    roll = dice(f"synthetic log {seed}")
    count = tokens // TOKENS_A_COMMIT * 3 // 2 + 64
    people = [(f"{roll.getrandbits(32):08x}", f"Contributor {number}") for number in range(count // 3 + 20)]
    weights = [1 / (rank + 1) ** _TAIL for rank in range(len(people))]
    oldest_first: list[Commit] = []
    number = 1000
    for place in range(count):
        number += roll.randint(1, 9)
        person, name = roll.choices(people, weights)[0]
        day = _NEWEST - timedelta(days=(count - 1 - place) // COMMITS_A_DAY)
        before = roll.choice(oldest_first[-50:]) if oldest_first and roll.random() < REVERTS else None
        pr = None if roll.random() < UNNUMBERED else number
        oldest_first.append(_commit(roll, day, person, name, pr, before, [one for _, one in people]))
    return oldest_first[::-1]


def _commit(
    roll: Dice, day: date, person: str, name: str, pr: int | None, before: Commit | None, names: list[str]
) -> Commit:
    """One commit; of `before`, where it takes that back."""
    tag = roll.choice(_TAGS)
    said = f"{roll.choice(_VERBS)} {roll.choice(_THINGS)} {roll.choice(_WHERE)}"
    title = f'Revert "{before.subject}"' if before else f"[{tag}] {said}" if tag else said
    others = tuple(roll.sample(names, 1)) if roll.random() < CO_AUTHORS else ()
    body = [f"This reverts commit {before.sha}."] if before else []
    body += [f"Signed-off-by: {roll.choice((name, *others))}", *(f"Co-authored-by: {one}" for one in others)]
    files = before.files if before else _files(roll)
    return Commit(
        sha=f"{roll.getrandbits(48):012x}", author=name, person=person, day=day.isoformat(), pr=pr,
        subject=title if pr is None else f"{title} (#{pr})", body="\n".join(body), co_authors=others,
        files=files,
    )  # fmt: skip


def _files(roll: Dice) -> tuple[str, ...]:
    """Mostly of one folder."""
    count = min(MOST_FILES, max(1, round(roll.lognormvariate(log(FILES_MEDIAN), FILES_SPREAD))))
    home = roll.choice(_FOLDERS)
    return tuple(
        sorted(
            {
                f"{home if roll.random() < 0.7 else roll.choice(_FOLDERS)}/{roll.choice(_PARTS)}/"
                f"{roll.choice(_FILES)}_{roll.randrange(count)}.py"
                for _ in range(count)
            }
        )
    )
