"""A serving engine in virtual time: continuous batching from a step-time model, by jumps or step by step."""

import warnings
from pathlib import Path


def _warn_of_stale_builds(folder: Path) -> None:
    """In a working copy, a module compiled before its source was changed would silently stand in for it."""
    if not (folder.parents[3] / "setup.py").exists():
        return
    for built in folder.parent.glob("*/*.so"):
        source = built.parent / f"{built.name.partition('.')[0]}.py"
        if source.exists() and source.stat().st_mtime > built.stat().st_mtime:
            warnings.warn(f"{built.name} was compiled before {source.name} changed: run make compile", stacklevel=2)


_warn_of_stale_builds(Path(__file__).parent)
