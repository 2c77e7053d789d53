"""The NeuronCores that a kernel's cost can be told for: clocks, memories, bandwidths, latencies, each with its source.

Sources: `SDK:` is aws-neuron/aws-neuron-sdk at 81ce03ae (the documentation of Neuron SDK 2.32.0), `ISA26` the `nki.isa`
pages of SDK 2.26, which gave costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from commissure.hal.errors import unknown

Basis = Literal["documented", "derived", "assumed"]
ARCH = "SDK:nki/guides/architecture"
GUIDE = "SDK:nki/deep-dives/nki-dma-bandwidth-guide.rst"
PERFORMANCE = "SDK:nki/deep-dives/nki_perf_guide.rst"


class Figure(NamedTuple):
    """A number, what it rests on, and where it stands."""

    value: float
    basis: Basis
    source: str


@dataclass(frozen=True, slots=True)
class Target:
    """One NeuronCore of a chip, in the units that the names of the fields end with; sizes are of one partition."""

    name: str
    core: str
    chip: str
    """The chip's name in hal/profiles/chips, or what it would be."""
    cores_per_chip: Figure
    tensor_ghz: Figure
    vector_ghz: Figure
    scalar_ghz: Figure
    gpsimd_ghz: Figure
    hbm_gb_per_s: Figure
    """Of the whole chip."""
    dma_engines: Figure
    dma_gb_per_s: Figure
    """Of one engine, as the guide says that long transfers reach it."""
    sbuf_bytes: Figure
    psum_bytes: Figure
    psum_bank_bytes: Figure
    vector_modes: Figure
    """1 where VectorE takes 16-bit elements several at a time."""
    shared_ports: Figure
    """1 where VectorE and GpSimdE take turns on SBUF, and VectorE and ScalarE on PSUM."""
    least_cycles: Figure
    dynamic_cycles: Figure
    dependent_cycles: Figure
    matmul_latency_cycles: Figure
    dma_latency_ns: Figure
    dma_least_row_bytes: Figure

    @property
    def hbm_share_gb_per_s(self) -> float:
        """A core's even share of its chip's HBM (derived)."""
        return self.hbm_gb_per_s.value / self.cores_per_chip.value

    @property
    def stream_gb_per_s(self) -> float:
        """What one core can stream from HBM: all its DMA engines, at most its share of the HBM (derived)."""
        return min(self.dma_engines.value * self.dma_gb_per_s.value, self.hbm_share_gb_per_s)

    def ghz(self, engine: str) -> float:
        """The clock of a compute engine."""
        clocks = {"tensor": self.tensor_ghz, "vector": self.vector_ghz, "scalar": self.scalar_ghz}
        return clocks.get(engine, self.gpsimd_ghz).value

    def figures(self) -> dict[str, Figure]:
        """All numbers by name."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in found.items() if isinstance(value, Figure)}


def _target(
    name: str, core: str, chip: str, page: str, cores: int, clocks: tuple[float, float, float, float], hbm: float,
    dma: float, sbuf_kib: int, *, first: bool,
) -> Target:  # fmt: skip
    arch = f"{ARCH}/{page}"
    floor: Basis = "documented" if first else "assumed"
    note = "" if first else ": of NeuronCore-v2, taken to hold here"
    tensor, vector, scalar, gpsimd = (Figure(clock, "documented", arch) for clock in clocks)
    return Target(
        name, core, chip, Figure(cores, "documented", arch), tensor, vector, scalar, gpsimd,
        hbm_gb_per_s=Figure(hbm, "documented", arch),
        dma_engines=Figure(16, "documented", "SDK:nki/get-started/about/nki-dma-overview.rst"),
        dma_gb_per_s=Figure(dma, "documented", GUIDE),
        sbuf_bytes=Figure(sbuf_kib * 1024, "documented", arch),
        psum_bytes=Figure(16 * 1024, "documented", arch),
        psum_bank_bytes=Figure(2048, "documented", arch),
        vector_modes=Figure(0 if first else 1, "documented", arch),
        shared_ports=Figure(1 if first else 0, "documented", arch),
        least_cycles=Figure(64, floor, f"ISA26: MIN_II{note}"),
        dynamic_cycles=Figure(600, floor, f"ISA26: tensor_copy_dynamic_src{note}"),
        dependent_cycles=Figure(100, floor, f"{PERFORMANCE}: static overhead; between engines it is assumed{note}"),
        matmul_latency_cycles=Figure(64, floor, f"ISA26: MM_INIT_LATENCY{note}"),
        dma_latency_ns=Figure(1300, "documented", f"{GUIDE}: semaphore to start"),
        dma_least_row_bytes=Figure(256, "assumed", f"{GUIDE}: below it severely bound; no formula is given"),
    )  # fmt: skip


TARGETS = {
    one.name: one
    for one in (
        _target("trn1", "NeuronCore-v2", "aws-trainium1", "trainium_inferentia2_arch.rst", 2, (2.8, 1.12, 1.4, 1.4),
                820, 17, 192, first=True),
        _target("inf2", "NeuronCore-v2", "aws-inferentia2", "trainium_inferentia2_arch.rst", 2, (2.8, 1.12, 1.4, 1.4),
                820, 17, 192, first=True),
        _target("trn2", "NeuronCore-v3", "aws-trainium2", "trainium2_arch.rst", 8, (2.4, 0.96, 1.2, 1.2),
                2900, 23, 224, first=False),
        _target("trn3", "NeuronCore-v4", "aws-trainium3", "trainium3_arch.rst", 8, (2.4, 1.2, 1.2, 1.2),
                4700, 33, 256, first=False),
    )
}  # fmt: skip


def find_target(name: str) -> Target:
    """The target of that name. Raises UsageError with the names that are known."""
    if name not in TARGETS:
        raise unknown("target", name, TARGETS)
    return TARGETS[name]


def target_of_chip(chip: str) -> Target | None:
    """The target that is a core of a chip of hal/profiles/chips, None for other chips."""
    return next((one for one in TARGETS.values() if one.chip == chip), None)
