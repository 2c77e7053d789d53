"""Write docs/cache-loop.svg from a run folder: python docs/cache_loop.py runs/cache-loop-..."""

import sys
from pathlib import Path

from commissure.scenarios.cache_intensive.figures import misses_figure
from commissure.scenarios.report import by_variant
from commissure.scenarios.runfolder import read_summary

_, legs = by_variant(read_summary(Path(sys.argv[1])).legs)[0]
svg = misses_figure(legs).replace("<svg ", '<svg style="background: white" ', 1)
(Path(__file__).parent / "cache-loop.svg").write_text(svg, encoding="utf-8")
