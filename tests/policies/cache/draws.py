"""Traces for property tests: long ones of hot objects, loops and scans, where Hypothesis's own lists stay short."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st


@st.composite
def traces(draw: st.DrawFn, most_ids: int = 24, most_uses: int = 400) -> list[int]:
    """Uses of the objects 0 .. `most_ids`, in stretches each of which is skewed, a loop or a walk among neighbours.

    Hypothesis draws small numbers most, so that it draws what is left out at the end.
    """
    dice = Random(draw(st.integers(0, 2**32)))
    ids, length = dice.randint(1, most_ids), draw(st.integers(0, most_uses).map(lambda spare: most_uses - spare))
    trace: list[int] = []
    while len(trace) < length:
        first, skew, stretch = dice.randint(0, ids), dice.choice((1, 2, 4)), dice.randint(1, 60)
        kind = dice.choice(("skewed", "loop", "walk"))
        for number in range(stretch):
            step = {"skewed": int((ids + 1) * dice.random() ** skew), "loop": number, "walk": dice.randint(0, 2)}[kind]
            trace.append((first + step) % (ids + 1))
    return trace[:length]
