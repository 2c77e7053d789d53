"""Bodies of JSON strings, held against the standard library's reader and writer."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar.languages.codepoints import SCALARS
from commissure.kernels.grammar.languages.dfa import Dfa, literal, repeated
from commissure.kernels.grammar.languages.encode import Encoded, encoded
from commissure.kernels.grammar.languages.minimal import minimised, trimmed
from commissure.kernels.grammar.languages.patterns import pattern_dfa

ANY = encoded(repeated(SCALARS))
SYMBOLS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(
    '"\\/\b\f\n\r\t\0\x1f\x7f\x80߿ࠀ퟿￿\U00010000\U0010ffff'
)
TEXTS = st.text(SYMBOLS, max_size=8)


def bodies(text: str) -> list[bytes]:
    """How JSON writers write it: raw, and escaped with digits of either case."""
    plain = [json.dumps(one)[1:-1] for one in text]
    upper = [one.upper().replace("\\U", "\\u") if one.startswith("\\u") else one for one in plain]
    digits = [rf"\u{ord(one):04X}" if one < " " else usual for one, usual in zip(text, plain, strict=True)]
    raw = json.dumps(text, ensure_ascii=False)[1:-1]
    return ["".join(each).encode() for each in (plain, upper, digits, raw)]


@given(TEXTS, st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_every_spelling_of_every_string(text: str, which: list[int]) -> None:
    parts = [text[place :: len(which)] for place in range(len(which))]
    body = b"".join(bodies(part)[kind] for part, kind in zip(parts, which, strict=True))
    assert ANY.dfa.accepts(body)
    exact = encoded(literal([ord(one) for one in "".join(parts)]))
    assert exact.dfa.accepts(body)
    assert not encoded(literal([ord(one) for one in "".join(parts)] + [97])).dfa.accepts(body)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([b"\\", b"u", b"d8", b"DC", b"0", b"00", b"41", b"n", b'"', b"a", b"\xc3", b"\xa9", b"\n"]),
        max_size=9,
    ).map(b"".join)
)
@example(b"\\ud83d")
@example(b"\\udc32")
@example(b"\\ud83d\\ud83d")
@example(b"\\ud83dx")
@example(b"\xed\xa0\x80")
@example(b"\xc0\x80")
@example(b"\xf4\x90\x80\x80")
@example(b"\\u0041")
@example(b"\\u007e")
@example(b"\\u007f")
@example(b"\\/")
def test_accepts_only_what_json_reads_and_writes_so(body: bytes) -> None:
    try:
        text = json.loads(b'"%s"' % body)
        text.encode()
    except (ValueError, UnicodeError):
        assert not ANY.dfa.accepts(body)
        return
    # Printable ASCII has one spelling only.
    odd = b"\\/" in body.replace(b"\\\\", b"") or any(
        body.lower().replace(b"\\\\", b"").find(rf"\u00{code:02x}".encode()) >= 0 for code in range(0x20, 0x7F)
    )
    assert ANY.dfa.accepts(body) == (not odd)


def check_boundaries(dfa: Dfa, found: Encoded) -> None:
    """Walk both automata in step over some strings; they stand in the same states between characters."""
    assert found.boundaries == frozenset(range(trimmed(dfa).states))
    assert found.dfa.accepting <= found.boundaries
    assert trimmed(found.dfa) == found.dfa
    for row in found.dfa.edges:
        assert all(0 <= low <= high <= 255 for low, high, _ in row)
        assert all(one[1] < other[0] for one, other in pairwise(row))


@given(
    st.sampled_from(["^[a-é]*$", "^(?:é|\\u{1F432}x?)+$", "^.{2,5}$", "[\\u0100-\\u{10FFF}]$", "^\\p{Lu}\\p{L}*$"]),
    TEXTS,
)
def test_boundaries_are_the_states_between_characters(pattern: str, text: str) -> None:
    dfa = pattern_dfa(pattern)
    found = encoded(dfa)
    check_boundaries(dfa, found)
    state = byte_state = 0
    for one in text:
        state = dfa.next(state, ord(one))
        for byte in bodies(one)[3]:
            assert byte_state < 0 or byte_state in found.boundaries or byte >= 0x80 or byte_state >= dfa.states
            byte_state = found.dfa.next(byte_state, byte) if byte_state >= 0 else -1
        assert byte_state == state
        if state < 0:
            return


@pytest.mark.parametrize(("text", "inner"), [("", 0), ("abc", 0), ('a"b', 1), ("é", 6)])
def test_a_key_is_a_literal(text: str, inner: int) -> None:
    found = encoded(literal([ord(one) for one in text]))
    assert found.dfa.states == len(text) + 1 + inner


def test_any_string_is_small() -> None:
    assert ANY.dfa.states <= 25
    assert minimised(ANY.dfa).states == ANY.dfa.states


def test_surrogates_are_no_characters() -> None:
    found = encoded(Dfa((((0xD7FF, 0xE000, 1),), ((0xD800, 0xDFFF, 2),), ()), frozenset({1, 2})))
    assert found.boundaries == {0, 1}
    assert found.dfa.accepts("퟿".encode())
    assert not found.dfa.accepts(b"\\ud800")
