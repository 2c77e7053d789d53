"""Kernels are loaded under NKI's names, and nothing of it is left behind."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import ml_dtypes
import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.kernels.nki.dialect import NotInDialect
from commissure.kernels.nki.executor.violations import NkiViolation, UninitializedRead
from commissure.kernels.nki.loader import ArraySpec, load_kernel

PARTS = """
import nki.isa as nisa
import nki.language as nl


def one_tile(out, left, right, k):
    a = nl.ndarray((128, left.shape[1]), dtype=left.dtype, buffer=nl.sbuf)
    b = nl.ndarray((128, right.shape[1]), dtype=right.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=a, src=left[nl.ds(k * 128, 128), :])
    nisa.dma_copy(dst=b, src=right[nl.ds(k * 128, 128), :])
    nisa.nc_matmul(dst=out, stationary=a, moving=b)
"""
KERNEL = '''
import nki
import nki.isa as nisa
import nki.language as nl
from product_parts import one_tile


@nki.jit
def product(left, right, scale=1.0):
    """scale * left.T @ right."""
    shape = (left.shape[1], right.shape[1])
    total = nl.ndarray(shape, dtype=nl.float32, buffer=nl.psum)
    for k in range(left.shape[0] // 128):
        one_tile(total, left, right, k)
    held = nl.ndarray(shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=held, data=total, op0=nl.multiply, operand0=scale)
    out = nl.ndarray(shape, dtype=nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=held)
    return out


@nki.jit
def in_place(x):
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    nisa.memset(dst=tile, value=3)
    nisa.dma_copy(dst=x, src=tile)


@nki.jit
def unwritten(x):
    return nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)


@nki.jit
def private(x):
    return x
'''
LEFT, RIGHT = np.arange(256 * 4).reshape(256, 4) % 7 - 3.0, np.arange(256 * 6).reshape(256, 6) % 5 - 2.0


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "product_parts.py").write_text(PARTS)
    (tmp_path / "product_kernel.py").write_text(KERNEL)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "product_kernel.py"


def test_arrays_in_arrays_out(path: Path) -> None:
    kernel = load_kernel(path, "inf2", "product")
    left, right = LEFT.astype(ml_dtypes.bfloat16), RIGHT.astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(kernel(left, right=right, scale=2.0), 2 * LEFT.T @ RIGHT)
    array = np.zeros((2, 3), np.int32)
    assert load_kernel("product_kernel", "trn2", "in_place")(array) == ()
    assert (array == 3).all()


def test_a_dry_trace_is_the_trace_and_labels_tell_the_function(path: Path) -> None:
    kernel = load_kernel(path, "inf2", "product")
    run = kernel.run(LEFT.astype(np.float32), RIGHT.astype(np.float32))
    dry = kernel.trace(ArraySpec((256, 4), "float32"), ArraySpec((256, 6), "float32"))
    assert dry == run.trace
    assert [instruction.label for instruction in dry.instructions] == ["one_tile"] * 6 + ["product"] * 2
    assert [instruction.index for instruction in dry.instructions] == list(range(8))
    assert dry.psum_bytes == 6 * 4


def test_a_dry_trace_takes_no_memory_for_data(path: Path) -> None:
    huge = ArraySpec((128 * 32, 1), "bfloat16"), ArraySpec((128 * 32, 512), "bfloat16")
    assert len(load_kernel(path, "inf2", "product").trace(*huge).instructions) == 32 * 3 + 2
    with pytest.raises(UsageError, match="has no numbers"):
        load_kernel(path, "inf2", "product")(*huge)


def test_nothing_stays_in_sys_modules(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placeholder = ModuleType("nki")
    monkeypatch.setitem(sys.modules, "nki", placeholder)
    before = dict(sys.modules)
    load_kernel(path, "inf2", "product")
    assert sys.modules["nki"] is placeholder
    assert {name for name in set(sys.modules) - set(before) if "nki" in name or "product" in name} == set()


def test_many_threads_load_and_run_at_once(path: Path) -> None:
    def work(seed: int) -> bool:
        left, right = ((np.arange(128 * n).reshape(128, n) + seed) % 5 - 2.0 for n in (3, 4))
        result = load_kernel(path, "inf2", "product")(left.astype(np.float32), right.astype(np.float32))
        return bool((result == left.T @ right).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(12)))
    assert "nki" not in sys.modules


def test_what_cannot_be_loaded_or_returned_is_told(path: Path) -> None:
    cases: list[tuple[str | Path, str, str | None, str]] = [
        (path, "inf3", "product", "Did you mean 'inf2'"),
        (path, "inf2", None, "several kernels; name one: in_place, private, product, unwritten"),
        (path, "inf2", "produkt", "Did you mean 'product'"),
        (path.parent / "product_parts.py", "inf2", None, "no function under @nki.jit"),
        (path.parent / "absent.py", "inf2", None, "no kernel file"),
        ("absent.module", "inf2", None, "no module 'absent.module'"),
    ]
    for source, target, name, message in cases:
        with pytest.raises(UsageError, match=message):
            load_kernel(source, target, name)
    with pytest.raises(UninitializedRead):
        load_kernel(path, "inf2", "unwritten")(np.ones((2, 2), np.float32))
    with pytest.raises(NkiViolation, match="shared_hbm"):
        load_kernel(path, "inf2", "private")(np.ones((2, 2), np.float32))


def test_modules_beside_the_kernel_are_checked_too(path: Path) -> None:
    parts = path.parent / "product_parts.py"
    parts.write_text(PARTS + "\n\ndef more(x):\n    return x is None\n")
    with pytest.raises(NotInDialect, match=r"product_parts.py(.|\n)*line 15: is"):
        load_kernel(path, "inf2", "product")


REAL = """
import os, sys
def jit(function):
    return function
def simulate(function):
    def run(*args, **kwargs):
        return function.__name__, os.environ["NEURON_PLATFORM_TARGET_OVERRIDE"], function.__globals__["nki"].REAL
    return run
REAL = True
"""


def test_the_real_package_is_used_where_it_can_simulate(path: Path) -> None:
    """In a process of its own: a stand-in for AWS's package, of which only the interface is known here."""
    package = path.parent / "nki"
    package.mkdir()
    (package / "__init__.py").write_text(REAL)
    (package / "isa.py").write_text("")
    (package / "language.py").write_text("")
    script = (
        "import sys, os, numpy as np; from commissure.kernels.nki.loader import load_kernel\n"
        "k = load_kernel('product_kernel', 'trn1', 'product'); x = np.ones((128, 2), np.float32)\n"
        "assert k(x, x) == ('product', 'trn1', True), k(x, x)\n"
        "assert k.run(x, x).outputs[0].tolist() == [[128, 128]] * 2\n"
        "assert sys.modules['nki'].REAL and 'NEURON_PLATFORM_TARGET_OVERRIDE' not in os.environ"
    )
    environment = {"PYTHONPATH": ":".join([str(path.parent), *filter(None, sys.path)])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
