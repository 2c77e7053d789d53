"""How far each input moves a ratio, one at a time: the widest on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.scenarios.deep_context.economics.work import Work, bill
from commissure.scenarios.figures import new_axes, svg


@dataclass(frozen=True, slots=True)
class Case:
    """The same task at two endpoints; `token_ratio` is how many tokens the target needs for each of the baseline's."""

    work: Work
    baseline: Profile
    target: Profile
    token_ratio: float = 1.0
    target_at_once: float = 1.0
    target_hidden: float = 0.0

    @property
    def cheaper(self) -> float:
        """USD of the baseline for each of the target."""
        return bill(self.work, self.baseline).usd / bill(self._target_work, self.target).usd

    @property
    def faster(self) -> float:
        """Seconds of the baseline for each of the target."""
        return bill(self.work, self.baseline).seconds / bill(self._target_work, self.target).seconds

    @property
    def _target_work(self) -> Work:
        ratio = self.token_ratio
        return replace(
            self.work,
            read=ratio * self.work.read,
            said=ratio * self.work.said,
            at_once=self.target_at_once,
            hidden=self.target_hidden,
        )


@dataclass(frozen=True, slots=True)
class Bar:
    """One input: what it was moved from and to, and the ratios there, as (low, high)."""

    name: str
    span: tuple[float, float]
    cheaper: tuple[float, float]
    faster: tuple[float, float]


Move = Callable[[Case, float], Case]


def bars(case: Case) -> list[Bar]:
    """Each input moved over its range, the others as they are; the one that moves time or money most comes first.

    Ranges are of published figures where there are any: GPT-5 at 80 (OpenAI) to 155 tokens/s (Azure), the talk's own
    task needs 125; Cerebras at 1,706 to 3,000; low effort hides 2,471 tokens a call. The rest is half and double.
    """
    moves: Sequence[tuple[str, tuple[float, float], Move]] = (
        ("tokens said by both", (0.5, 2.0), _saying),
        ("calls", (20, 400), lambda one, to: replace(one, work=replace(one.work, calls=to))),
        ("calls at once, target", (1, 8), lambda one, to: replace(one, target_at_once=to)),
        ("hidden tokens a call, target", (0, 2471), lambda one, to: replace(one, target_hidden=to)),
        ("share of prompts cached, both", (0.0, 0.9), lambda one, to: replace(one, work=replace(one.work, cached=to))),
        ("target's tokens for the baseline's", (0.5, 2.0), lambda one, to: replace(one, token_ratio=to)),
        ("target's price, times", (0.5, 2.0), lambda one, by: replace(one, target=dearer(one.target, by))),
        ("baseline, tokens/s", (80, 155), lambda one, to: replace(one, baseline=at_speed(one.baseline, to))),
        ("target's speed, times", (1.0, 1.76), lambda one, by: replace(one, target=faster(one.target, by))),
        ("target's base seconds, times", (0.5, 2.0), lambda one, by: replace(one, target=slower_start(one.target, by))),
    )  # fmt: skip
    found = [_bar(case, name, span, move) for name, span, move in moves]
    return sorted(found, key=lambda bar: -max(_width(bar.faster), _width(bar.cheaper)))


def _saying(case: Case, by: float) -> Case:
    return replace(case, work=replace(case.work, said=by * case.work.said))


def at_speed(profile: Profile, tokens_per_s: float) -> Profile:
    """The endpoint, were it this fast."""
    return _hosted(profile, "output_token_s", 1 / tokens_per_s)


def faster(profile: Profile, by: float) -> Profile:
    """The endpoint, were its tokens so many times as fast."""
    hosted = profile.hosted
    return profile if hosted is None else _hosted(profile, "output_token_s", hosted.output_token_s.value / by)


def slower_start(profile: Profile, by: float) -> Profile:
    """The endpoint, did each call take so many times as long before its first token."""
    hosted = profile.hosted
    return profile if hosted is None else _hosted(profile, "base_s", hosted.base_s.value * by)


def dearer(profile: Profile, by: float) -> Profile:
    """The endpoint, did each of its tokens cost so many times as much."""
    if profile.price is None:
        return profile
    moved = {name: _moved(old, old.value * by) for name, old in profile.price if old is not None}
    return profile.model_copy(update={"price": profile.price.model_copy(update=moved)})


def tornado_figure(title: str, found: Sequence[Bar], case: Case) -> tuple[str, str]:
    """Both ratios under each input, on logarithmic axes."""
    figure, axes = new_axes(8.0, 1.2 + 0.35 * len(found))
    places = range(len(found))
    for shift, colour, label, spans in (
        (-0.18, "#0072b2", f"faster (now {case.faster:.1f} times)", [bar.faster for bar in found]),
        (0.18, "#e69f00", f"cheaper (now {case.cheaper:.1f} times)", [bar.cheaper for bar in found]),
    ):
        lows, widths = [min(one) for one in spans], [abs(one[1] - one[0]) for one in spans]
        axes.barh([place + shift for place in places], widths, 0.34, left=lows, color=colour, label=label)
    axes.set_yticks(list(places), [f"{bar.name}: {bar.span[0]:g} to {bar.span[1]:g}" for bar in found])
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_xlabel("ratio to the baseline")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return title, svg(figure)


def _bar(case: Case, name: str, span: tuple[float, float], move: Move) -> Bar:
    low, high = move(case, span[0]), move(case, span[1])
    return Bar(name, span, (low.cheaper, high.cheaper), (low.faster, high.faster))


def _width(span: tuple[float, float]) -> float:
    return max(span) / min(span)


def _hosted(profile: Profile, name: str, value: float) -> Profile:
    if profile.hosted is None:
        return profile
    old: Quantity = getattr(profile.hosted, name)
    return profile.model_copy(update={"hosted": profile.hosted.model_copy(update={name: _moved(old, value)})})


def _moved(old: Quantity, value: float) -> Quantity:
    return old.model_copy(update={"value": value, "source": f"moved from {old.value:g}", "assumed": True})
