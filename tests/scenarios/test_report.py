"""The report is one file that needs nothing else, and opens in a real browser."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commissure.console import print_tables
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import FLEETS, Fleet
from commissure.scenarios.compare import execute, make_plan
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.report import table_rows, write_report
from commissure.scenarios.runfolder import RunFolder, Summary, earlier_legs, read_summary
from commissure.scenarios.scenario import find_scenario


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    plan = make_plan(
        find_scenario("cache-loop"), Fleet.load(), ["sim"], ["lru", "topology"], 0, {"iterations": "3"},
        all_variants=True,
    )  # fmt: skip
    steps: list[str] = []
    made, _ = execute(plan, tmp_path_factory.mktemp("runs"), steps.append)
    assert len(steps) == plan.steps
    return made


def with_live(legs: tuple[LegSummary, ...]) -> list[LegSummary]:
    """The legs with a live twin each, 5 % slower than predicted."""
    both = []
    for leg in legs:
        live = {"world": "live", "time_s": 1.05 * leg.time_s, "predicted_time_s": leg.time_s}
        both += [leg, leg.model_copy(update=live)]
    return both


def test_it_is_self_contained(folder: RunFolder) -> None:
    page = folder.report.read_text()
    assert page.count("<svg") == 5
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    assert "<script" not in page
    assert "Misses by iteration" in page


def test_the_same_run_gives_the_same_page(folder: RunFolder) -> None:
    before = folder.report.read_bytes()
    folder.rebuild()
    assert folder.report.read_bytes() == before


def test_rows_compare_with_the_first_policy_and_the_prediction(folder: RunFolder) -> None:
    legs = with_live(read_summary(folder.path).legs[:2])
    lru, topology = table_rows(legs)
    assert (lru.saving, lru.same) == (0.0, True)
    assert topology.error == pytest.approx(1 / 1.05 - 1)
    assert topology.saving == pytest.approx(1 - legs[-1].time_s / legs[1].time_s)


def test_a_run_that_did_not_end_says_so(folder: RunFolder, tmp_path: Path) -> None:
    write_report(tmp_path / "r.html", read_summary(folder.path).legs, None, complete=False)
    assert "did not end" in (tmp_path / "r.html").read_text()
    write_report(tmp_path / "none.html", [], None, complete=False)
    assert "did not end" in (tmp_path / "none.html").read_text()


def test_earlier_legs_pass_over_what_is_not_a_run(folder: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "good")
    for name, text in (("broken", "{"), ("other", '{"legs": 3}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(text)
        with pytest.raises(UsageError, match=r"summary\.json"):
            read_summary(tmp_path / name)
    assert len(earlier_legs(tmp_path)) == 4
    assert {leg["run_dir"] for leg in earlier_legs(tmp_path)} == {str(tmp_path / "good")}


def test_disturbed_legs_and_runs_that_did_not_end_are_no_evidence(folder: RunFolder, tmp_path: Path) -> None:
    legs = with_live(read_summary(folder.path).legs[:2])
    legs[3] = legs[3].model_copy(update={"time_s": 3 * legs[3].time_s})
    assert [row.disturbed for row in table_rows(legs)] == [False, True]
    write_report(tmp_path / "r.html", legs, None, complete=True)
    assert "topology (disturbed)" in (tmp_path / "r.html").read_text()
    for name, complete in (("ended", True), ("killed", False)):
        (tmp_path / name).mkdir()
        summary = Summary(complete=complete, legs=tuple(legs))
        (tmp_path / name / "summary.json").write_text(summary.model_dump_json())
    assert [(leg["world"], leg["policy"]) for leg in earlier_legs(tmp_path)] == [
        ("sim", "lru"), ("live", "lru"), ("sim", "topology"),
    ]  # fmt: skip


def test_next_to_no_saving_has_no_sign(folder: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lru, topology, *_ = read_summary(folder.path).legs
    legs = [lru, topology.model_copy(update={"time_s": 1.001 * lru.time_s})]
    write_report(tmp_path / "report.html", legs, None, complete=True)
    print_tables(legs, tmp_path)
    page, table = (tmp_path / "report.html").read_text(), capsys.readouterr().out
    assert page.count("<td>0 %</td>") == 4
    assert not re.search(r"-0 ?%", page + table)


def test_many_runs_may_start_in_one_second(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: RunFolder.create(tmp_path, "s", 0, {}).path, range(40)))
    assert len(set(made)) == 40


def test_a_fleet_with_its_own_price_runs(tmp_path: Path) -> None:
    text = (FLEETS / "local.toml").read_text()
    price = "price = { input_usd_per_mtok = 2.0, output_usd_per_mtok = 4.0, as_of = 2026-01-01 }"
    (tmp_path / "fleet.toml").write_text(f"{text}{price}\n")
    plan = make_plan(
        find_scenario("cache-loop"), Fleet.load(tmp_path / "fleet.toml"), ["sim"], ["lru"], 0, {"iterations": "1"},
        all_variants=False,
    )  # fmt: skip
    _, (leg,) = execute(plan, tmp_path)
    computed = leg.measures["prompt_tokens"]
    assert leg.cost_usd == pytest.approx(1e-6 * (2 * computed + 4 * 6 * 8))


def test_a_failure_names_where_the_finished_legs_are(tmp_path: Path) -> None:
    plan = make_plan(
        find_scenario("cache-loop"), Fleet.load(), ["sim"], ["lru", "mru"], 0, {"iterations": "2"}, all_variants=False
    )
    seen: list[str] = []

    def stop(what: str) -> None:
        seen.append(what)
        if what.startswith("sim/mru"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        execute(plan, tmp_path, stop)
    assert "1 legs ended: commissure report" in caught.value.__notes__[0]
    (folder,) = tmp_path.iterdir()
    assert [leg.policy for leg in read_summary(folder).legs] == ["lru"]
    assert not read_summary(folder).complete


def test_measures_that_are_not_a_reports_are_explained(folder: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "odd")
    summary = read_summary(folder.path)
    legs = tuple(leg.model_copy(update={"measures": {}}) for leg in summary.legs)
    (tmp_path / "odd" / "summary.json").write_text(Summary(complete=True, legs=legs).model_dump_json())
    with pytest.raises(UsageError, match="lacks what the report shows"):
        RunFolder(tmp_path / "odd").rebuild()


@pytest.mark.parametrize("problem", [KeyError("a"), IndexError("b"), StopIteration(), TypeError("c"), ValueError("d")])
def test_whatever_a_summary_lacks_names_its_file(tmp_path: Path, problem: Exception) -> None:
    with (
        pytest.raises(UsageError, match=rf"summary\.json: lacks.*{type(problem).__name__}"),
        RunFolder(tmp_path).shown(),
    ):
        raise problem


@pytest.mark.browser
def test_it_opens_in_a_browser(folder: RunFolder, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    write_report(tmp_path / "both.html", with_live(read_summary(folder.path).legs), None, complete=True)
    problems: list[str] = []
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("request", lambda request: problems.append(request.url) if "both.html" not in request.url else None)
        page.goto((tmp_path / "both.html").as_uri())
        assert page.title() == "cache-loop · Commissure"
        assert page.locator("table tr").count() == 2 * 3
        boxes = [figure.bounding_box() for figure in page.locator("svg").all() if figure.is_visible()]
        page.screenshot(path=tmp_path / "report.png", full_page=True)
        browser.close()
    assert problems == []
    assert len(boxes) == 7
    assert all(box and box["width"] > 300 and box["height"] > 80 for box in boxes)
