"""Write docs/foretold.svg from recorded runs: python docs/foretold.py TITLE RUN.jsonl RUN.meta.json [TITLE ...]"""

import io
import sys
from pathlib import Path

import matplotlib
import numpy as np

from commissure.sim.fit.fit import fit_run
from commissure.sim.fit.recorded import read_run

matplotlib.use("svg")
from matplotlib import pyplot as plt

FIRST = 60
runs = [sys.argv[number : number + 3] for number in range(1, len(sys.argv), 3)]
plt.rcParams |= {"svg.hashsalt": "commissure", "svg.fonttype": "none", "font.size": 9}
figure, axes = plt.subplots(1, len(runs), figsize=(4.2 * len(runs), 3.6), squeeze=False)
for (title, requests, meta), axis in zip(runs, axes[0], strict=True):
    run = read_run(Path(requests), Path(meta))
    found = fit_run(run, FIRST)
    for measured, predicted, name, colour in (
        (run.ttft_s, found.predicted[0], "first token", "#e69f00"),
        (run.e2e_s, found.predicted[2], "last token", "#0072b2"),
    ):
        error = predicted[FIRST:].mean() / measured[FIRST:].mean() - 1
        axis.plot(measured[FIRST:], predicted[FIRST:], ".", ms=3.5, color=colour, label=f"{name}, mean {error:+.1%}")
    longest = np.ceil(run.e2e_s.max() / 10) * 10
    axis.plot([0, longest], [0, longest], color="#999999", lw=0.8, zorder=0)
    axis.set(title=title, xlabel="measured, s", ylabel="foretold, s", xlim=(0, longest), ylim=(0, longest))
    axis.legend(frameon=False, loc="upper left")
    axis.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
text = io.StringIO()
figure.savefig(text, format="svg", metadata={"Date": None})
svg = text.getvalue().replace("<svg ", '<svg style="background: white" ', 1)
(Path(__file__).parent / "foretold.svg").write_text(svg, encoding="utf-8")
