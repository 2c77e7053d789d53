"""A number divided over several, as evenly as goes."""


def even_shares(count: int, parts: int) -> list[int]:
    """How many of `count` each of one or more parts gets; the first ones get what is left over."""
    even, over = divmod(count, parts)
    return [even + (place < over) for place in range(parts)]
