"""No test speaks to anything but this machine."""

import os

import pytest
from hypothesis import settings

from commissure.hal.wire import http

# Before numpy is imported: on a machine with other work its threads mostly wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Of a property that does not say how often it is tried. More: COMMISSURE_EXAMPLES=1000 make test
settings.register_profile("commissure", max_examples=int(os.environ.get("COMMISSURE_EXAMPLES", "60")))
settings.load_profile("commissure")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ALLOW_REMOTE", False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have counted, beside whether they passed."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
