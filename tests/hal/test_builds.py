"""What was compiled before its source changed is told of."""

import os
import warnings
from pathlib import Path

import pytest

from commissure.hal.builds import warn_of_stale_builds


def test_only_what_is_older_than_its_source_is_told(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    source, built = room / "hot.py", room / "hot.cpython-311-x86_64-linux-gnu.so"
    for file in (source, built):
        file.write_text("")
    os.utime(source, (1, 1))
    os.utime(built, (2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_stale_builds(tmp_path)
    os.utime(source, (3, 3))
    with pytest.warns(UserWarning, match=r"hot\.py changed: run make compile"):
        warn_of_stale_builds(tmp_path)
