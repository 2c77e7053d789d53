"""What the compilers of NKI 0.2 to 0.6 refuse is found, by line, with what to write instead."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from commissure.kernels.nki.dialect import NotInDialect, check_source, require_portable

HEAD = "import nki\nimport nki.isa as nisa\nimport nki.language as nl\n\n"
TILE = "nl.ndarray((128, 4), dtype=nl.float32, buffer=nl.sbuf)"

BODIES: dict[str, tuple[str, str]] = {
    "identity": ("if x is None: pass", "is"),
    "try": ("try:\n        pass\n    except ValueError:\n        pass", "try"),
    "with": ("with nl.no_reorder(): pass", "with"),
    "lambda": ("f = lambda y: y", "lambda"),
    "class": ("class A: pass", "class"),
    "nested": ("def g(): pass", "nested def"),
    "yield": ("yield x", "yield"),
    "generator": ("y = sum(i for i in range(3))", "generator"),
    "set": ("y = {1, 2}", "set"),
    "raise": ("raise ValueError", "raise"),
    "import": ("import math", "import"),
    "match": ("match x:\n        case 1: pass", "match"),
    "walrus": ("y = (z := 3)", ":="),
    "global": ("global y", "global"),
    "dict keys": ("y = {1: 2}", "dict key"),
    "nested slicing": ("y = x[:, 0:4][:, 0:2]", "nested slicing"),
    "nested ds": ("y = x[nl.ds(0, 32), :][0:4]", "nested slicing"),
    "arithmetic": (f"t = {TILE}\n    y = t[:, 0:2] * 2", "t[:, 0:2]"),
    "augmented": (f"t = {TILE}\n    t += 1", "t"),
    "truth": (f"t = {TILE}\n    if t: pass", "t"),
    "positional": ("nisa.tensor_copy(x, x)", "tensor_copy(positional)"),
    "iota": ("nisa.iota(dst=x, pattern=[[1, 4]])", "iota without offset"),
    "affine_select": (
        "nisa.affine_select(dst=x, pattern=[[1, 4]], channel_multiplier=0, on_true_tile=x, on_false_value=0.0)",
        "affine_select without offset",
    ),
    "accumulate": ("nisa.nc_matmul(dst=x, stationary=x, moving=x, accumulate=True)", "accumulate="),
    "mask": ("nisa.tensor_copy(dst=x, src=x, mask=x)", "tensor_copy(mask=)"),
    "enum by number": ("nisa.dma_copy(dst=x, src=x, dge_mode=2)", "dge_mode=2"),
    "range_select": ("nisa.range_select(dst=x)", "isa.range_select"),
    "topk": ("nisa.topk(val_dst=x)", "isa.topk"),
    "fori_loop": ("nl.fori_loop(0, 3, f)", "language.fori_loop"),
    "dynamic_range": ("for i in nl.dynamic_range(3): pass", "language.dynamic_range"),
    "divide": ("nisa.tensor_tensor(dst=x, data1=x, data2=x, op=nl.divide)", "language.divide"),
    "load": ("y = nl.load(x)", "language.load"),
    "simulate": ("nki.simulate(f)", "nki.simulate"),
    "operator call": ("y = nl.add(x, x)", "nl.add()"),
    "view": ("y = x.select(0, 3)", ".select()"),
    "indirection": ("y = x.indirect(x)", ".indirect()"),
    "buffer by name": ("y = nl.ndarray((2, 2), dtype=nl.float32, buffer='sbuf')", "buffer='sbuf'"),
    "no buffer": ("y = nl.ndarray((2, 2), dtype=nl.float32)", "ndarray without buffer"),
    "tile size": ("y = nl.tile_size.sbuf_fmax_bytes", "tile_size.sbuf_fmax_bytes"),
    "pattern": ("y = x.get_pattern()", ".get_pattern()"),
    "address": ("y = nl.ndarray((2, 2), dtype=nl.float32, buffer=nl.sbuf, address=(0, 0))", "address="),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name: str) -> None:
    body, construct = BODIES[name]
    findings = check_source(f"{HEAD}@nki.jit\ndef kernel(x):\n    {body}\n")
    assert [finding.construct for finding in findings if finding.construct == construct] == [construct]
    assert all(finding.line in (7, 8) and finding.why and finding.instead for finding in findings)


HEADS = {
    "keyword-only *": "@nki.jit\ndef kernel(x, *, y=1): pass",
    "*args, **kwargs": "@nki.jit\ndef kernel(*x): pass",
    "nki.jit(...)": "@nki.jit(mode='simulation')\ndef kernel(x): pass",
    "y: list[int]": "@nki.jit\ndef kernel(x, y: list[int]): pass",
    "default": "@nki.jit\ndef kernel(x, y=[1]): pass",
    "decorator": "@nki.jit\ndef kernel(x): part(x)\n\n@cache\ndef part(x): pass",
    "import neuronxcc.nki": "import neuronxcc.nki as old\n\n@nki.jit\ndef kernel(x): pass",
    "import nki.isa": "from nki.isa import dma_copy\n\n@nki.jit\ndef kernel(x): pass",
    "import nki.language": "import nki.language as language\n\n@nki.jit\ndef kernel(x): pass",
}


@pytest.mark.parametrize("construct", HEADS)
def test_heads(construct: str) -> None:
    assert [finding.construct for finding in check_source(HEAD + HEADS[construct] + "\n")] == [construct]


PORTABLE = '''
LIMITS = (1, 2)


def host(values, *, flag=True):
    """Python of the host, which no kernel reaches."""
    return [v for v in values if v is not None] if flag else lambda: None


def part(x, out, width: int) -> None:
    for k in range(width):
        tiles = [nl.ndarray((128, 4), dtype=nl.float32, buffer=nl.sbuf) for _ in LIMITS]
        assert x.shape[0] * 2 == 256, f"{x.shape} at {k}"
        nisa.dma_copy(dst=tiles[0][:, 0:2], src=x[nl.ds(k * 2, 128), 0:2])
        nisa.tensor_scalar(dst=tiles[1], data=tiles[0], op0=nl.add, operand0=1.0, engine=nisa.engine.vector)
        nisa.iota(dst=tiles[1], pattern=[[1, 4]], offset=0)
        nisa.dma_copy(dst=out, src=x.ap(pattern=[[4, 128], [1, 4]], vector_offset=tiles[1]))


@nki.jit
def kernel(x, width: int = 2, sizes: tuple[int, ...] = (1, 2)):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    part(x, out, width if len(sizes) > 1 else 1)
    return out
'''


def test_what_all_versions_read_is_let_through() -> None:
    assert check_source(HEAD + PORTABLE) == ()


def test_a_file_without_a_kernel_is_checked_whole() -> None:
    assert [finding.construct for finding in check_source(HEAD + "def part(x):\n    return x is None\n")] == ["is"]


def test_the_error_lists_every_finding(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(f"{HEAD}@nki.jit\ndef kernel(x):\n    y = nl.load(x)\n    return y is None\n")
    with pytest.raises(NotInDialect, match=r"(?s)odd.py.*line 7: language.load: .*use nisa.dma_copy.*line 8: is:") as e:
        require_portable(path)
    assert pickle.loads(pickle.dumps(e.value)).findings == e.value.findings
