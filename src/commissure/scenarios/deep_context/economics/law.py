"""The time and money of a recursion of one root and many leaves in closed form, and the split of its gain by that."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp

from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import Profile
from commissure.scenarios.deep_context.economics.gain import FACTORS, Parts, who
from commissure.scenarios.deep_context.economics.work import Bill, Work, bill
from commissure.scenarios.scenario import Table
from commissure.theory.context.shares import shares


@dataclass(frozen=True, slots=True)
class Tree:
    """A root of so many turns, and `stages` of so many leaves each; tokens are of one turn and of one leaf.

    Stages follow each other, leaves of a stage may run side by side.
    """

    turns: int
    leaves: int
    root_read: float
    root_said: float
    leaf_read: float
    leaf_said: float
    stages: int = 1

    def __post_init__(self) -> None:
        if min(self.turns, self.leaves, self.stages) < 1:
            raise UsageError(f"a tree has at least one turn, one stage and one leaf: {self}")


def bill_of(tree: Tree, root: Profile, leaf: Profile, at_once: int = 1) -> Bill:
    """T = turns x T_root + stages x ceil(leaves / at_once) x T_leaf; money does not depend on what runs when.

    With one at once this is T_seq, the sum over all calls. No queue, no rate limit, no noise. Raises UsageError for
    endpoints without a price or a hosted time, and for fewer than one call at once.
    """
    if at_once < 1:
        raise UsageError(f"at least one call runs at once, not {at_once}")
    turn = bill(Work(tree.root_read, tree.root_said, calls=1), root)
    one = bill(Work(tree.leaf_read, tree.leaf_said, calls=1), leaf)
    waves = tree.stages * ceil(tree.leaves / at_once)
    return Bill(
        tree.turns * turn.usd + tree.stages * tree.leaves * one.usd, tree.turns * turn.seconds + waves * one.seconds
    )


def amdahl(share: float, times: float) -> float:
    """The gain where all but a share, the root's chain, becomes so many times as fast: at most 1 / share.

    Amdahl, Validity of the single processor approach (1967). Raises UsageError for no share and no speed-up.
    """
    if not 0 <= share <= 1 or times <= 0:
        raise UsageError(f"a share from 0 to 1 and a speed-up above 0, not {share} and {times}")
    return 1 / (share + (1 - share) / times)


@dataclass(frozen=True, slots=True)
class Mix:
    """The endpoints of a mix, as `gain.Parts` names them, with their profiles; each paid by the token."""

    base: Profile
    model: Profile
    chip: Profile
    at_once: int

    def bill(self, tree: Tree, on: frozenset[str]) -> Bill:
        """With these factors switched on."""
        profiles = {"base": self.base, "model": self.model, "chip": self.chip}
        root, leaf = who(on, Parts("base", "model", "chip"))
        return bill_of(tree, profiles[root], profiles[leaf], self.at_once if "concurrency" in on else 1)


def split(tree: Tree, mix: Mix) -> tuple[dict[str, float], dict[str, float]]:
    """Each factor's part of the logarithm of the gain, of seconds and of money. Raises UsageError as `bill_of` does."""
    return (
        shares(FACTORS, lambda on: mix.bill(tree, on).seconds),
        shares(FACTORS, lambda on: mix.bill(tree, on).usd),
    )


def law_table(tree: Tree, mix: Mix) -> Table:
    """Times as fast and as cheap by factor, multiplying to the whole."""
    fast, cheap = split(tree, mix)
    rows = [[one, f"{exp(fast[one]):.2f}", f"{exp(cheap[one]):.2f}"] for one in FACTORS]
    rows.append(["all", f"{exp(sum(fast.values())):.2f}", f"{exp(sum(cheap.values())):.2f}"])
    return Table("the gain in closed form, without queue or noise", ("factor", "times as fast", "times as cheap"), rows)
