"""How a broken rule is told."""


def require(holds: bool, rule: str, found: object = "") -> None:
    """Raise AssertionError, with the rule and what was found, unless it holds."""
    if not holds:
        raise AssertionError(f"{rule}; found: {found!r:.500}")
