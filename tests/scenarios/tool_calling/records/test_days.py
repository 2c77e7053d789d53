import re
from datetime import date

import pytest

from commissure.scenarios.tool_calling.records.family import DAYS


@pytest.mark.parametrize("year", [1, 4, 100, 400, 1358, 1900, 2000, 2023, 2024, 2025, 2100, 2400, 9999])
def test_the_pattern_of_a_date_is_that_of_the_days_there_are(year: int) -> None:
    for month in range(14):
        for day in range(34):
            try:
                there = bool(date(year, month, day))
            except ValueError:
                there = False
            assert bool(re.search(DAYS, f"{year:04}-{month:02}-{day:02}")) == there, (year, month, day)
