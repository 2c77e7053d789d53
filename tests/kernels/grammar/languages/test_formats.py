"""Formats against the JSON Schema suite, the standard library, and arithmetic."""

import ipaddress
import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.encode import encoded
from commissure.kernels.grammar.languages.formats import MOST, NARROWER, PATTERNS, format_dfa

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[5] / "shared" / "data")
SUITE = DATA / "json_schema_test_suite" / "tests" / "draft2020-12" / "optional" / "format"


def accepts(name: str, text: str) -> bool:
    """Whether the text has the format."""
    dfa = format_dfa(name)
    assert dfa is not None
    return len(text) <= MOST.get(name, len(text)) and dfa.accepts(map(ord, text))


@pytest.mark.skipif(not SUITE.exists(), reason="needs the JSON Schema test suite in the shared data")
@pytest.mark.parametrize("name", PATTERNS)
def test_the_suite(name: str) -> None:
    tests = [test for group in json.loads((SUITE / f"{name}.json").read_text()) for test in group["tests"]]
    texts = [test for test in tests if isinstance(test["data"], str)]
    wrong = [test["data"] for test in texts if accepts(name, test["data"]) and not test["valid"]]
    lost = [test["data"] for test in texts if test["valid"] and not accepts(name, test["data"])]
    assert len(texts) > 6
    assert wrong == []
    # Punycode cannot be checked, and marks may not be composed: what is left out on purpose.
    assert [text for text in lost if not text.startswith("xn--") and text != "user@cafe\u0301.com"] == []
    assert not lost or name in NARROWER


@given(st.integers(0, 9999), st.integers(0, 19), st.integers(0, 39))
def test_days_are_those_of_the_calendar(year: int, month: int, day: int) -> None:
    try:
        date(year or 2000, month, day)
        exists = True
    except ValueError:
        exists = False
    assert accepts("date", f"{year:04}-{month:02}-{day:02}") == exists


@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from("+-"), st.integers(0, 23), st.sampled_from((0, 30, 45)))
def test_a_leap_second_is_the_last_of_a_day_in_utc(hour: int, minute: int, sign: str, ahead: int, past: int) -> None:
    offset = (60 * ahead + past) * (1 if sign == "+" else -1)
    last = (60 * hour + minute - offset) % 1440 == 1439
    text = f"{hour:02}:{minute:02}:60.5{sign}{ahead:02}:{past:02}"
    assert accepts("time", text) == (last and past != 45)
    local = (1439 + offset) % 1440
    clock = f"{local // 60:02}:{local % 60:02}:60{sign}{ahead:02}:{past:02}"
    days = ("2016-12-31", "2017-01-01", "2016-12-30")
    offered = past == 0 and -12 * 60 <= offset <= 14 * 60
    assert [accepts("date-time", f"{day}T{clock}") for day in days] == [
        offered and offset <= 0,
        offered and offset > 0,
        False,
    ]
    assert accepts("time", text.replace(":60.5", ":59.5"))


PARTS = st.sampled_from(["0", "1", "ab", "FFFF", "12345", "", "1.2.3.4", "1.2.3.256", "01.2.3.4"])


@given(st.lists(PARTS, max_size=10))
def test_ipv6_is_what_the_standard_library_reads(groups: list[str]) -> None:
    text = ":".join(groups)
    try:
        ipaddress.IPv6Address(text)
        read = True
    except ValueError:
        read = False
    assert accepts("ipv6", text) == read
    assert accepts("uri", f"http://[{text}]/") == read


@given(st.lists(st.integers(0, 300), min_size=3, max_size=5).map(lambda it: ".".join(map(str, it))))
def test_ipv4_is_what_the_standard_library_reads(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
        read = True
    except ValueError:
        read = False
    assert accepts("ipv4", text) == read


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("hostname", ["a" * 63 + ".b", "a-b", "ab--c"], ["a" * 64, "a-", "xN--a", "a..b", "a." * 127 + "a"]),
        ("email", ["a@b", "a@[IPv6:1::2]"], ["a@xn--a", "a@[1.2.3.4", "a@b.", "a@[IPv6:1:2:3::5:6:7:8]"]),
        ("idn-email", ["é@ü.de", "\u0300@a"], ["a@\u05d0", "a@" + "ü" * 10, "a\u200d@\u200d", "é@-"]),
        ("uri", ["urn:", "a:b:c", "http://h:/?#", "x://[v1.a:]"], ["", "a", "1:a", "http://[::1", "a:%", "a:\u00e9"]),
        ("uri-reference", ["", "#", "a/b:c", "//@h:1", "?a"], ["a:b c", "1:b", "//[a]", "/\u00e9"]),
        ("iri", ["a:\u00e9?\ue000"], ["a:\ue000", "a:\u200e", "a:\ufdd0"]),
        ("uri-template", ["{?x:9999,y*}/a", "%20"], ["{", "%2", "{x:}", "{!x}"]),
        ("duration", ["P1W", "PT1H", "P1Y1M"], ["P1Y1D", "P", "PT", "P1DT"]),
        ("date", ["2000-02-29"], ["1900-02-29", "2000-2-29", "\uff12000-01-01"]),
    ],
)
def test_particular_strings(name: str, inside: list[str], outside: list[str]) -> None:
    assert [text for text in inside if not accepts(name, text)] == []
    assert [text for text in outside if accepts(name, text)] == []


def test_formats_stay_small_in_bytes() -> None:
    sizes = {name: encoded(dfa).dfa.states for name in PATTERNS if (dfa := format_dfa(name)) is not None}
    assert sizes["date"] <= 29
    assert sizes["uuid"] <= 37
    assert max(sizes.values()) < 800


def test_unknown_formats_say_nothing_and_irregular_ones_are_refused() -> None:
    assert format_dfa("color") is None
    for name in ("regex", "idn-hostname"):
        with pytest.raises(PatternError, match=name) as caught:
            format_dfa(name)
        assert not caught.value.regular
