"""Engine cycles of one instruction, from one table of documented costs; what is not documented is named as assumed.

N is the number of elements in a partition. Source of the documented ones: `nki.isa` of SDK 2.26, as collected in the
project's NKI reference, section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commissure.kernels.nki.cost.targets import Basis, Target
from commissure.kernels.nki.trace import Instruction, Operand

SIZES = {
    "float32": 4, "tfloat32": 4, "int32": 4, "uint32": 4, "bfloat16": 2, "float16": 2, "int16": 2, "uint16": 2,
    "int8": 1, "uint8": 1, "bool": 1, "float8_e4m3": 1, "float8_e5m2": 1, "float8_e4m3fn": 1,
}  # fmt: skip
HALVES = ("bfloat16", "float16")
Cycles = Callable[[Instruction, Target], float]


@dataclass(frozen=True, slots=True)
class Rule:
    """How an op's cycles follow from an instruction, before the least of any instruction; and the rule in words."""

    cycles: Cycles
    basis: Basis
    words: str


def elements(instruction: Instruction) -> int:
    """N: the most elements in a partition of any of its operands that are no per-partition scalars."""
    return max((one.free for one in (*instruction.writes, *instruction.reads)), default=1)


def _source(instruction: Instruction) -> int:
    return max((one.free for one in instruction.reads), default=elements(instruction))


def _wide(instruction: Instruction) -> list[Operand]:
    """The inputs that are as wide as the widest: the others are broadcast."""
    most = _source(instruction)
    return [one for one in instruction.reads if one.free == most]


def _all_halves(instruction: Instruction) -> bool:
    """Whether what is streamed is of 16 bits, side by side; a scalar or an index beside it does not count."""
    most = elements(instruction)
    operands = [one for one in (*instruction.reads, *instruction.writes) if one.free == most]
    return all(one.dtype in HALVES and one.contiguous for one in operands)


def _in_psum(instruction: Instruction) -> bool:
    return any(one.space == "psum" for one in instruction.reads)


def _copy(instruction: Instruction, target: Target) -> float:
    """One pass; on later cores VectorE takes 16-bit elements 4 at a time within SBUF, 2 with a side in PSUM."""
    count = float(elements(instruction))
    if target.vector_modes.value and instruction.engine == "vector" and _all_halves(instruction):
        psum = any(one.space == "psum" for one in (*instruction.reads, *instruction.writes))
        return count / (2 if psum else 4)
    return count


def _zero(instruction: Instruction, target: Target) -> float:
    half = instruction.facts.get("value") == 0 and all(one.dtype == "bfloat16" for one in instruction.writes)
    return elements(instruction) / (2 if half else 1)


def _two_inputs(instruction: Instruction, target: Target) -> float:
    """A second input from SBUF costs a second pass, unless all is bf16 add, subtract or multiply, side by side."""
    count = float(elements(instruction))
    quick = instruction.facts.get("alu", "add") in ("add", "subtract", "multiply") and _all_halves(instruction)
    if quick and not _in_psum(instruction):
        return count / (2 if target.vector_modes.value else 1)
    return count if _in_psum(instruction) or len(_wide(instruction)) < 2 else 2 * count


def _predicated(instruction: Instruction, target: Target) -> float:
    return elements(instruction) * (1.0 if _in_psum(instruction) else 2.0)


def _scalar_tensor_tensor(instruction: Instruction, target: Target) -> float:
    return elements(instruction) * (1.0 if _all_halves(instruction) else 2.0)


def _reduce(instruction: Instruction, target: Target) -> float:
    return _source(instruction) / (2 if _all_halves(instruction) else 1)


def _matmul(instruction: Instruction, target: Target) -> float:
    """Moving columns, at least the stationary ones up to 64; four passes of fp32, two if one is of 0 and 1.

    Loading the stationary ones is behind the product before.
    """
    stationary = float(instruction.facts.get("stationary", instruction.reads[0].free))
    moving = float(instruction.facts.get("moving", instruction.reads[-1].free))
    wide = instruction.facts.get("fp32", all(one.dtype == "float32" for one in instruction.reads))
    passes = (2 if instruction.facts.get("onezero") else 4) if wide else 1
    return passes * max(min(64.0, stationary), moving)


def _activation(instruction: Instruction, target: Target) -> float:
    return elements(instruction) + (64 if len(instruction.writes) > 1 else 0)


def _transpose(instruction: Instruction, target: Target) -> float:
    if instruction.engine != "tensor":
        return float(elements(instruction))
    source = instruction.reads[0]
    return float(max(source.partitions, min(64, source.free)))


def _local_gather(instruction: Instruction, target: Target) -> float:
    size = SIZES.get(instruction.reads[0].dtype, 4)
    each = float(instruction.facts.get("num_elem_per_idx", 1))
    rate = ((28 + 4 * each) / (4 * each)) / min(4 / size, each)
    return 150 + elements(instruction) / rate


