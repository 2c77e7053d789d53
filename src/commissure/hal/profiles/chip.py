"""Chips, as published: one TOML file each in profiles/chips. Absent numbers are unknown."""

from __future__ import annotations

from functools import cache

from commissure.hal.profiles.quantity import Quantity, Record
from commissure.hal.tomlfile import PROFILES, load_toml


class Chip(Record):
    """Silicon. Memory is what holds weights and KV cache at full speed; `host` memory is attached behind it.

    GB and TFLOPS are decimal; `link` is the bandwidth to another chip, over which KV state travels.
    """

    name: str
    maker: str
    memory_gb: Quantity | None = None
    memory_gb_per_s: Quantity | None = None
    host_gb: Quantity | None = None
    host_gb_per_s: Quantity | None = None
    link_gb_per_s: Quantity | None = None
    bf16_tflops: Quantity | None = None
    fp8_tflops: Quantity | None = None
    usd_per_hour: Quantity | None = None


@cache
def chips() -> dict[str, Chip]:
    """Every known chip by name; a new chip is one file in profiles/chips."""
    found = (load_toml(path, Chip) for path in sorted((PROFILES / "chips").glob("*.toml")))
    return {chip.name: chip for chip in found}
