"""The three NeuronCores and what their memories hold.

Source: NKI architecture guides of Trainium/Inferentia2, Trainium2 and Trainium3 (SDK 2.32).
"""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.errors import unknown

PARTITIONS = 128
PSUM_BANKS = 8
PSUM_BANK_BYTES = 2048
PSUM_BYTES = PSUM_BANKS * PSUM_BANK_BYTES
MAX_FREE = {"sbuf": 64 * 1024, "psum": 4 * 1024}
"""Most elements per partition of one access."""
MATMUL_ROWS = 128
MATMUL_STATIONARY = 128
MATMUL_MOVING = 512


@dataclass(frozen=True, slots=True)
class Target:
    """A chip as NKI sees it: `core` is the generation of its NeuronCore, `sbuf_bytes` are per partition."""

    name: str
    core: int
    sbuf_bytes: int


TARGETS = {
    "trn1": Target("trn1", 2, 192 * 1024),
    "inf2": Target("inf2", 2, 192 * 1024),
    "trn2": Target("trn2", 3, 224 * 1024),
    "trn3": Target("trn3", 4, 256 * 1024),
}


def find_target(name: str) -> Target:
    """The target of that name. Raises UsageError with the nearest name."""
    if not isinstance(name, str) or name not in TARGETS:
        raise unknown("NKI target", str(name), TARGETS)
    return TARGETS[name]
