"""Patterns as automata, held against Python's own regular expressions and the JSON Schema suite."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.codepoints import CATEGORIES, SCALARS, named, normal, without
from commissure.kernels.grammar.languages.minimal import minimised
from commissure.kernels.grammar.languages.patterns import counted, pattern_dfa
from commissure.kernels.grammar.languages.text_patterns import pattern_texts

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[5] / "shared" / "data")
SUITE = DATA / "json_schema_test_suite" / "tests" / "draft2020-12" / "optional"
LETTERS = "ab1- \n\u2028é\U0001f432"

# What ECMA-262 says and what Python calls the same.
ATOMS = [
    *(("a", "a"), ("b", "b"), ("1", "1"), ("\\-", "-"), ("\\u00e9", "é"), ("\\ud83d\\udc32", "\U0001f432")),
    *((".", "[^\\n\\r\\u2028\\u2029]"), ("\\d", "\\d"), ("\\W", "\\W"), ("\\w", "\\w"), ("[^]", "[\\s\\S]")),
    *(("[]", "(?!)"), ("[^a-b\\d]", "[^a-b\\d]"), ("[\\w-]", "[\\w-]"), ("[\\x61\\n]", "[a\\n]")),
    *((edge, python) for edge, python in (("^", "\\A"), ("$", "\\Z"), ("\\b", "\\b"), ("\\B", "(?!\\b)"))),
]
SIGNS = ["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "{1,3}?"]


def grown(inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    """Larger patterns of smaller ones, in both dialects at once."""
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda two: (two[0][0] + two[1][0], two[0][1] + two[1][1])),
        pairs.map(lambda two: (f"(?:{two[0][0]}|{two[1][0]})", f"(?:{two[0][1]}|{two[1][1]})")),
        st.tuples(inner, st.sampled_from(SIGNS)).map(lambda it: (f"({it[0][0]}){it[1]}", f"(?:{it[0][1]}){it[1]}")),
        inner.map(lambda one: (f"(?<n>{one[0]})", f"(?:{one[1]})")),
        st.tuples(inner, st.sampled_from("=!")).map(lambda it: (f"(?{it[1]}{it[0][0]})", f"(?{it[1]}{it[0][1]})")),
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS), grown, max_leaves=8)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.lists(st.text(LETTERS, max_size=6), min_size=1, max_size=8))
def test_accepts_what_python_finds(pattern: tuple[str, str], texts: list[str]) -> None:
    dfa, apart = pattern_dfa(pattern[0]), pattern_texts(pattern[0])
    finder = re.compile(pattern[1], re.ASCII)
    for text in texts:
        assert dfa.accepts(map(ord, text)) == bool(finder.search(text)), text
        assert apart.accepts(text) == bool(finder.search(text)), text
    assert minimised(dfa) == dfa
    assert not any(low <= 0xDFFF and high >= 0xD800 for row in dfa.edges for low, high, _ in row)


@settings(max_examples=500, deadline=None)
@given(st.text("ab()[]{}|*+?^$\\-.,:=!<1du", max_size=14))
def test_whatever_is_written_compiles_or_is_refused_by_name(pattern: str) -> None:
    try:
        dfa = pattern_dfa(pattern, 500)
    except PatternError:
        return
    assert minimised(dfa) == dfa
    if "(?" not in pattern and not re.search(r"[\\\[\]{}]", pattern):
        finder = re.compile(pattern.replace("$", r"\Z"))
        for text in ("", "a", "ab", "ba1", "-a,"):
            assert dfa.accepts(map(ord, text)) == bool(finder.search(text)), text


def suite_cases() -> list[tuple[str, str, bool]]:
    """Pattern, text, whether it matches, from the suite's optional files."""
    found: list[tuple[str, str, bool]] = []
    for name in ("ecmascript-regex.json", "non-bmp-regex.json"):
        if not (SUITE / name).exists():
            continue
        for group in json.loads((SUITE / name).read_text()):
            for pattern in (group["schema"].get("pattern"), *group["schema"].get("patternProperties", {})):
                for test in group["tests"] if pattern else ():
                    data = test["data"]
                    if isinstance(data, str):
                        found.append((pattern, data, test["valid"]))
                    elif "additionalProperties" in group["schema"] and data:
                        found.append((pattern, next(iter(data)), test["valid"]))
    return found


@pytest.mark.skipif(not SUITE.exists(), reason="needs the JSON Schema test suite in the shared data")
def test_the_suite() -> None:
    cases = suite_cases()
    assert len(cases) > 70
    assert [case for case in cases if pattern_dfa(case[0]).accepts(map(ord, case[1])) != case[2]] == []


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("^a|b$", ["a", "ax", "b", "xb"], ["", "xa", "bx"]),
        ("(^a)", ["a", "ab"], ["ba"]),
        ("a^b", [], ["ab", "a^b", ""]),
        ("(?!)", [], [""]),
        ("^(?!.*\\.\\.)[a-z.]+$", ["a.b", "."], ["a..b", ""]),
        ("^(?:(?=a|bb)[ab])+$", ["a", "aa", "aaa"], ["ab", "b", "bba"]),
        ("^[\\w-.]+$", ["a-b.c"], ["a/b"]),
        ("^\\x41\\u{1F432}\\cJ\\0\\/\\@\\}$", ["A\U0001f432\n\0/@}"], ["A"]),
        ("^{a}]$", ["{a}]"], ["a"]),
        ("^[\\b\\-\\]^]$", ["\b", "-", "]", "^"], ["b", "\\"]),
        ("^\\p{Lu}\\P{L}\\p{gc=Nd}$", ["Ä-٣"], ["ä-٣"]),
        ("\\ud83d", [], ["\U0001f432", ""]),
        ("^[\\ud83d\\udc32-\\u{1f435}]$", ["\U0001f433"], ["\U0001f436"]),
    ],
)
def test_particular_patterns(pattern: str, inside: list[str], outside: list[str]) -> None:
    dfa = pattern_dfa(pattern)
    assert [text for text in inside if not dfa.accepts(map(ord, text))] == []
    assert [text for text in outside if dfa.accepts(map(ord, text))] == []


