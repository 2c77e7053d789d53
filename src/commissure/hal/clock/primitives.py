"""The primitives of a runtime, which each world provides: clock, tasks, cancellation, seeded randomness."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, TypeVarTuple, Unpack

from commissure.hal.clock.dice import Dice, dice

T = TypeVar("T")
Args = TypeVarTuple("Args")


class CancelScope(Protocol):
    """A `with` block that can be cancelled; every await in a cancelled scope raises at once."""

    @property
    def cancel_called(self) -> bool:
        """Whether this very scope was cancelled, by `cancel()` or by its deadline."""

    @property
    def cancelled_caught(self) -> bool:
        """Whether the scope has swallowed its own cancellation on exit."""

    def cancel(self) -> None:
        """Cancel what runs inside; idempotent."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...


class TaskGroup(Protocol):
    """Children that all end before the group does; one failure cancels the others."""

    @property
    def cancel_scope(self) -> CancelScope:
        """The scope that holds the body and the children."""

    def start_soon(
        self, fn: Callable[[Unpack[Args]], Coroutine[Any, Any, Any]], *args: *Args, name: object = None
    ) -> object:
        """Start `fn(*args)` as a child."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...


class Event(Protocol):
    """A flag that is set once and then stays set."""

    def set(self) -> None:
        """Set the flag and wake all that wait; idempotent."""

    def is_set(self) -> bool:
        """Whether the flag is set."""

    async def wait(self) -> None:
        """Return once the flag is set; a cancellation point even when it is."""


class Semaphore(Protocol):
    """A fixed number of places, granted in order of arrival."""

    async def acquire(self) -> None:
        """Take a place, waiting in turn."""

    def release(self) -> None:
        """Give a place back."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Primitives(ABC):
    """What a world provides. Times are in seconds since the run began."""

    world: str

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._rngs: dict[str, Dice] = {}

    @abstractmethod
    def run(self, fn: Callable[[Unpack[Args]], Coroutine[Any, Any, T]], *args: *Args) -> T:
        """Run `fn(*args)` to its end and return its value; whatever it raises passes through."""

    @abstractmethod
    def now(self) -> float:
        """Seconds since the run began."""

    @abstractmethod
    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait. Raises ValueError on a negative or NaN duration."""

    @abstractmethod
    def task_group(self) -> TaskGroup:
        """A new group, entered with `async with`."""

    @abstractmethod
    def scope(self, *, shield: bool = False) -> CancelScope:
        """A new cancel scope; `shield` keeps cancellation from outside away."""

    @abstractmethod
    def move_on_after(self, seconds: float, *, shield: bool = False) -> CancelScope:
        """A scope that is cancelled after `seconds` and swallows that cancellation."""

    @abstractmethod
    def deadline_s(self) -> float:
        """When the running task will be cancelled by the earliest deadline around it, on the clock of `now`.

        Infinite if there is none, -inf if it is cancelled already.
        """

    @abstractmethod
    def event(self) -> Event:
        """A new, unset event."""

    @abstractmethod
    def semaphore(self, places: int) -> Semaphore:
        """A new semaphore with `places` free places."""

    @contextmanager
    def fail_after(self, seconds: float) -> Iterator[CancelScope]:
        """Like `move_on_after`, but raises TimeoutError when the time is up."""
        deadline = self.now() + seconds
        with self.move_on_after(seconds) as scope:
            yield scope
        if scope.cancelled_caught and self.now() >= deadline:
            raise TimeoutError(f"not done within {seconds} s")

    def rng(self, name: str) -> Dice:
        """The random stream of the component `name`, derived from the run's seed alone."""
        return self._rngs.setdefault(name, dice(f"{self.seed}/{name}"))


def checked_delay(seconds: float) -> float:
    """The delay as a float. Raises ValueError if it is negative or not a number."""
    if not seconds >= 0:
        raise ValueError(f"a delay must be a number of seconds >= 0, not {seconds}")
    return float(seconds)
