"""Numbers and days are read in the forms that people write them in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.grounding.days import days_in, is_named, iso_day
from commissure.policies.ensemble.grounding.numbers import numbers_in


@settings(deadline=None)
@given(st.integers(0, 10**11), st.sampled_from(["{}", "${}", "{} pounds", "{}EUR", "x({})."]))
def test_an_amount_in_any_form(cents: int, around: str) -> None:
    whole, part = divmod(cents, 100)
    grouped = f"{whole:,}"
    forms = [
        f"{whole}.{part:02d}",
        f"{grouped}.{part:02d}",
        f"{grouped.replace(',', '.')},{part:02d}",
        f"{grouped.replace(',', ' ')},{part:02d}",
        f"{grouped.replace(',', chr(0x202F))}.{part:02d}",
        f"{grouped}.{part:02d}0",
    ]
    for form in [*forms, *([str(whole), grouped, grouped.replace(",", "'")] if part == 0 else [])]:
        assert Decimal(cents).scaleb(-2) in numbers_in(around.format(form)), form
    assert Decimal(-cents).scaleb(-2) in numbers_in(f"at -{forms[1]} degrees")
    assert numbers_in(forms[0]) == {Decimal(cents).scaleb(-2)} or f"{part:02d}" == "00"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("no number at all, not even in zebra or attend", []),
        ("24.990", ["24.99", "24990"]),
        ("24.9900", ["24.99"]),
        ("INV-2231", ["2231"]),
        ("pages 3-5", ["3", "5"]),
        ("1,250", ["1250", "1.25"]),
        ("rooms 1,2,3", ["1", "2", "3"]),
        ("rooms 3,4", ["3", "4", "3.4"]),
        ("12,34,567 rupees", ["1234567"]),
        ("20 %", ["20", "0.2"]),
        ("1.5 million", ["1.5", "1000000", "1500000"]),
        ("Two or twenty-one, ninety nine", ["2", "21", "99"]),
        ("1e-9 and 2.5E3", ["1", "9", "2.5", "3", "1e-9", "2500"]),
        ("from 11 PM to 12 a.m.", ["11", "23", "12", "0"]),
        ("two hundred", ["2", "100", "200"]),
        ("\u22127", ["7", "-7"]),
        ("-$5", ["5", "-5"]),
        ("9" * 2000, []),
    ],
)
def test_what_else_is_a_number(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == set(map(Decimal, numbers))


@settings(deadline=None)
@given(st.text(), st.text(alphabet="0123456789.,- '%kmy/TZ:"))
def test_any_text_can_be_read(text: str, dense: str) -> None:
    for one in (text, dense):
        assert all(number.is_finite() for number in numbers_in(one))
        for year, month, day in days_in(one):
            assert date(2000 if year is None else year, month, day)


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_in_any_form(day: date) -> None:
    month = f"{day:%B}"
    forms = [
        f"{day.day} {month} {day.year}",
        f"{day.day:02d} {month[:3].upper()} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{month[:3]}. {day.day}th {day.year}",
        f"the {day.day}th of {month.lower()}, {day.year}",
        f"{day.day}-{month[:3]}-{day.year}",
        f"{day:%Y-%m-%d}",
        f"{day:%Y/%m/%d}",
        f"{day:%Y-%m-%dT%H:%M:%SZ}",
    ]
    for form in forms:
        assert days_in(f"on {form}: ") == {(day.year, day.month, day.day)}, form
    for form in (f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}"):
        found = days_in(form)
        assert is_named(day, found)
        assert {(month, day) for _, month, day in found} <= {(day.month, day.day), (day.day, day.month)}
    without_year = days_in(f"by {month} {day.day}.")
    assert is_named(day, without_year)
    assert is_named(day.replace(year=1996), without_year)


@pytest.mark.parametrize(
    "text",
    ["", "30 February 2026", "2026-13-01", "you may 2 or 3", "in March 2026", "1.2.3.4", "12/345/2026", "augustus 3"],
)
def test_what_is_no_day(text: str) -> None:
    assert not days_in(text)


def test_two_figures_are_a_year_of_this_century() -> None:
    assert days_in("03/14/26") == {(2026, 3, 14)}
    assert days_in("04/03/26") == {(2026, 3, 4), (2026, 4, 3)}


def test_iso_days() -> None:
    assert iso_day("2026-03-14") == iso_day("2026-03-14T10:00") == date(2026, 3, 14)
    assert [iso_day(one) for one in ("14 March 2026", "2026-02-30", "2026-3-14", "x", None, 5)] == [None] * 6
