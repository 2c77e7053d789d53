from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.dfa import NOTHING
from commissure.kernels.grammar.languages.numbers import (
    Numbers,
    any_number,
    at_least,
    at_most,
    exactly,
    integers,
    multiple_of,
)

Rule = Callable[[Decimal], bool]
Case = tuple[Numbers, Rule]

# Few digits, so that bounds, steps and the numbers tried meet often.
few = st.builds(lambda n, power: Decimal(n).scaleb(power), st.integers(-130, 130), st.integers(-3, 1))
steps = st.sampled_from(["1", "2", "5", "10", "0.5", "0.25", "0.01", "2.5", "7", "0.3", "60", "1.2e1"]).map(Decimal)


def ranges(bound: Decimal, strict: bool, up: bool) -> Case:
    if up:
        return at_least(bound, strict=strict), lambda x: x > bound if strict else x >= bound
    return at_most(bound, strict=strict), lambda x: x < bound if strict else x <= bound


simple = st.one_of(
    st.builds(ranges, few, st.booleans(), st.booleans()),
    st.builds(lambda step: (multiple_of(step), lambda x: Fraction(x) % Fraction(step) == 0), steps),
    st.builds(lambda named: (exactly(named), lambda x: x in named), st.lists(few, max_size=6)),
    st.just((integers(), lambda x: x == x.to_integral_value())),
    st.just((any_number(), lambda x: True)),
)


def joined(one: Case, other: Case, sign: str) -> Case:
    if sign == "&":
        return one[0] & other[0], lambda x: one[1](x) and other[1](x)
    if sign == "|":
        return one[0] | other[0], lambda x: one[1](x) or other[1](x)
    return one[0] - other[0], lambda x: one[1](x) and not other[1](x)


cases = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(joined, inner, inner, st.sampled_from("&|-")),
        inner.map(lambda case: (~case[0], lambda x: not case[1](x))),
    ),
    max_leaves=4,
)
spellings = st.one_of(
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?\Z"),
    st.builds(lambda x, zeros: f"{x:f}" + zeros, few, st.sampled_from(["", ".0", ".000"])).filter(
        lambda text: text.count(".") < 2
    ),
)
exponents = st.from_regex(r"\A[eE][+-]?[0-9]{1,2}\Z")


@settings(max_examples=400, deadline=None)
@given(cases, st.lists(spellings, min_size=1, max_size=20), exponents)
def test_a_set_holds_what_arithmetic_says(case: Case, tried: list[str], exponent: str) -> None:
    numbers, rule = case
    written, tidy = numbers.dfa(every_spelling=True), numbers.dfa()
    for text in tried:
        value = Decimal(text)
        assert numbers.contains(value) == rule(value)
        assert numbers.plain.accepts(text.encode()) == written.accepts(text.encode()) == rule(value)
        shortest = f"{value.normalize():f}" if value else "0"
        assert tidy.accepts(shortest.encode()) == rule(value)
        for dfa in (tidy, written):
            assert not dfa.accepts((text + exponent).encode()) or rule(Decimal(text + exponent))


@settings(max_examples=150, deadline=None)
@given(cases)
def test_members_are_named_if_they_are_few(case: Case) -> None:
    numbers, rule = case
    assert numbers.empty == (numbers.finite(0) == ())
    assert numbers.empty == (numbers.dfa() == NOTHING)
    found = numbers.finite(40)
    if found is not None:
        assert all(rule(value) for value in found)
        assert exactly(found) == numbers
    assert ~~numbers == numbers


