"""What a check of a selector has found."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.policies.testing.report import Checked
from commissure.policies.testing.selection.poll import Poll
from commissure.policies.testing.selection.regret import SelectorRegret


@dataclass(frozen=True, slots=True)
class SelectorReport(Checked[Poll, SelectorRegret]):
    """All that a check has found. Of so many polls in which something parses it abstains on `abstained`."""

    answerable: int = 0
    abstained: int = 0
