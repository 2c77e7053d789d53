"""Compiled modules in a working copy, which may be older than their sources."""

import warnings
from pathlib import Path


def warn_of_stale_builds(folder: Path) -> None:
    """A module in a room below the folder that was compiled before its source changed silently stands in for it."""
    if not (Path(__file__).parents[3] / "setup.py").exists():
        return
    for built in folder.glob("*/*.so"):
        source = built.parent / f"{built.name.partition('.')[0]}.py"
        if source.exists() and source.stat().st_mtime > built.stat().st_mtime:
            warnings.warn(f"{built.name} was compiled before {source.name} changed: run make compile", stacklevel=3)
