"""What every instruction goes through: the limits of its operands, then the trace."""

from __future__ import annotations

from typing import Any

from commissure.kernels.nki.executor.enums import engine as engines
from commissure.kernels.nki.executor.machine import Machine, current
from commissure.kernels.nki.executor.targets import MAX_FREE, PARTITIONS
from commissure.kernels.nki.executor.tensor import NkiTensor
from commissure.kernels.nki.executor.violations import NkiViolation
from commissure.kernels.nki.trace import Engine

READS: dict[Engine, tuple[str, ...]] = {
    "tensor": ("sbuf",),
    "vector": ("sbuf", "psum"),
    "scalar": ("sbuf", "psum"),
    "gpsimd": ("sbuf",),
    "dma": ("hbm", "sbuf"),
}
WRITES = {**READS, "tensor": ("psum",)}
MAX_RANK = 5
"""A partition axis and four others (nki-aps.rst)."""


def issue(
    op: str,
    engine: Engine,
    writes: dict[str, Any],
    reads: dict[str, Any],
    scalars: dict[str, Any] | None = None,
    **facts: Any,
) -> Machine:
    """Check the operands against engine and memory, append the instruction, return the machine.

    `scalars` are operands that may be numbers, or None, instead of tensors. Raises NkiViolation.
    """
    machine = current()
    targets = {role: operand for role, operand in writes.items() if operand is not None}
    sources = reads | {role: operand for role, operand in (scalars or {}).items() if isinstance(operand, NkiTensor)}
    for role, tensor in targets.items():
        _check(op, engine, role, tensor, WRITES[engine])
    for role, tensor in sources.items():
        _check(op, engine, role, tensor, READS[engine])
    tensors = (*targets.values(), *sources.values())
    indices = [tensor.dynamic for tensor in tensors if tensor.dynamic is not None]
    if indices:
        facts["dynamic"] = True
        facts["indirect"] = any(index.per_partition for index in indices)
    read = (*(t.operand() for t in sources.values()), *(index.index.operand() for index in indices))
    machine.record(op, engine, tuple(t.operand() for t in targets.values()), read, facts)
    return machine


def _check(op: str, engine: Engine, role: str, tensor: Any, spaces: tuple[str, ...]) -> None:
    if not isinstance(tensor, NkiTensor):
        raise NkiViolation(op, role, "it must be a tensor", type(tensor).__name__, "Pass nl.ndarray(...) or a view")
    space = tensor.storage.space
    if space not in spaces:
        limit = f"{role} of the {engine} engine lies in {' or '.join(s.upper() for s in spaces)}"
        fix = "Copy it there first (tensor_copy between SBUF and PSUM, dma_copy between HBM and SBUF)"
        raise NkiViolation(op, tensor.name, limit, space.upper(), fix)
    if tensor.dynamic is not None and tensor.dynamic.per_partition and engine != "dma":
        raise NkiViolation(op, tensor.name, "only dma_copy takes a vector_offset", role, "Gather with dma_copy first")
    if tensor.on_chip and not tensor.checked:
        _check_tile(op, tensor)
        tensor.checked = True


def _check_tile(op: str, tensor: NkiTensor) -> None:
    partitions, start, free = tensor.shape[0], tensor.start_partition, tensor.free
    space = tensor.storage.space
    if partitions > PARTITIONS:
        limit, fix = f"a tile has at most {PARTITIONS} partitions", "Split it into tiles"
        raise NkiViolation(op, tensor.name, limit, str(partitions), fix)
    allowed = (0,) if partitions > 64 else (0, 64) if partitions > 32 else (0, 32, 64, 96)
    if start not in allowed:
        limit = f"a view of {partitions} partitions starts at {' or '.join(map(str, allowed))}"
        fix = "Move the rows with dma_copy, or compute on all partitions from 0 on"
        raise NkiViolation(op, tensor.name, limit, f"partition {start}", fix)
    if free > MAX_FREE[space]:
        limit, fix = f"an access to {space.upper()} has at most {MAX_FREE[space]} elements per partition", "Tile it"
        raise NkiViolation(op, tensor.name, limit, str(free), fix)
    if tensor.ndim > MAX_RANK:
        limit = "an access has a partition axis and at most four others"
        raise NkiViolation(op, tensor.name, limit, str(tensor.shape), "Merge axes with reshape")


def same_extent(op: str, dst: NkiTensor, **others: Any) -> None:
    """Raise NkiViolation unless all have as many partitions, and as many elements in each, as `dst`."""
    for role, other in others.items():
        if isinstance(other, NkiTensor) and (other.shape[0], other.free) != (dst.shape[0], dst.free):
            limit = f"{role} has as many partitions and elements per partition as dst, {dst.shape[0]} x {dst.free}"
            raise NkiViolation(op, other.name, limit, f"{other.shape[0]} x {other.free}", "Slice both alike")


def column(op: str, role: str, operand: Any, partitions: int, dtypes: tuple[str, ...] = ()) -> None:
    """Raise NkiViolation unless it is a number, or a [partitions, 1] tile of one of the dtypes."""
    if isinstance(operand, (int, float)):
        return
    if not isinstance(operand, NkiTensor):
        limit, given = "it is a number or a tile", type(operand).__name__
        raise NkiViolation(op, role, limit, given, "Pass a Python number or a tile of shape [partitions, 1]")
    if operand.shape[0] != partitions or operand.free != 1:
        limit = f"{role} is a tile of shape ({partitions}, 1)"
        raise NkiViolation(op, operand.name, limit, str(operand.shape), "Slice one column")
    if dtypes and operand.dtype not in dtypes:
        limit = f"{role} is of {' or '.join(dtypes)}"
        raise NkiViolation(op, operand.name, limit, operand.dtype, "Copy it to a tile of that dtype first")


def of_dtype(op: str, role: str, tensor: NkiTensor, dtypes: tuple[str, ...]) -> None:
    """Raise NkiViolation unless the tensor has one of the dtypes."""
    if tensor.dtype not in dtypes:
        limit = f"{role} is of {' or '.join(dtypes)}"
        raise NkiViolation(op, tensor.name, limit, tensor.dtype, "Copy it to a tile of that dtype first")


def one_in_psum(op: str, first: Any, second: Any) -> None:
    """Raise NkiViolation if both inputs lie in PSUM."""
    if all(isinstance(t, NkiTensor) and t.storage.space == "psum" for t in (first, second)):
        limit, fix = "at most one input lies in PSUM", "Copy one to SBUF with tensor_copy"
        raise NkiViolation(op, first.name, limit, f"{first.name} and {second.name}", fix)


def choose(op: str, asked: Any, default: Engine, allowed: tuple[Engine, ...]) -> Engine:
    """The engine that was asked for, or the default. Raises NkiViolation if the instruction cannot run there."""
    if not isinstance(asked, engines):
        limit, given = "engine is a member of nisa.engine", repr(asked)
        raise NkiViolation(op, "", limit, given, "Write nisa.engine.vector, for example")
    if asked is engines.unknown:
        return default
    for name in allowed:
        if name == asked.name:
            return name
    limit = f"it runs on {' or '.join(allowed)}"
    raise NkiViolation(op, "", limit, asked.name, "Leave engine out, or name one of these")
