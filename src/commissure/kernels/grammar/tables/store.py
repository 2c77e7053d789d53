"""Token tables as files: numpy's npz without pickle, rows in their least forms, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.hal.files import write_whole
from commissure.kernels.grammar.automaton import Automaton
from commissure.kernels.grammar.tables.rows import from_hybrid
from commissure.kernels.grammar.tables.slots import Counting
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary

VERSION = 1
"""Of the file: a change of what the arrays mean raises it."""

PLAIN = ("class_of", "next", "base", "row_of_slot")
_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    RuntimeError,
    MemoryError,
    BadZipFile,
    struct.error,
    zlib.error,
)
"""What numpy and zipfile raise on bytes that are no archive, or a damaged one."""

Arrays = dict[str, NDArray[Any]]


class DamagedTables(UsageError):
    """A file holds no token tables, not whole ones, or other ones than were asked for."""


def automaton_fingerprint(automaton: Automaton) -> str:
    """The same for equal automata only (SHA-256 over their arrays)."""
    return _digest(_automaton_arrays(automaton))


def save(tables: TokenTables, path: str | Path) -> None:
    """Write the tables to a file; a crash leaves the old one or none. Raises CommissureError."""
    arrays = _arrays(tables)
    head = {
        "version": VERSION,
        "vocabulary": tables.vocabulary,
        "automaton": automaton_fingerprint(tables.automaton),
        "eos": tables.eos,
        "content": _digest(arrays),
    }
    buffer = io.BytesIO()
    parts: dict[str, Any] = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8), **arrays}
    np.savez_compressed(buffer, **parts)
    write_whole(Path(path), buffer.getvalue())


def load(path: str | Path, vocabulary: Vocabulary, automaton: Automaton | None = None) -> TokenTables:
    """Tables that `save` wrote, for this vocabulary and, if one is given, this automaton.

    Raises DamagedTables if the file is absent, is not such a file, has changed since, or is of another version,
    vocabulary or automaton.
    """
    path = Path(path)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays: Arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays.pop("head").tobytes())
        wanted = {"version": VERSION, "vocabulary": vocabulary.fingerprint}
        if automaton is not None:
            wanted["automaton"] = automaton_fingerprint(automaton)
        for what, value in wanted.items():
            if head[what] != value:
                raise DamagedTables(f"{path}: tables of {what} {head[what]!r}, not {value!r}; build them again")
        if head["content"] != _digest(arrays):
            raise DamagedTables(f"{path}: its content has changed since it was written; build the tables again")
        return _tables(arrays, head)
    except OSError as error:
        raise DamagedTables(f"{path}: cannot be read: {error.strerror or error}") from error
    except _BROKEN as error:
        raise DamagedTables(f"{path}: no token tables ({type(error).__name__}); build them again") from error


def cached(
    directory: Path,
    schema: str,
    options: Mapping[str, Any],
    vocabulary: Vocabulary,
    build: Callable[[], TokenTables],
) -> TokenTables:
    """The tables of a schema from the directory, else built and kept there.

    The file is named by a hash of `schema` (its own hash or text), `options` (as JSON), the vocabulary's fingerprint
    and the version; one that is damaged is built again.
    """
    key = json.dumps([VERSION, schema, dict(options), vocabulary.fingerprint], sort_keys=True)
    path = directory / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
    if path.exists():
        try:
            return load(path, vocabulary)
        except DamagedTables:
            pass
    tables = build()
    directory.mkdir(parents=True, exist_ok=True)
    save(tables, path)
    return tables


def _arrays(tables: TokenTables) -> Arrays:
    out = _automaton_arrays(tables.automaton) | {name: getattr(tables, name) for name in PLAIN}
    out |= {f"rows_{name}": getattr(tables.rows, name) for name in ("form", "begin", "data")}
    if tables.counting is not None:
        out |= {f"counting_{part.name}": getattr(tables.counting, part.name) for part in fields(Counting)}
    return out


def _automaton_arrays(automaton: Automaton) -> Arrays:
    found = ((part.name, getattr(automaton, part.name)) for part in fields(Automaton))
    return {f"automaton_{name}": value for name, value in found if value is not None}


def _tables(arrays: Arrays, head: Mapping[str, Any]) -> TokenTables:
    part = {name.removeprefix("automaton_"): value for name, value in arrays.items() if name.startswith("automaton_")}
    counts = {name.removeprefix("counting_"): value for name, value in arrays.items() if name.startswith("counting_")}
    rows = from_hybrid(len(arrays["class_of"]), arrays["rows_form"], arrays["rows_begin"], arrays["rows_data"])
    return TokenTables(
        automaton=Automaton(**part),
        vocabulary=head["vocabulary"],
        eos=tuple(head["eos"]),
        rows=rows,
        counting=Counting(**counts) if counts else None,
        **{name: arrays[name] for name in PLAIN},
    )


def _digest(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
