"""A stretch of engine steps, each of which costs a constant more than the one before."""

from __future__ import annotations

from math import sqrt


class Stretch:
    """`n` steps from `began_s` on, the first of `first_s` seconds, each next one `more_s` longer.

    k of them take k (first + (k - 1) more / 2) seconds.
    """

    def __init__(self) -> None:
        self.began_s = 0.0
        self.first_s = 0.0
        self.more_s = 0.0
        self.n = 0

    def end_s(self) -> float:
        """When the last step ends."""
        return self.began_s + self.n * (self.first_s + self.more_s * (self.n - 1) / 2)

    def done(self, now_s: float) -> int:
        """Whole steps that are over by now; -1 before the stretch begins."""
        first, more, past = self.first_s, self.more_s, now_s - self.began_s
        if past < 0.0:
            return -1
        slope = first - more / 2
        if slope <= 0.0 and more <= 0.0:
            return self.n
        root = sqrt(slope * slope + 2 * more * past)
        done = int(2 * past / (slope + root)) if slope > 0.0 else int((root - slope) / more)
        # The root is good to rounding; whether a step is over is decided by the same sum as its end.
        while (done + 1) * (first + more * done / 2) <= past:
            done += 1
        while done and done * (first + more * (done - 1) / 2) > past:
            done -= 1
        return done

    def cut(self, now_s: float) -> bool:
        """End with the step in progress; whether that changed anything."""
        if self.n <= 1 and now_s >= self.began_s:
            return False
        left = self.done(now_s) + 1
        if left >= self.n:
            return False
        self.n = left
        return True

    def keep_pace(self, pace_s: float) -> None:
        """No step is shorter than this: the stretch ends where its growing steps would overtake the pace."""
        if pace_s <= self.first_s:
            return
        if self.more_s > 0.0:
            self.n = min(self.n, int((pace_s - self.first_s) / self.more_s) + 1)
        self.first_s, self.more_s = pace_s, 0.0
