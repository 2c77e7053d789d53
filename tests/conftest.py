"""No test speaks to anything but this machine."""

import pytest

from commissure.hal import http


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ALLOW_REMOTE", False)
