"""Named settings of instructions, as nki.isa has them (nki/api/nki/isa/__init__.py of SDK 2.32)."""

from enum import Enum


class engine(Enum):
    """Engines of a NeuronCore; `unknown` leaves the choice to the compiler."""

    tensor = 1
    scalar = 2
    gpsimd = 3
    dma = 4
    vector = 5
    sync = 6
    unknown = 0


class reduce_cmd(Enum):
    """What an instruction does with its engine's accumulator registers."""

    idle = 0
    reset = 1
    reduce = 2
    reset_reduce = 3
    load_reduce = 4


class oob_mode(Enum):
    """What a dynamic access does outside of its tensor."""

    error = 0
    skip = 1


class dge_mode(Enum):
    """Who makes the descriptors of a DMA."""

    unknown = 0
    swdge = 1
    hwdge = 2
    none = 3


class matmul_perf_mode(Enum):
    """How the tensor engine treats 8-bit floats; only `none` is on every target."""

    none = "none"


class nc_version(Enum):
    """Generations of the NeuronCore."""

    gen2 = 2
    gen3 = 3
    gen4 = 4


class MemoryRegion(Enum):
    """Where a tensor lies; `hbm` is another name of `private_hbm`."""

    sbuf = "sbuf"
    psum = "psum"
    private_hbm = "private_hbm"
    shared_hbm = "shared_hbm"
