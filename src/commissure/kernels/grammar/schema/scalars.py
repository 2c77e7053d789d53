"""Keywords of numbers and strings."""

from __future__ import annotations

from decimal import Decimal

from commissure.kernels.grammar.automaton import UNBOUNDED
from commissure.kernels.grammar.errors import OverBudget, PatternError, PatternTooLarge
from commissure.kernels.grammar.languages.numbers import Numbers, any_number, at_least, at_most, multiple_of
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.languages.text_patterns import format_texts, pattern_texts
from commissure.kernels.grammar.schema.literal import exact
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.schema.source import Place, shown


def numbers_of(place: Place) -> Numbers:
    """minimum, maximum, their exclusive forms (true or false in draft 4), multipleOf."""
    found = any_number()
    for keyword, bound in (("minimum", at_least), ("maximum", at_most)):
        strict = "exclusiveM" + keyword[1:]
        flag = isinstance(place.contents.get(strict), bool) and place.draft in ("draft-04", None)
        try:
            if keyword in place.contents:
                found = found & bound(_number(place, keyword), strict=flag and place.contents[strict])
            if strict in place.contents and not flag:
                found = found & bound(_number(place, strict), strict=True)
        except PatternError as error:
            raise place.irregular(keyword, str(error)) from error
    if "multipleOf" in place.contents:
        step = _number(place, "multipleOf")
        if step <= 0:
            raise place.invalid("multipleOf", f"'multipleOf' must be above 0, not {step}")
        try:
            found = found & multiple_of(step)
        except PatternError as error:
            raise place.irregular("multipleOf", str(error), "a coarser step, or bounds without it") from error
    return found


def texts_of(place: Place, settings: Settings) -> Texts:
    """minLength, maxLength, pattern, format."""
    found = Texts.all()
    if "minLength" in place.contents or "maxLength" in place.contents:
        least = place.count("minLength") if "minLength" in place.contents else 0
        most = place.count("maxLength") if "maxLength" in place.contents else None
        if least >= UNBOUNDED:
            raise place.irregular("minLength", f"no string of {UNBOUNDED:,} characters or more can be counted")
        found = Texts.length(least, None if most is not None and most >= UNBOUNDED else most)
    if "pattern" in place.contents:
        found = found & matching(place, "pattern", place.expect("pattern", str))
    if "format" in place.contents and settings.formats:
        name = place.expect("format", str)
        try:
            language = format_texts(name)
        except PatternError as error:
            raise place.irregular("format", str(error)) from error
        if language is not None:
            found = found & language
    return found


def matching(place: Place, keyword: str, pattern: str) -> Texts:
    """The strings in which a pattern matches. Raises InvalidSchema, NotRegular or OverBudget, naming the place."""
    try:
        return pattern_texts(pattern)
    except PatternTooLarge as error:
        fix = "smaller counts, or a maxLength in place of them"
        raise OverBudget(place.pointer, keyword, f"pattern {shown(pattern)}: {error}", fix) from error
    except PatternError as error:
        refuse = place.invalid if error.regular else place.irregular
        raise refuse(keyword, f"pattern {shown(pattern)}: {error}") from error


def _number(place: Place, keyword: str) -> Decimal:
    return exact(place.expect(keyword, int, float))
