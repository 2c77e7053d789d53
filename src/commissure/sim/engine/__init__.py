"""A serving engine in virtual time: continuous batching from a step-time model, by jumps or step by step."""

from pathlib import Path

from commissure.hal.builds import warn_of_stale_builds

warn_of_stale_builds(Path(__file__).parents[1])
