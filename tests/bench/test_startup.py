"""How long the command line takes to start, against the bare interpreter."""

import subprocess
import sys
from statistics import median
from time import perf_counter

import pytest

from tests.bench.ratios import line, paired

pytestmark = pytest.mark.bench


def start(*arguments: str) -> float:
    began = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return perf_counter() - began


def test_help_against_the_bare_interpreter() -> None:
    ratios = paired(lambda: start("-m", "commissure", "--help"), lambda: start("-c", "pass"), pairs=9)
    seconds = median(start("-m", "commissure", "--help") for _ in range(5))
    print("\n" + line("commissure --help / python -c pass", ratios, f"{seconds:.2f} s"))
    assert median(ratios) <= 40
