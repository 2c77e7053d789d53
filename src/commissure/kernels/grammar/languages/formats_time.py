"""Dates, times and durations of RFC 3339 as patterns: month lengths, leap years and leap seconds included."""

from __future__ import annotations

_YEAR = r"\d{4}"
# Divisible by four but not by a hundred, or by four hundred (RFC 3339, appendix C).
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAYS = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))",
    r"02-29",
)
DATE = rf"(?:{_YEAR}-{_DAYS[0]}|{_LEAP_YEAR}-{_DAYS[1]})"

_HOUR_MINUTE = r"(?:[01]\d|2[0-3]):[0-5]\d"
_FRACTION = r"(?:\.\d+)?"


def _leap_seconds(sign: str, hours: range, minutes: tuple[int, ...]) -> str:
    """Second 60 at every local time that is 23:59 in UTC (RFC 3339, section 5.7), under these offsets.

    Each offset costs some nine states, as the local time is to be remembered.
    """
    found: list[str] = []
    for hour in hours:
        for minute in minutes:
            ahead = 60 * hour + minute
            local = (23 * 60 + 59 + (ahead if sign == "+" else -ahead)) % 1440
            found.append(rf"{local // 60:02}:{local % 60:02}:60{_FRACTION}\{sign}{hour:02}:{minute:02}")
    return "|".join(found)


_PLAIN = rf"{_HOUR_MINUTE}:[0-5]\d{_FRACTION}(?:[Zz]|[+-]{_HOUR_MINUTE})"
_UTC = rf"23:59:60{_FRACTION}(?:[Zz]|[+-]00:00)"
_ALL = "|".join(_leap_seconds(sign, range(24), (0, 30)) for sign in "+-")
TIME = rf"(?:{_PLAIN}|{_UTC}|{_ALL})"

# All leap seconds end a June or a December in UTC (RFC 3339, appendix D): east of it that is a day later. Whole hours
# from 12 behind to 14 ahead, as on the map.
_WEST, _EAST = _leap_seconds("-", range(1, 13), (0,)), _leap_seconds("+", range(1, 15), (0,))
DATE_TIME = rf"(?:{DATE}[Tt]{_PLAIN}|{_YEAR}-(?:06-30|12-31)[Tt](?:{_UTC}|{_WEST})|{_YEAR}-(?:07|01)-01[Tt](?:{_EAST}))"

_SECONDS = r"\d+S"
_MINUTES = rf"\d+M(?:{_SECONDS})?"
_TIMES = rf"T(?:\d+H(?:{_MINUTES})?|{_MINUTES}|{_SECONDS})"
_MONTHS = r"\d+M(?:\d+D)?"
# RFC 3339, appendix A: parts in order, none left out between two.
DURATION = rf"P(?:\d+W|(?:\d+Y(?:{_MONTHS})?|{_MONTHS}|\d+D)(?:{_TIMES})?|{_TIMES})"
