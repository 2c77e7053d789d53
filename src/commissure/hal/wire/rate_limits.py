"""Rate limits as response headers state them, read by the shape of their names: no list of providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import fsum, isfinite
from typing import Literal

Part = Literal["limit", "remaining", "reset"]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit: how much a window holds, how much of it is left, and in how many seconds it is full again."""

    limit: float | None = None
    remaining: float | None = None
    reset_s: float | None = None


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """The limits that one response told of, by what they count and their window: "requests/minute", "tokens"."""

    limits: Mapping[str, RateLimit] = field(default_factory=dict, hash=False)

    def remaining(self) -> Mapping[str, float]:
        """What is left of each limit, where that was said: as Status.limits holds it."""
        return {name: one.remaining for name, one in self.limits.items() if one.remaining is not None}


_HEADER = re.compile(r"(?:.*[-_])?rate-?limit[-_](.+)")
_PARTS: Mapping[str, Part] = {"limit": "limit", "remaining": "remaining", "reset": "reset"}
_WINDOWS = frozenset({"second", "minute", "hour", "day", "week", "month"})
_UNITS = {"requests": "requests", "req": "requests", "tokens": "tokens"}
# Go's time.Duration, as OpenAI writes it: 1m26.4s, 825ms.
_STEPS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6, "ns": 1e-9}
_STEP = r"([0-9]+(?:\.[0-9]*)?)(ms|us|\u00b5s|ns|d|h|m|s)"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
# No window is 31 years long: a number of seconds from here on is a moment since 1970 (in 2001 to 2286, and so in ms).
_EPOCH_S, _EPOCH_END_S = 1e9, 1e10


def rate_limits(headers: Mapping[str, str], now: datetime | None = None) -> RateLimitState:
    """The limits that response headers tell of; what does not look like one is passed over.

    A name has `ratelimit` in it, then limit, remaining or reset, what is counted (requests, tokens, or a kind of
    them, as input-tokens; requests where nothing is said), and perhaps a window, in any order. A reset is in seconds,
    a duration as 1m26.4s, an ISO 8601 or HTTP date, or the seconds or milliseconds since 1970: moments, which are
    passed over without `now`. Raises ValueError if `now` has no time zone.
    """
    _checked(now)
    limits: dict[str, RateLimit] = {}
    bare: dict[str, RateLimit] = {}
    for header, value in headers.items():
        if (read := _read(header.lower())) is None:
            continue
        part, name, counted = read
        number = _seconds_until(value, now) if part == "reset" else _amount(value)
        if number is not None:
            kept = limits if counted else bare
            kept[name] = _with(kept.get(name, RateLimit()), part, number)
    return RateLimitState({**bare, **limits})


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait as `retry-after-ms`, else `retry-after` (seconds or an HTTP date) says; None if neither does.

    A time that has passed is 0; a very long one is given as it is. A date says nothing without `now`. Raises ValueError
    if `now` has no time zone. The rule is that of the SDKs that Stainless generates; RFC 9110, 10.2.3.
    """
    _checked(now)
    said = _lower(headers)
    milliseconds = _number(said.get("retry-after-ms", ""))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = said.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    return _until(_http_date(value), now)


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """What `x-should-retry` says, if anything; it overrules the status code in the SDKs that Stainless generates."""
    return {"true": True, "false": False}.get(_lower(headers).get("x-should-retry", "").strip().lower())


def _read(header: str) -> tuple[Part, str, bool] | None:
    """Of a header's name: which part of a limit it states, of which limit, and whether it names what is counted."""
    match = _HEADER.fullmatch(header)
    words = re.split(r"[-_]", match[1]) if match else []
    parts = [word for word in words if word in _PARTS]
    windows = [word for word in words if word in _WINDOWS]
    if len(parts) != 1 or len(windows) > 1:
        return None
    counted = [_UNITS.get(word, word) for word in words if word not in _PARTS and word not in _WINDOWS]
    if counted and not set(counted) & set(_UNITS.values()):
        return None
    return _PARTS[parts[0]], "/".join(["-".join(counted) or "requests", *windows]), bool(counted)


def _with(limit: RateLimit, part: Part, number: float) -> RateLimit:
    match part:
        case "limit":
            return replace(limit, limit=number)
        case "remaining":
            return replace(limit, remaining=number)
        case "reset":
            return replace(limit, reset_s=number)


def _seconds_until(value: str, now: datetime | None) -> float | None:
    number = _number(value)
    if number is not None:
        return _seconds_or_moment(number, now)
    if re.fullmatch(f"(?:{_STEP})+", value.strip()):
        seconds = fsum(float(count) * _STEPS_S[unit] for count, unit in re.findall(_STEP, value))
        return seconds if isfinite(seconds) else None
    return _until(_iso_date(value) or _http_date(value), now)


def _until(moment: datetime | None, now: datetime | None) -> float | None:
    return None if moment is None or now is None else max(0.0, (moment - now).total_seconds())


def _seconds_or_moment(number: float, now: datetime | None) -> float | None:
    if number < _EPOCH_S:
        return max(0.0, number)
    for moment_s in (number, number / 1000):
        if _EPOCH_S <= moment_s < _EPOCH_END_S:
            return _until(datetime.fromtimestamp(moment_s, UTC), now)
    return None


def _amount(value: str) -> float | None:
    # Of a list, "100, 100;window=60", the first number is the limit that is in force.
    number = _number(re.split(r"[,;]", value)[0])
    return None if number is None or number < 0 else number


def _number(value: str) -> float | None:
    number = float(value) if _NUMBER.fullmatch(value := value.strip()) else None
    return number if number is not None and isfinite(number) else None


def _iso_date(value: str) -> datetime | None:
    try:
        return _zoned(datetime.fromisoformat(value.strip()))
    except ValueError:
        return None


def _http_date(value: str) -> datetime | None:
    try:
        return _zoned(parsedate_to_datetime(value))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _checked(now: datetime | None) -> None:
    if now is not None and now.tzinfo is None:
        raise ValueError(f"now is {now!r}, which has no time zone: give datetime.now(UTC)")


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
