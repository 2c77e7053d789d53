"""Legs on many cores: joblib's loky, whose processes end with the sweep, however it ends."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from commissure.hal.errors import CommissureError
from commissure.scenarios.sweep.leg import Ended, Job, run_job


def run_jobs(jobs: Sequence[Job], processes: int) -> Generator[Ended, None, None]:
    """Run all, and give each as it ends: in order where there is one process, in any order where there are more.

    Raises CommissureError if a process dies. Close it, if not all are taken: that ends the processes.
    """
    processes = min(processes, len(jobs))
    if processes <= 1:
        yield from map(run_job, jobs)
        return
    from joblib import Parallel, delayed

    with _interrupts_to_us_only():
        ended = Parallel(n_jobs=processes, return_as="generator_unordered")(delayed(run_job)(job) for job in jobs)
    try:
        # Not `yield from`, which would close it before its warning is silenced.
        for one in ended:  # noqa: UP028
            yield one
    except BrokenProcessPool as error:
        what = "a process that ran legs died, perhaps for want of memory; give fewer --jobs"
        raise CommissureError(what) from error
    finally:
        with warnings.catch_warnings():
            # That legs are thrown away is what closing early means.
            warnings.simplefilter("ignore")
            ended.close()
        _end_processes()


def _end_processes() -> None:
    """They would wait for more work, and hold their memory."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextmanager
def _interrupts_to_us_only() -> Iterator[None]:
    """Processes and threads that start within never see Ctrl-C, which a terminal sends to all; it waits for us."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