@pytest.mark.parametrize(
    ("pattern", "reason", "regular"),
    [
        ("(a)x\\1", "backreference \\\\1 .*character 4", False),
        ("(?<n>a)\\k<n>", "backreference", False),
        ("x(?<=a)b", "lookbehind .*character 1", False),
        ("(?<!a)b", "lookbehind", False),
        ("a(b", "\\( without its \\).*character 1", True),
        ("a)b", "\\) without its \\(.*character 1", True),
        ("[a", "class without its \\]", True),
        ("[b-a]", "out of order", True),
        ("a{3,2}", "out of order", True),
        ("*a", "nothing to repeat", True),
        ("a**", "repetition of a repetition", True),
        ("^*", "assertion cannot be repeated", True),
        ("(?i)a", "flags", True),
        ("(?P<n>a)", "Python", True),
        ("(?#c)a", "no group", True),
        ("\\Aa", "write \\^", True),
        ("a\\Z", "write \\$", True),
        ("\\a", "not ECMA-262", True),
        ("[[:alpha:]]", "POSIX", True),
        ("\\p{Script=Greek}", "property 'Script=Greek'", True),
        ("\\x4", "hexadecimal", True),
        ("\\u{110000}", "hexadecimal", True),
        ("a{,3}", "\\{0,n\\}", True),
        ("a\\", "ends in a backslash", True),
        ("a{99999999}", "count beyond", True),
        ("((a{1000}){1000}){1000}", "more than 20,000 states", True),
        ("(a|b)*a(a|b){20}$", "more than 20,000 states", True),
        ("(" * 5000 + ")" * 5000, "nested too deeply", True),
    ],
)
def test_refusals_say_why(pattern: str, reason: str, regular: bool) -> None:
    with pytest.raises(PatternError, match=reason) as caught:
        pattern_dfa(pattern)
    assert caught.value.regular == regular


@pytest.mark.parametrize(
    ("pattern", "least", "most", "inside", "outside"),
    [
        ("^[a-z]{1,4096}$", 1, 4096, "", "A"),
        ("^(.{0,255})$", 0, 255, "é-", "\n"),
        ("^.+$", 1, None, "a", "\r"),
        ("^(?:a)$", 1, 1, "aa", "b"),
        ("^[a-z][a-z0-9_]{0,63}$", 1, 64, "a0", "0"),
        ("^[A-Z]{2}-\\d{3,}$", 6, None, "AB-1", "A-1"),
        ("[^]{2,5}", 2, None, "\n", "\ud800"),
    ],
)
def test_counted_patterns_keep_the_length_apart(
    pattern: str, least: int, most: int | None, inside: str, outside: str
) -> None:
    found = counted(pattern)
    assert found is not None
    assert found[1:] == (least, most)
    assert found[0].states < 8
    assert found[0].accepts(map(ord, inside))
    assert not found[0].accepts(map(ord, outside))


@pytest.mark.parametrize("pattern", ["[a-z]{1,5}", "^(ab){1,5}$", "^a*b*$", "^a{3}b{4}$", "^a|b+$", "a+", "^$", "^a+"])
def test_other_patterns_are_not_counted(pattern: str) -> None:
    assert counted(pattern) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3), st.integers(0, 4), st.text("ab-", max_size=9))
def test_a_counted_pattern_says_the_same(least: int, more: int, text: str) -> None:
    pattern = f"^a-[ab]{{{least},{least + more}}}b$"
    found = counted(pattern)
    if found is None:
        assert more == 0
        return
    inner, shortest, longest = found
    apart = inner.accepts(map(ord, text)) and shortest <= len(text) and (longest is None or len(text) <= longest)
    assert pattern_dfa(pattern).accepts(map(ord, text)) == apart


def test_categories_part_the_scalar_values() -> None:
    single = [found for name in CATEGORIES if len(name) == 2 and name != "LC" and (found := named(name))]
    assert normal(each for found in single for each in found) == SCALARS
    assert sum(high - low + 1 for found in single for low, high in found) == 0x110000 - 0x800
    assert without(named("L") or ()) == normal(each for name in "MNPSZC" for each in named(name) or ())


def test_usual_patterns_are_small() -> None:
    sizes = [
        pattern_dfa(pattern).states
        for pattern in (
            *("^[A-Z]{2,4}-[0-9]{3,8}$", "^[\\w.%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$", "^https?://[^\\s/]+(/\\S*)?$"),
            "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        )
    ]
    assert sizes == [14, 7, 10, 37]
