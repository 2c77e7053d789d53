"""Writes README's figure and figures of scores by length, modelled beside published: python docs/deep_context.py"""

import json
from pathlib import Path

import numpy as np

import commissure as cm
from commissure.scenarios.deep_context.oolong import SCENARIO
from commissure.scenarios.deep_context.recursing.settings import Settings
from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import run_leg
from commissure.theory.context.curve import fit_of
from commissure.theory.context.published import find
from commissure.theory.intervals import mean_interval

LENGTHS = (8192, 16384, 32768, 65536, 131072, 262144)
FAMILIES = {"linear": "counting,user,timeline", "quadratic": "pairs", "constant": "needle"}
QUESTIONS = {"linear": 25, "quadratic": 10, "constant": 10}
SEEDS = 3
HERE = Path(__file__).parent
GPT = "one:all=gpt"
MIXED = "by_depth:0=gpt,1=oss-cerebras"


def scores(demand: str, tokens: int, policy: str, delegation: str) -> list[float]:
    """Of all questions of all seeds."""
    fleet = cm.Fleet.load("deep-context")
    settings = Settings(
        tokens=tokens, questions=QUESTIONS[demand], families=FAMILIES[demand], delegation=delegation, chunk_tokens=8000,
        hidden_tokens=0,
    )  # fmt: skip
    runs = [run_leg(SCENARIO, settings, fleet, policy, "sim", seed) for seed in range(SEEDS)]
    return [100 * one["score"] for run in runs for one in run.result["oolong"]["results"]]


found: dict[str, dict[str, object]] = {}
figure, axes = new_axes(7.5, 3.6)
for demand in FAMILIES:
    ways = {
        "one call": ("direct", GPT), "fixed plan": ("fixed_plan", GPT), "code": ("free_code", GPT),
        "code, leaves on Cerebras": ("free_code", MIXED),
    }  # fmt: skip
    rows: dict[str, object] = {}
    for number, (name, (policy, delegation)) in enumerate(ways.items()):
        means = []
        for tokens in LENGTHS:
            interval = mean_interval(scores(demand, tokens, policy, delegation), seed=0)
            means.append([round(one, 1) for one in (interval.mean, interval.low, interval.high)])
        rows[name] = means
        if demand == "linear":
            middle, low, high = np.array(means).T
            axes.errorbar(
                LENGTHS, middle, yerr=[middle - low, high - middle], color=COLOURS[number], label=f"{name}, modelled",
                capsize=2,
            )  # fmt: skip
    for recursion, name, marker in ((False, "one call", "o"), (True, "recursion", "s")):
        series = find("gpt-5", demand, "rlm", recursion=recursion)
        if series is not None:
            rows[f"{name}, published"] = {str(length): score for length, score in series.scores.items()}
        if series is not None and demand == "linear":
            axes.plot(list(series.scores), list(series.scores.values()), marker, mfc="none", color="#555555",
                      label=f"{name}, published for GPT-5 (read off a plot)")  # fmt: skip
    fit = fit_of("gpt-5", demand, "rlm")
    if fit is not None:
        rows["curve of one call"] = {"error": fit.error, "error at points left out": fit.left_out_error}
    found[demand] = rows
axes.set_xscale("log", base=2)
axes.set_xlabel("tokens of the window")
axes.set_ylabel("score")
axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
(HERE / "deep-context.svg").write_text(svg(figure), encoding="utf-8")
(HERE / "deep-context.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
