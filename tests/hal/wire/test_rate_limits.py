"""Rate-limit headers as providers send them, and as they might."""

import math
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.endpoint import Status
from commissure.hal.wire.rate_limits import RateLimit, rate_limits, retry_after_s, should_retry

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
EPOCH_S = int(NOW.timestamp())

CEREBRAS = {
    "x-ratelimit-limit-requests-day": "14400",
    "x-ratelimit-remaining-requests-day": "14399",
    "x-ratelimit-reset-requests-day": "33011.382867813110352",
    "x-ratelimit-limit-tokens-minute": "60000",
    "x-ratelimit-remaining-tokens-minute": "59990",
    "x-ratelimit-reset-tokens-minute": "11.382867813110352",
}
OPENAI = {
    "X-RateLimit-Limit-Requests": "60",
    "X-RateLimit-Remaining-Requests": "59",
    "X-RateLimit-Reset-Requests": "500ms",
    "X-RateLimit-Limit-Tokens": "150000",
    "X-RateLimit-Remaining-Tokens": "149984",
    "X-RateLimit-Reset-Tokens": "1m26.4s",
    "x-ratelimit-remaining-tokens_usage_based": "159976",
}
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "1000",
    "anthropic-ratelimit-requests-remaining": "999",
    "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:30Z",
    "anthropic-ratelimit-input-tokens-remaining": "80000",
    "anthropic-ratelimit-output-tokens-reset": "2026-11-22T11:59:59Z",
    "anthropic-ratelimit-unified-status": "allowed",
    "anthropic-ratelimit-unified-5h-reset": "1795000000",
    "anthropic-organization-id": "3",
}


def test_cerebras() -> None:
    assert rate_limits(CEREBRAS, NOW).limits == {
        "requests/day": RateLimit(14400, 14399, 33011.382867813110352),
        "tokens/minute": RateLimit(60000, 59990, 11.382867813110352),
    }


def test_sambanova_by_the_names_that_its_users_report() -> None:
    day = {f"x-ratelimit-{part}-requests-day": value for part, value in [("limit", "48000"), ("remaining", "47990")]}
    minute = {"x-ratelimit-remaining-requests": "239", "x-ratelimit-reset-requests": str(EPOCH_S + 30)}
    assert rate_limits(day | minute, NOW).limits == {
        "requests/day": RateLimit(48000, 47990),
        "requests": RateLimit(remaining=239, reset_s=30.0),
    }


def test_openai_by_the_headers_of_an_answer() -> None:
    assert rate_limits(httpx.Headers(OPENAI), NOW).limits == {
        "requests": RateLimit(60, 59, 0.5),
        "tokens": RateLimit(150000, 149984, 86.4),
        "tokens-usage-based": RateLimit(remaining=159976),
    }


def test_anthropic() -> None:
    assert rate_limits(ANTHROPIC, NOW).limits == {
        "requests": RateLimit(1000, 999, 30.0),
        "input-tokens": RateLimit(remaining=80000),
        "output-tokens": RateLimit(reset_s=0.0),
    }


def test_what_is_left_is_what_a_status_holds() -> None:
    headers = {"x-ratelimit-remaining-requests-minute": "12", "x-ratelimit-limit-tokens-day": "9"}
    status = Status(0, limits=rate_limits(headers, NOW).remaining())
    assert status.limits == {"requests/minute": 12.0}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("x-ratelimit-remaining-requests", "requests"),
        ("x-ratelimit-remaining-req-minute", "requests/minute"),
        ("x-ratelimit-remaining-requests-hour", "requests/hour"),
        ("x-ratelimit-requests-day-remaining", "requests/day"),
        ("X-Rate-Limit-Day-Remaining-Tokens", "tokens/day"),
        ("x_ratelimit_remaining_tokens_minute", "tokens/minute"),
        ("x-ratelimit-remaining-uncached-tokens-minute", "uncached-tokens/minute"),
        ("x-vendor-ratelimit-remaining-output-tokens", "output-tokens"),
        ("ratelimit-remaining", "requests"),
        ("x-ratelimit-minute-remaining", "requests/minute"),
        ("x-ratelimit-remaining-images", None),
        ("x-ratelimit-remaining-reset-requests", None),
        ("x-ratelimit-remaining-requests-minute-day", None),
        ("x-ratelimit", None),
        ("x-remaining-requests", None),
        ("x-ratelimit-tokens-query-cost", None),
    ],
)
def test_names_are_read_by_their_shape(header: str, name: str | None) -> None:
    assert rate_limits({header: "7"}, NOW).remaining() == ({name: 7.0} if name else {})


