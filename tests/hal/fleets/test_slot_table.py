"""Slots and disk by an evictor's priorities: what moves, and what never does."""

from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.hal.fleets.slot_table import Placement, SlotTable


class Named(Evictor):
    """`a` is wanted least, `z` most."""

    def priority(self, entry: Resident, now: Moment) -> str:
        return entry.agent


class Lru(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        return entry.last_used


def use(table: SlotTable, agents: str) -> list[Placement]:
    return [table.use(agent, 1.0, Moment(step, agent)) for step, agent in enumerate(agents)]


def test_what_leaves_is_written_once_and_read_back() -> None:
    table = SlotTable(Lru(), 2, disk_slots=2)
    first, second, third, again, last = use(table, "abcab")
    assert (first.slot, second.slot) == (0, 1)
    assert third == Placement(0, "a", saves=True)
    assert again == Placement(1, "b", saves=True, restores=True)
    assert last == Placement(0, "c", saves=True, restores=True)  # in place of a, which is in a slot
    assert set(table.disk) == {"b", "c"}


def test_a_full_disk_keeps_what_is_wanted_more() -> None:
    table = SlotTable(Named(), 1, disk_slots=1)
    placements = use(table, "bcad")
    assert [one.saves for one in placements] == [False, True, True, False]
    assert set(table.disk) == {"c"}


def test_what_the_disk_lost_is_computed() -> None:
    table = SlotTable(Lru(), 1, disk_slots=1)
    use(table, "ab")
    table.lost("a")
    assert not table.use("a", 1.0, Moment(2, "a")).restores


def test_a_fetch_displaces_only_what_is_wanted_less() -> None:
    table = SlotTable(Named(), 2)
    use(table, "zay")  # a has left, the others stay
    assert table.fetch("a", Moment(3, "y")) is None
    table = SlotTable(Named(), 2)
    use(table, "azb")
    now = Moment(3, "b")
    table.running["b"] += 1
    assert table.fetch("a", now) is None  # b runs, and z is wanted more
    table.running["b"] -= 1
    use(table, "c")
    assert table.fetch("b", now) is None
    use(table, "y")
    assert set(table.residents) == {"z", "y"}


def test_a_fetched_prefix_is_known_as_such_once() -> None:
    table = SlotTable(Lru(), 2)
    use(table, "abc")
    table.residents["b"] = table.residents["b"].__class__("b", 1, 0, -1, 1, "b")
    placement = table.fetch("a", Moment(3, "c"))
    assert placement == Placement(1, "b")
    assert table.use("a", 1.0, Moment(4, "a")).fetched
    assert not table.use("a", 1.0, Moment(5, "a")).fetched


moves = st.lists(
    st.tuples(st.sampled_from(["use", "use", "fetch", "start", "stop", "lost"]), st.sampled_from("abcdefg"))
)


@given(moves=moves, slots=st.integers(1, 4), disk_slots=st.integers(0, 3), named=st.booleans())
def test_never_over_full_and_never_a_running_one(
    moves: list[tuple[str, str]], slots: int, disk_slots: int, named: bool
) -> None:
    table = SlotTable(Named() if named else Lru(), slots, disk_slots)
    held: dict[int, str] = {}
    for step, (what, agent) in enumerate(moves):
        now = Moment(step, agent)
        busy = {one for one in table.residents if table.running[one]}
        if what == "lost":
            table.lost(agent)
        elif what == "stop":
            table.running[agent] = 0
        elif what == "start":
            if agent in table.residents and len(busy) < slots - 1:
                table.running[agent] = 1
        elif (what == "use" or agent in table.absent) and (agent in table.residents or len(busy) < slots):
            before = dict(table.residents)
            on_disk = set(table.disk)
            placement = table.use(agent, 1.0, now) if what == "use" else table.fetch(agent, now)
            if placement is None:
                assert table.residents == before
                continue
            assert placement.evicted not in busy
            assert placement.restores <= (agent in on_disk)
            assert placement.saves <= (placement.evicted not in on_disk)
            if agent not in before:
                assert held.get(placement.slot, "") in ("", placement.evicted)
            held[placement.slot] = agent
        assert {entry.slot: name for name, entry in table.residents.items()} == held
        assert len(held) <= slots
        assert len(table.disk) <= disk_slots
        assert not table.absent.keys() & table.residents.keys()
