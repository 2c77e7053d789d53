"""Loads a kernel's source against AWS's `nki` where that is real, and against the executor otherwise."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

import numpy as np

from commissure.hal.errors import UsageError, unknown
from commissure.kernels.nki.dialect import require_portable
from commissure.kernels.nki.executor.launch import ArraySpec, launch
from commissure.kernels.nki.executor.machine import Machine
from commissure.kernels.nki.executor.modules import JitFunction, build
from commissure.kernels.nki.executor.targets import Target, find_target
from commissure.kernels.nki.trace import Trace

_LOCK = RLock()
TARGET_VARIABLE = "NEURON_PLATFORM_TARGET_OVERRIDE"
"""How the real package is told its target (SDK:nki/api/nki/__init__.py)."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one launch on the executor gave: its outputs, and its trace."""

    outputs: tuple[np.ndarray[Any, Any], ...]
    trace: Trace


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel and the chip that it runs on. `real` is its function under AWS's package, None where that is absent."""

    name: str
    target: Target
    function: Callable[..., Any]
    files: frozenset[str]
    real: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Simulate: arrays in; the output array, or a tuple of them, out. Inputs that it writes change in place."""
        if self.real is not None:
            return _simulate_real(self.real, self.target, args, kwargs)
        outputs = self.run(*args, **kwargs).outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def run(self, *args: Any, **kwargs: Any) -> Run:
        """Simulate on the executor, whatever else is installed, and keep the trace. Raises NkiViolation."""
        machine = Machine(self.target, numeric=True, files=self.files)
        return Run(launch(machine, self.function, args, kwargs), machine.trace())

    def trace(self, *args: Any, **kwargs: Any) -> Trace:
        """What it would do, without numbers: arrays may be `ArraySpec`s. Raises NkiViolation."""
        machine = Machine(self.target, numeric=False, files=self.files)
        launch(machine, self.function, args, kwargs)
        return machine.trace()


def load_kernel(source: str | Path | ModuleType, target: str, function: str | None = None) -> Kernel:
    """The kernel of a file, or of a module by dotted name, for `trn1`, `inf2`, `trn2` or `trn3`.

    `function` names the `@nki.jit` function where the file has several. Raises UsageError if there is none such,
    NotInDialect if the source, or that of modules beside it which it takes functions from, is not portable.
    """
    chip = find_target(target)
    path = _path(source)
    require_portable(path)
    with _LOCK:
        real = real_nki()
        with _registered() as files:
            module = _execute(path)
        kernels = {name: value for name, value in vars(module).items() if isinstance(value, JitFunction)}
        name = _pick(path, kernels, function)
        theirs = getattr(_execute(path), name) if real is not None else None
    for file in files:
        require_portable(Path(file))
    return Kernel(name, chip, kernels[name].function, frozenset({str(path), *files}), theirs)


def real_nki() -> ModuleType | None:
    """AWS's package if it is installed and can simulate; the public registry's placeholder of that name cannot."""
    try:
        module = importlib.import_module("nki")
        importlib.import_module("nki.isa")
    except ImportError:
        return None
    return module if hasattr(module, "simulate") else None


def _simulate_real(function: Callable[..., Any], target: Target, args: Any, kwargs: Any) -> Any:
    simulate: Any = importlib.import_module("nki").simulate
    with _LOCK:
        before = os.environ.get(TARGET_VARIABLE)
        os.environ[TARGET_VARIABLE] = target.name
        try:
            return simulate(function)(*args, **kwargs)
        finally:
            if before is None:
                del os.environ[TARGET_VARIABLE]
            else:
                os.environ[TARGET_VARIABLE] = before


@contextmanager
def _registered() -> Iterator[set[str]]:
    """Our modules stand under NKI's names; afterwards what was there is there again.

    Modules that were imported meanwhile and hold ours are forgotten, so that nobody else gets them; the set has their
    files in the end. Modules that hold others of NKI's names are hidden meanwhile, so that they are imported anew.
    """
    ours, files = build(), set[str]()
    theirs = [module for name, module in sys.modules.items() if name.split(".")[0] == "nki"]
    hidden = {name: module for name, module in list(sys.modules.items()) if module in theirs or _holds(module, theirs)}
    for name in hidden:
        del sys.modules[name]
    known = set(sys.modules)
    sys.modules.update(ours)
    try:
        yield files
    finally:
        for name in set(sys.modules) - known:
            module = sys.modules[name]
            if _holds(module, ours.values()) or name in ours:
                if name not in ours:
                    files.add(module.__file__ or "")
                _forget(name)
        sys.modules.update(hidden)


def _holds(module: ModuleType, others: Iterable[ModuleType]) -> bool:
    sought = set(map(id, others))
    return bool(sought) and any(id(value) in sought for value in list(getattr(module, "__dict__", {}).values()))


def _forget(name: str) -> None:
    """Take a module from sys.modules and from its package."""
    module = sys.modules.pop(name)
    package, _, last = name.rpartition(".")
    if getattr(sys.modules.get(package), last, None) is module:
        delattr(sys.modules[package], last)


def _execute(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_nki_kernel_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _path(source: str | Path | ModuleType) -> Path:
    """The file of a path, a dotted name or a module."""
    if isinstance(source, ModuleType):
        source = source.__file__ or source.__name__
    if isinstance(source, str) and not source.endswith(".py"):
        try:
            spec = importlib.util.find_spec(source)
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.origin is None:
            raise UsageError(f"no module {source!r}: give a dotted name, or the path of a .py file")
        source = spec.origin
    path = Path(source).resolve()
    if not path.is_file():
        raise UsageError(f"no kernel file {str(path)!r}")
    return path


def _pick(path: Path, kernels: dict[str, JitFunction], function: str | None) -> str:
    if not kernels:
        raise UsageError(f"{path.name} has no function under @nki.jit")
    if function is None and len(kernels) > 1:
        raise UsageError(f"{path.name} has several kernels; name one: {', '.join(sorted(kernels))}")
    if function is not None and function not in kernels:
        raise unknown(f"kernel of {path.name}", function, kernels)
    return function or next(iter(kernels))


__all__ = ["ArraySpec", "Kernel", "Run", "load_kernel", "real_nki"]
