"""The program: one report, in a tree of its own within the run's account."""

from __future__ import annotations

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.runtime import Runtime
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.deep_context.activity.log import package_of
from commissure.scenarios.deep_context.activity.render import render
from commissure.scenarios.deep_context.hired import with_hired
from commissure.scenarios.deep_context.reporting.pipeline import Maker
from commissure.scenarios.deep_context.reporting.recipe import recipe_of
from commissure.scenarios.deep_context.reporting.result import Result, result_of
from commissure.scenarios.deep_context.reporting.roles import roles_of, used
from commissure.scenarios.deep_context.reporting.settings import Settings
from commissure.scenarios.deep_context.reporting.source import commits_of
from commissure.scenarios.deep_context.text_rate import with_text_rate
from commissure.scenarios.slotted import with_slots_side_by_side


async def report(rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str) -> Result:
    """Make it, grade it, account for it."""
    commits = commits_of(settings, rt.seed)
    package = package_of(commits)
    roles = roles_of({name: one.profile for name, one in fleet.endpoints.items()}, settings, policy)
    tree = Tree(rt, fleet, policy, roles.delegation, settings.limits)
    made = await Maker(rt, fleet, tree, roles, settings, recipe_of(policy, settings), package).make(commits)
    return result_of(made, commits, package, tree, roles)


def prepared(fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
    """The fleet with the text's token rate, and slots for what runs at once. What is hired but not needed is not hired.

    Raises UsageError for roles that it cannot fill, and for a log that cannot be read.
    """
    text = render(commits_of(settings, seed))
    needed = used(roles_of(fleet.profiles, settings, policy))
    slotted = with_slots_side_by_side(with_hired(fleet, needed), settings.fan_out, settings.slot_tokens)
    return with_text_rate(slotted, text)
