"""What policies are worth on each family of records: a vote mends some kinds of error, and never a biased answerer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from commissure.scenarios.scenario import Table
from commissure.scenarios.tool_calling.ensembles.rows import Outcome
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, ONE, ORACLE

SHOWN = (GREEDY, ONE, "plurality", "per_field", "grounded", ORACLE)


class FamilyRow(BaseModel):
    """Shares of records right, by policy, of one member on one family. Few records a family: read them as such."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str
    family: str
    records: int
    right: dict[str, float]


def by_family(found: Sequence[Outcome], families: Sequence[str]) -> list[FamilyRow]:
    """Of the outcomes of members, whose columns are by record in the order of `families`, the records' own."""
    rows = []
    for who in dict.fromkeys(one.who for one in found):
        own = {one.policy: one.right for one in found if one.who == who and one.policy in SHOWN}
        for family in dict.fromkeys(families):
            chosen = np.array([one == family for one in families])
            right = {policy: float(own[policy][chosen].mean()) for policy in SHOWN if policy in own}
            rows.append(FamilyRow(who=who, family=family, records=int(chosen.sum()), right=right))
    return rows


def family_table(where: str, rows: Sequence[FamilyRow]) -> Table:
    """As a table of per cents."""
    head = ("member", "family", "records", *SHOWN)
    cells = [[row.who, row.family, str(row.records), *(_cell(row, name) for name in SHOWN)] for row in rows]
    return Table(f"{where}: records right by family", head, cells)


def _cell(row: FamilyRow, policy: str) -> str:
    return f"{row.right[policy]:.0%}" if policy in row.right else "-"