@pytest.mark.parametrize(
    ("numbers", "accepted", "refused"),
    [
        (any_number(), ["-0", "1e9", "-0.10E+07", "10.00"], ["01", "+1", "1.", ".5", "1e", "1e+", "--1", "", "-"]),
        (integers(), ["0", "-7", "7.0", "120"], ["7.00", "7.5", "7.", "7e0", "00"]),
        (at_least(Decimal(0)), ["0", "0e9", "1e-9", "0.10", "12E+3"], ["-0", "-1", "-0e1", "-1e-9"]),
        (at_least(Decimal(0), strict=True), ["1e-9", "0.01e3"], ["0", "0.0", "0e9", "0.00E1", "-1"]),
        (at_most(Decimal("-1e-9")), ["-1", "-0.000000001"], ["-0.0000000009", "0", "-1e3", "1"]),
        (at_least(Decimal(-1)), ["-1", "-0", "5e300", "-0.5"], ["-1.1", "-2", "-1e-3"]),
        (at_least(Decimal(0)) & at_most(Decimal(1)), ["0.5", "1.0"], ["5e-1", "0e-9", "1.00", "-0"]),
        (multiple_of(Decimal("0.01")), ["2.5", "2.50", "2"], ["2.500", "2.505", "1e2"]),
        (exactly([Decimal("0.5"), Decimal("1E+2")]), ["0.5", "100", "100.0"], ["0.50", "100.00", "1e2", "1"]),
        (integers() | at_most(Decimal(0)), ["-0.5e2", "3", "0.0"], ["3e0", "3.5", "3.00"]),
    ],
)
def test_spellings(numbers: Numbers, accepted: list[str], refused: list[str]) -> None:
    dfa = numbers.dfa()
    assert [text for text in accepted if not dfa.accepts(text.encode())] == []
    assert [text for text in refused if dfa.accepts(text.encode())] == []


@pytest.mark.parametrize(
    ("numbers", "accepted", "refused"),
    [
        (integers(), ["7.000", "-0.0"], ["7e0"]),
        (at_least(Decimal(0)), ["-0", "-0.0"], ["-0e1", "-1"]),
        (at_least(Decimal(-1)), ["-1e-3", "-0e-3", "-9.9e-1", "1e9"], ["-1e0", "-1e+1", "-10e-2", "-1e-0", "-2"]),
        (at_least(Decimal(0)) & at_most(Decimal(1)), ["7e-1", "9.99E-01", "0e-9"], ["1e5", "1e-0", "1e-", "-1e-5"]),
        (at_least(Decimal(0), strict=True) & at_most(Decimal(90)), ["1.0e-09"], ["0e-1", "0.00e-1", "1e1"]),
        (at_least(Decimal("0.01")) & at_most(Decimal(90)), ["0.01"], ["1e-1"]),
    ],
)
def test_every_spelling(numbers: Numbers, accepted: list[str], refused: list[str]) -> None:
    dfa = numbers.dfa(every_spelling=True)
    assert [text for text in accepted if not dfa.accepts(text.encode())] == []
    assert [text for text in refused if dfa.accepts(text.encode())] == []


@pytest.mark.parametrize(
    ("numbers", "states"),
    [
        (any_number(), 9),
        (integers(), 6),
        (integers() & at_least(Decimal(0)), 5),
        (integers() & at_least(Decimal(1)) & at_most(Decimal(100)), 7),
        (integers() & at_least(Decimal(0)) & at_most(Decimal(65_535)), 12),
        (integers() & at_least(Decimal(-(2**63))) & at_most(Decimal(2**63 - 1)), 59),
        (at_least(Decimal(0)) & at_most(Decimal(1)), 7),
        (multiple_of(Decimal(10**300)), 306),
        (multiple_of(Decimal("86400")), 146),
    ],
)
def test_states_are_no_more_than_the_digits_of_the_bounds_ask_for(numbers: Numbers, states: int) -> None:
    assert numbers.dfa().states <= states


@pytest.mark.parametrize("bound", ["1e308", "-1e308", "5e-324", "18446744073709551616", "-1e-9", "0"])
@pytest.mark.parametrize("off", ["1e3", "1", "1e-3", "1e-400"])
def test_extreme_bounds_are_exact(bound: str, off: str) -> None:
    numbers = at_least(Decimal(bound))
    with localcontext(prec=1_000):
        assert numbers.contains(Decimal(bound) + Decimal(off))
        assert not numbers.contains(Decimal(bound) - Decimal(off))
    assert numbers.contains(Decimal(bound))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at_least(Decimal("1e2000")), "2,000 digits"),
        (lambda: at_most(Decimal("Infinity")), "not a JSON number"),
        (lambda: exactly([Decimal("NaN")]), "not a JSON number"),
        (lambda: multiple_of(Decimal(0)), "above 0"),
        (lambda: multiple_of(Decimal(-3)), "above 0"),
        (lambda: multiple_of(Decimal("NaN")), "not a JSON number"),
        (lambda: multiple_of(Decimal(1_000_003)), "20,000 states"),
        (lambda: multiple_of(Decimal("19999")), "20,000 states"),
        (lambda: any_number().contains(Decimal("1e999999")), "2,000 digits"),
    ],
)
def test_what_would_be_too_large_is_told(make: Callable[[], object], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        make()
