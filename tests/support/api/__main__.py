"""The server as a process of its own: python -m tests.support.api --flavour vllm --port-file F."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from pathlib import Path

from tests.support.api.faults import FAULTS
from tests.support.api.flavours import FLAVOURS
from tests.support.api.server import ApiServer


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.api", description=__doc__)
    parser.add_argument("--flavour", choices=FLAVOURS, required=True)
    parser.add_argument("--port-file", type=Path, required=True, help="written once the server listens")
    parser.add_argument("--words-per-s", type=float, help="default: no delay")
    parser.add_argument("--first-s", type=float, default=0.0)
    parser.add_argument("--key", default="")
    parser.add_argument("--model", action="append", default=[], help="a name for the list of models")
    parser.add_argument("--share", type=float, default=0.0, help="of the calls that suffer a fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], choices=FAULTS, help="default: all that end")
    parser.add_argument("--while-stdin-open", action="store_true", help="ends with its parent")
    return parser.parse_args()


async def serve(given: argparse.Namespace) -> None:
    """Until SIGTERM or SIGINT."""
    server = ApiServer(
        given.flavour,
        words_per_s=given.words_per_s,
        first_s=given.first_s,
        key=given.key,
        models=given.model or ("test-model",),
        keep=False,
    )
    if given.share:
        server.play_share(given.share, given.seed, *given.fault)
    else:
        server.play(*given.fault)
    listening = await server.start()
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if given.while_stdin_open:
        # The parent writes nothing: what can be read is the end.
        loop.add_reader(sys.stdin, stopped.set)
    partial = given.port_file.with_suffix(".partial")
    partial.write_text(str(server.port))
    partial.rename(given.port_file)
    gc.freeze()
    await stopped.wait()
    await server.stop(listening)
    if server.bugs:
        raise server.bugs[0]


asyncio.run(serve(arguments()))