def test_a_name_that_says_what_it_counts_outdoes_one_that_does_not() -> None:
    headers = {"x-ratelimit-remaining-requests": "5", "x-ratelimit-remaining": "9"}
    assert rate_limits(headers, NOW).remaining() == {"requests": 5.0}
    assert rate_limits(dict(reversed(headers.items())), NOW).remaining() == {"requests": 5.0}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("86400", 86400.0),
        (" 12 ", 12.0),
        ("1m26.4s", 86.4),
        ("825ms", 0.825),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("2d", 172800.0),
        ("12\u00b5s", 12e-6),
        (str(EPOCH_S + 90), 90.0),
        (str(EPOCH_S - 90), 0.0),
        (str((EPOCH_S + 90) * 1000), 90.0),
        ("2026-11-22T12:01:30Z", 90.0),
        ("2026-11-22T14:01:30.500+02:00", 90.5),
        ("2026-11-22T12:01:30", 90.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("2020-01-01T00:00:00Z", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("1m later", None),
        ("9" * 400, None),
        ("9" * 400 + "s", None),
        ("0001-01-01T00:00:00+14:00", 0.0),
        ("20261122120130", None),
        ("1_000", None),
    ],
)
def test_when_a_limit_is_full_again(value: str, seconds: float | None) -> None:
    limits = rate_limits({"x-ratelimit-reset-requests": value}, NOW).limits
    assert {name: limit.reset_s for name, limit in limits.items()} == (
        {} if seconds is None else {"requests": pytest.approx(seconds)}
    )


@pytest.mark.parametrize(("value", "left"), [("100, 100;window=60", 100.0), ("3.5", 3.5), ("-1", None), ("many", None)])
def test_how_much_is_left(value: str, left: float | None) -> None:
    assert rate_limits({"ratelimit-remaining": value}, NOW).remaining() == ({} if left is None else {"requests": left})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After-Ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after-ms": "-4"}, 0.0),
        ({"retry-after": "200000"}, 200000.0),
        ({"retry-after": "2000000000"}, 2e9),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Sunday, 22-Nov-26 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Sun Nov 22 12:00:07 2026"}, 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:07 GMT"}, 0.0),
        ({"retry-after": "later"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("true", True), ("False ", False), ("1", None), ("", None)],
)
def test_whether_to_try_again(value: str, wanted: bool | None) -> None:
    assert should_retry({"X-Should-Retry": value}) is wanted
    assert should_retry({}) is None


@given(
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.integers(-12 * 60, 14 * 60),
    st.sampled_from(["iso", "http", "epoch", "go"]),
)
def test_every_way_to_write_a_moment_means_the_same(wait: timedelta, offset_min: int, form: str) -> None:
    wait -= timedelta(microseconds=wait.microseconds)
    moment = (NOW + wait).astimezone(timezone(timedelta(minutes=offset_min)))
    whole = int(wait.total_seconds())
    value = {
        "iso": moment.isoformat(),
        "http": moment.strftime("%a, %d %b %Y %H:%M:%S %z"),
        "epoch": str(EPOCH_S + whole),
        "go": f"{whole // 3600}h{whole // 60 % 60}m{whole % 60}s",
    }[form]
    assert rate_limits({"ratelimit-reset": value}, NOW).limits["requests"].reset_s == pytest.approx(whole)


@given(st.text(max_size=40) | st.text("0123456789:-+.eTZ ,hmsGSunNov", max_size=40))
def test_no_value_breaks_an_answer(value: str) -> None:
    for name in ("retry-after", "retry-after-ms", "ratelimit-reset", "ratelimit-limit", "x-should-retry"):
        wait = retry_after_s({name: value}, NOW)
        assert wait is None or (wait >= 0 and math.isfinite(wait))
        for limit in rate_limits({name: value}, NOW).limits.values():
            assert all(one is None or (one >= 0 and math.isfinite(one)) for one in (limit.limit, limit.reset_s))
        assert should_retry({name: value}) in (True, False, None)


@pytest.mark.parametrize("moment", ["2026-11-22T12:01:30Z", "Sun, 22 Nov 2026 12:01:30 GMT"])
def test_without_the_time_of_day_a_moment_says_nothing_and_a_wait_says_all(moment: str) -> None:
    assert rate_limits({"ratelimit-reset": moment, "ratelimit-remaining": "3"}).limits == {
        "requests": RateLimit(remaining=3)
    }
    assert rate_limits({"ratelimit-reset": str(EPOCH_S)}).limits == {}
    assert rate_limits({"ratelimit-reset": "30"}).limits == {"requests": RateLimit(reset_s=30)}
    assert retry_after_s({"retry-after": moment}) is None
    assert retry_after_s({"retry-after": "5"}) == 5


def test_now_has_a_time_zone() -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        retry_after_s({}, naive)
    with pytest.raises(ValueError, match="no time zone"):
        rate_limits({}, naive)