def _one_pass(instruction: Instruction, target: Target) -> float:
    return float(elements(instruction))


def _read(instruction: Instruction, target: Target) -> float:
    return float(_source(instruction))


def _times(cycles: Cycles, factor: float, more: float = 0.0) -> Cycles:
    return lambda instruction, target: factor * cycles(instruction, target) + more


def _reciprocal(instruction: Instruction, target: Target) -> float:
    return elements(instruction) * (8.0 if instruction.engine == "vector" else 1.0)


RULES: dict[str, Rule] = {
    "tensor_copy": Rule(_copy, "documented", "N"),
    "memset": Rule(_zero, "documented", "N; bf16 zeros N/2"),
    "tensor_tensor": Rule(_two_inputs, "documented", "N with an input in PSUM or all bf16, else 2N"),
    "tensor_scalar": Rule(_copy, "documented", "N"),
    "scalar_tensor_tensor": Rule(_scalar_tensor_tensor, "documented", "2N; all bf16 N"),
    "tensor_reduce": Rule(_reduce, "documented", "N; bf16 N/2"),
    "tensor_scalar_reduce": Rule(_times(_one_pass, 1, 64), "documented", "N + 64"),
    "tensor_copy_predicated": Rule(_predicated, "documented", "N with an input in PSUM, else 2N"),
    "select_reduce": Rule(_two_inputs, "assumed", "as tensor_tensor"),
    "activation": Rule(_activation, "documented", "N; with a reduction N + 64"),
    "iota": Rule(_times(_one_pass, 1, 150), "documented", "150 + N"),
    "affine_select": Rule(_times(_one_pass, 1, 150), "documented", "150 + N"),
    "max8": Rule(_read, "documented", "N"),
    "nc_find_index8": Rule(_read, "documented", "N"),
    "nc_match_replace8": Rule(_read, "assumed", "N: documented as min(64, N), read as max"),
    "nc_transpose": Rule(_transpose, "documented", "TensorE max(P, min(64, F)), VectorE N"),
    "nc_matmul": Rule(_matmul, "documented", "max(min(64, stationary), moving); fp32 4 times, 2 if one is of 0 and 1"),
    "nc_stream_shuffle": Rule(_one_pass, "documented", "N"),
    "local_gather": Rule(_local_gather, "documented", "150 + N / C(element)"),
    "nc_n_gather": Rule(_times(_one_pass, 1, 150), "assumed", "150 + N, as iota"),
    "tensor_partition_reduce": Rule(_times(_one_pass, 128), "assumed", "128 N: one partition after the other"),
    "tensor_tensor_scan": Rule(_times(_one_pass, 2), "documented", "2N"),
    "reciprocal": Rule(_reciprocal, "documented", "VectorE 8N, ScalarE N"),
    "rng": Rule(_one_pass, "assumed", "N"),
}
# An op that the table lacks, as a register move.
OTHER = Rule(_one_pass, "assumed", "N")


@dataclass(frozen=True, slots=True)
class Cost:
    """Engine cycles of one instruction, and what they rest on."""

    cycles: float
    basis: Basis


def cost_of(instruction: Instruction, target: Target) -> Cost:
    """Cycles on the instruction's own engine; at least the least of any, and the dynamic floor with such an offset.

    On GpSimdE the costs of element-wise ops are documented for VectorE only, and assumed to hold.
    """
    rule = RULES.get(instruction.op, OTHER)
    least = target.least_cycles.value
    if instruction.facts.get("dynamic"):
        least = max(least, target.dynamic_cycles.value)
    basis = rule.basis
    if instruction.engine == "gpsimd" and instruction.op in ("tensor_copy", "tensor_tensor", "tensor_scalar"):
        basis = "assumed"
    return Cost(max(least, rule.cycles(instruction, target)), basis)


def transfer_bytes(instruction: Instruction, target: Target) -> float:
    """Bytes that a DMA's engines are busy with: a row, or an element where rows are scattered, counts at least
    `dma_least_row_bytes`.
    """
    operands = (*instruction.reads[:1], *instruction.writes[:1])
    size = float(instruction.facts.get("bytes", max(_bytes(one) for one in operands)))
    row = float(instruction.facts.get("run_bytes", min(_row_bytes(one) for one in operands)))
    return size * max(1.0, target.dma_least_row_bytes.value / max(row, 1.0))


def _bytes(operand: Operand) -> int:
    return operand.partitions * operand.free * SIZES.get(operand.dtype, 4)


def _row_bytes(operand: Operand) -> int:
    """Bytes of the longest piece that lies in one place; a view of HBM without gaps is one piece."""
    size = SIZES.get(operand.dtype, 4)
    if not operand.contiguous:
        return size
    return operand.free * size * (operand.partitions if operand.space == "hbm" else 1)
