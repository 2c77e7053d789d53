"""Token tables as files."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from commissure.kernels.grammar.automaton import Automaton
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.tables.store import DamagedTables, automaton_fingerprint, cached, load, save
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary
from tests.kernels.grammar.small import automata, tokens, vocabularies

AB = Automaton(
    np.array([int(byte in b"ab") for byte in range(256)], np.uint8),
    np.array([[0, 0], [0, 2], [0, 1]], np.int32),
    np.array([False, True, True]),
)
WORDS = tokens((b"a", b"b", b"ab", b""), frozenset({3}), (3,))


def build(automaton: Automaton = AB, vocabulary: Vocabulary = WORDS) -> TokenTables:
    return TokenTables.build(automaton, vocabulary, Meter(Budget()))


def same(one: object, other: object) -> bool:
    for part in fields(one):  # type: ignore[arg-type]
        left, right = getattr(one, part.name), getattr(other, part.name)
        if isinstance(left, np.ndarray):
            if left.dtype != right.dtype or not np.array_equal(left, right):
                return False
        elif hasattr(left, "__dataclass_fields__"):
            if not same(left, right):
                return False
        elif left != right:
            return False
    return True


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(automata(), vocabularies())
def test_what_is_read_is_what_was_written(tmp_path: Path, automaton: Automaton, vocabulary: Vocabulary) -> None:
    try:
        tables = build(automaton, vocabulary)
    except VocabularyError:
        assume(False)
    save(tables, tmp_path / "it.npz")
    assert same(load(tmp_path / "it.npz", vocabulary, automaton), tables)
    assert [path.name for path in tmp_path.iterdir()] == ["it.npz"]


def test_other_tables_are_refused(tmp_path: Path) -> None:
    save(build(), tmp_path / "it.npz")
    other = replace(WORDS, tokens=(b"a", b"b", b"aa", b""))
    with pytest.raises(DamagedTables, match="tables of vocabulary"):
        load(tmp_path / "it.npz", other)
    less = Automaton(AB.byte_class, AB.next, np.array([False, True, False]))
    assert automaton_fingerprint(less) != automaton_fingerprint(AB)
    with pytest.raises(DamagedTables, match="tables of automaton"):
        load(tmp_path / "it.npz", WORDS, less)
    with pytest.raises(DamagedTables, match="cannot be read"):
        load(tmp_path / "none.npz", WORDS)


def test_damage_anywhere_is_told(tmp_path: Path) -> None:
    path = tmp_path / "it.npz"
    save(build(), path)
    whole = path.read_bytes()
    harmless = 0
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            found = load(path, WORDS, AB)
        except DamagedTables:
            continue
        # Dates and such of the archive may change; what is read may not.
        assert same(found, build())
        harmless += 1
    assert harmless < len(whole) / 7 / 2
    for content in (b"", whole[: len(whole) // 2], b"PK\x03\x04", b'{"version": 1}'):
        path.write_bytes(content)
        with pytest.raises(DamagedTables):
            load(path, WORDS)


def test_a_file_that_was_edited_is_told(tmp_path: Path) -> None:
    path = tmp_path / "it.npz"
    save(build(), path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["next"][-1, 1] = 1
    np.savez(path, allow_pickle=False, **arrays)
    with pytest.raises(DamagedTables, match="changed since"):
        load(path, WORDS)


def test_a_cache_builds_once_for_each_schema_options_and_vocabulary(tmp_path: Path) -> None:
    built = []

    def make() -> TokenTables:
        built.append(1)
        return build()

    def ask(schema: str = "s", options: dict[str, int] | None = None, vocabulary: Vocabulary = WORDS) -> TokenTables:
        return cached(tmp_path / "deep" / "er", schema, options or {"x": 1, "y": 2}, vocabulary, make)

    assert same(ask(), ask(options={"y": 2, "x": 1}))
    assert len(built) == 1
    ask("other")
    ask(options={"x": 2})
    assert len(built) == 3
    for path in (tmp_path / "deep" / "er").iterdir():
        path.write_bytes(b"broken")
    assert same(ask(), build())
    assert len(built) == 4
    ask()
    assert len(built) == 4
