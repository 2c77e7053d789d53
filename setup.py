"""Compiles the hot modules of simulator and grammar compiler with mypyc; without a C compiler they run as Python.

The rest of the build is in pyproject.toml. A module compiled from an older source would shadow a newer one: in a
working copy `commissure.hal.builds` warns of it, and `make compile` builds them anew.
"""

import os

from setuptools import setup

HOT = (
    "src/commissure/kernels/grammar/languages/boolean.py",
    "src/commissure/kernels/grammar/languages/minimal.py",
    "src/commissure/kernels/grammar/machine/lazy.py",
    "src/commissure/kernels/grammar/machine/rules.py",
    "src/commissure/kernels/grammar/machine/trim.py",
    "src/commissure/sim/engine/batch.py",
    "src/commissure/sim/engine/cost.py",
    "src/commissure/sim/engine/growth.py",
    "src/commissure/sim/engine/job.py",
    "src/commissure/sim/engine/jump.py",
    "src/commissure/sim/engine/memory.py",
    "src/commissure/sim/engine/padded.py",
    "src/commissure/sim/engine/prefix.py",
    "src/commissure/sim/engine/scheduler.py",
    "src/commissure/sim/engine/scored.py",
    "src/commissure/sim/engine/stretch.py",
    "src/commissure/sim/replay/accounts.py",
    "src/commissure/sim/replay/feed.py",
)


def compiled() -> list[object]:
    """The extensions; none where mypyc is not installed or COMMISSURE_PURE is set."""
    if os.environ.get("COMMISSURE_PURE"):
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:
        return []
    # The dependencies are not there when a wheel is built in isolation: their types do not matter here.
    flags = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
    try:
        extensions = mypycify([*flags, *HOT], opt_level="3", group_name="commissure")
    except SystemExit:  # how mypyc says that it cannot
        return []
    for extension in extensions:
        extension.optional = True
    return extensions


setup(ext_modules=compiled())
