"""Calls and names of nki, nl and nisa that not every NKI from 0.2 to 0.6 has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from inspect import signature

from commissure.kernels.nki.dialect_finding import Finding
from commissure.kernels.nki.executor.modules import INSTRUCTIONS, TILE_SIZE, build
from commissure.kernels.nki.executor.operators import BY_NAME

OFFSET = ("iota", "affine_select")
ENUMS = ("engine", "dge_mode", "oob_mode", "reduce_cmd")
ISA_ADVICE = {
    "range_select": ("it is of NeuronCore-v3 on, and 0.2 ignores its arguments", "use affine_select or select_reduce"),
    "topk": ("it came with 0.6", "use max8, nc_find_index8 and nc_match_replace8"),
    "rand2": ("it is of NeuronCore-v4", "pass random numbers as an input"),
    "rng": ("its numbers differ between generations", "pass random numbers as an input"),
    "exponential": ("it is of NeuronCore-v4", "use activation(op=nl.exp)"),
    "activate2": ("it is of NeuronCore-v4", "use activation"),
    "nonzero_with_count": ("it is of NeuronCore-v3 on", "use iota and select_reduce"),
    "rand_set_state": ("it is of NeuronCore-v3 on", "pass random numbers as an input"),
    "tensor_copy_dynamic_src": ("0.4 took it away", "use tensor_copy with .ap(scalar_offset=...)"),
    "tensor_copy_dynamic_dst": ("0.4 took it away", "use tensor_copy with .ap(scalar_offset=...)"),
}
LANGUAGE_ADVICE = {
    "load": ("0.2 has none", "use nisa.dma_copy"),
    "store": ("0.2 has none", "use nisa.dma_copy"),
    "arange": ("0.2 took it away", "use slices, nl.ds or .ap(pattern=...)"),
    "mgrid": ("0.2 took it away", "use slices, nl.ds or .ap(pattern=...)"),
    "fori_loop": ("it came with 0.6", "use Python's range, which is unrolled"),
    "while_loop": ("it came with 0.6", "use Python's range, which is unrolled"),
    "dynamic_range": ("0.6 replaced it", "use Python's range, which is unrolled"),
    "divide": ("the hardware has no division", "use nisa.reciprocal and multiply"),
    "mod": ("the hardware has no modulo", "mask with bitwise_and, or subtract multiples"),
    "fmod": ("the hardware has no modulo", "mask with bitwise_and, or subtract multiples"),
}
_LATER = "it came with 0.5"
_VIEWS = ("slice", "permute", "broadcast", "expand_dim", "squeeze_dim")
_PROPERTIES = ("is_contiguous", "get_pattern", "is_indirect")
TENSOR_ADVICE = {
    **dict.fromkeys(("select", "vector_select"), (_LATER, "use .ap(scalar_offset= or vector_offset=)")),
    **dict.fromkeys(_VIEWS, (_LATER, "use [...] or .ap(pattern=...)")),
    **dict.fromkeys(("reshape_dim", "flatten_dims", "rearrange"), (_LATER, "use reshape")),
    **dict.fromkeys(_PROPERTIES, ("it is documented from 0.5 on", "use the shapes that the kernel gave")),
    "indirect": ("it is of NeuronCore-v4", "use nc_n_gather or .ap(vector_offset=...)"),
}
_KNOWN = {module.removeprefix("nki."): frozenset(vars(names)) for module, names in build().items()}
ALIASES = {"nl": "language", "nisa": "isa", "nki": "nki", "nki.language": "language", "nki.isa": "isa"}


def _name(node: ast.AST) -> tuple[str, str]:
    """Module and name of `nl.x`, `nisa.x`, `nki.x`; empty for others."""
    if not isinstance(node, ast.Attribute):
        return "", ""
    return ALIASES.get(ast.unparse(node.value), ""), node.attr


def name_findings(node: ast.AST) -> Iterator[Finding]:
    """Names of the modules that are not in all versions."""
    module, name = _name(node)
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "nl.tile_size" and name not in vars(TILE_SIZE):
        instead = f"allowed: {', '.join(vars(TILE_SIZE))}"
        yield Finding(line, f"tile_size.{name}", "not all versions have it", instead)
    if module and name not in _KNOWN[module]:
        advice = {"language": LANGUAGE_ADVICE, "isa": ISA_ADVICE}.get(module, {})
        default = ("it is not in the dialect of 0.2 to 0.6 as it is executed here", "see executor/modules.py")
        why, instead = advice.get(name, default)
        yield Finding(line, f"{module}.{name}", why, instead)


def call_findings(node: ast.AST) -> Iterator[Finding]:
    """What is wrong with a call."""
    if not isinstance(node, ast.Call):
        return
    module, name = _name(node.func)
    if module == "isa" and name in INSTRUCTIONS:
        yield from _instruction(node, name)
    elif module == "language":
        yield from _language(node, name)
    elif not module and isinstance(node.func, ast.Attribute) and node.func.attr in TENSOR_ADVICE:
        why, instead = TENSOR_ADVICE[node.func.attr]
        yield Finding(node.lineno, f".{node.func.attr}()", why, instead)


def _instruction(node: ast.Call, name: str) -> Iterator[Finding]:
    given = {keyword.arg for keyword in node.keywords}
    allowed = signature(INSTRUCTIONS[name]).parameters
    if node.args:
        yield Finding(node.lineno, f"{name}(positional)", "the order differs between versions", "name every argument")
    if name in OFFSET and "offset" not in given:
        yield Finding(node.lineno, f"{name} without offset", "0.2 requires it", "pass offset=0")
    if name == "nc_matmul" and "accumulate" in given:
        why = "0.2 has no such argument"
        instead = "leave it out: the first matmul to a tile overwrites, later ones add"
        yield Finding(node.lineno, "accumulate=", why, instead)
    for keyword in node.keywords:
        if keyword.arg is not None and keyword.arg not in allowed:
            why = "no such argument in all versions"
            yield Finding(node.lineno, f"{name}({keyword.arg}=)", why, f"allowed: {', '.join(allowed)}")
        if keyword.arg in ENUMS and isinstance(keyword.value, ast.Constant):
            instead = f"write nisa.{keyword.arg}.<name>"
            yield Finding(node.lineno, f"{keyword.arg}={keyword.value.value!r}", "0.3 takes members only", instead)


def _language(node: ast.Call, name: str) -> Iterator[Finding]:
    if name in BY_NAME:
        instead = f"call a nisa instruction with op=nl.{name}"
        yield Finding(node.lineno, f"nl.{name}()", "0.2 has operators as arguments only", instead)
    if name not in ("ndarray", "zeros"):
        return
    positional = node.args[2:3]
    for value in [*positional, *(keyword.value for keyword in node.keywords if keyword.arg == "buffer")]:
        if isinstance(value, ast.Constant):
            yield Finding(node.lineno, f"buffer={value.value!r}", "0.3 takes objects only", "write nl.sbuf or another")
    given = {keyword.arg for keyword in node.keywords}
    if not positional and "buffer" not in given:
        yield Finding(node.lineno, f"{name} without buffer", "0.2 has another default", "pass buffer=nl.sbuf")
    if "address" in given:
        yield Finding(node.lineno, "address=", "it came with 0.3", "leave the place to the compiler")
