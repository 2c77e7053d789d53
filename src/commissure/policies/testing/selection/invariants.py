"""What must hold of any selector, one function each; a user calls them on his own, with `strategies.polls`.

Each takes what `custom.selector.maker_of` takes and a poll. It raises Broken where it does not hold, and Abstained
where the selector says nothing, as it may, so that there is nothing to judge.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from commissure.hal.clock.dice import dice
from commissure.policies.custom.selector import MakeSelector
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import Question, Sample
from commissure.policies.testing.broken import Broken, Raised, shown
from commissure.policies.testing.promise import Promise
from commissure.policies.testing.selection.ask import Abstained, answer, ask, asked, fresh, same, same_value, told
from commissure.policies.testing.selection.poll import Poll, key, salted

# So often is a selector asked and built once more: one that rolls dice may agree with itself a few times.
ASKED_AGAIN, BUILT_ANEW, SHUFFLES = 2, 4, 3


def answers(make: MakeSelector, poll: Poll) -> None:
    """It gives a Decision with a value of JSON, whatever the candidates are, without an exception."""
    ask(fresh(make), poll)


def confidence_is_a_share(make: MakeSelector, poll: Poll) -> None:
    """Its confidence is a number from 0 to 1."""
    sure: Any = ask(fresh(make), poll).confidence
    if isinstance(sure, bool) or not isinstance(sure, int | float) or not math.isfinite(sure) or not 0 <= sure <= 1:
        raise Broken(f"its confidence is {shown(sure)}")


def index_says_the_value(make: MakeSelector, poll: Poll) -> None:
    """Its index is None, or the first of the candidates that says just its value."""
    decision = answer(fresh(make), poll)
    place: Any = decision.index
    if place is None:
        return
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(poll.candidates):
        raise Broken(f"its index is {shown(place)}, of {len(poll.candidates)} candidates")
    said = canonical(decision.value)
    if not poll.candidates[place].parsed or key(poll.candidates[place].text) != said:
        raise Broken(f"candidate {place} does not say {shown(decision.value)}")
    first = next(number for number, one in enumerate(poll.candidates) if one.parsed and key(one.text) == said)
    if first != place:
        raise Broken(f"its index is {place}, but candidate {first} says that value first")


def nothing_parsed_is_no_answer(make: MakeSelector, poll: Poll) -> None:
    """Where nothing parses there is no answer; and no answer has no value, no index and no confidence."""
    decision = ask(fresh(make), poll)
    if decision.answered and not poll.parsed():
        raise Broken(f"it answers {told(decision)}, but nothing parses: give NO_DECISION")
    if not decision.answered and (decision.value, decision.index, decision.confidence) != (None, None, 0):
        raise Broken(f"it does not answer, but gives {shown(decision)}: give NO_DECISION")


def says_what_all_say(make: MakeSelector, poll: Poll) -> None:
    """Where all that parse say the same, it says that."""
    if not poll.parsed():
        raise Abstained("nobody says anything")
    text = poll.parsed()[0].text
    alike = replace(poll, candidates=tuple(replace(one, text=text) if one.parsed else one for one in poll.candidates))
    decision = answer(fresh(make), alike)
    if canonical(decision.value) != key(text):
        raise Broken(f"all say {shown(json.loads(text))}, but it says {told(decision)}")


def unparsed_have_no_vote(make: MakeSelector, poll: Poll) -> None:
    """It says the same without the candidates that do not parse."""
    whole, less = answer(fresh(make), poll), answer(fresh(make), replace(poll, candidates=poll.parsed()))
    if not same_value(whole, less):
        raise Broken(f"it says {told(whole)}, and without what does not parse {told(less)}")


def is_pure(make: MakeSelector, poll: Poll) -> None:
    """Asked again it says the same, and it changes neither the candidates nor the question."""
    selector, candidates, question = fresh(make), poll.samples(), poll.question()
    before = _written(candidates, question)
    decision = asked(selector, candidates, question)
    for _ in range(ASKED_AGAIN):
        for one, other in zip(before, _written(candidates, question), strict=False):
            if one != other:
                raise Broken(f"select has changed {one} to {other}")
        if len(candidates) != len(poll.candidates):
            raise Broken(f"select has left {len(candidates)} of {len(poll.candidates)} candidates")
        again = asked(selector, candidates, question)
        if not same(decision, again):
            raise Broken(f"it says {told(decision)}, and asked again {told(again)}")


def questions_are_apart(make: MakeSelector, poll: Poll) -> None:
    """What it was asked before does not matter: it says what a new one says."""
    alone = ask(fresh(make), poll)
    for before, what in _others(poll):
        selector = fresh(make)
        candidates = before.samples()
        asked(selector, candidates, before.question())
        candidates[:] = poll.samples()  # the same list, as of one who keeps adding to it
        after = asked(selector, candidates, poll.question())
        if not same(alone, after):
            raise Broken(f"it says {told(alone)}, but after {what} {told(after)}")


def is_deterministic(make: MakeSelector, poll: Poll) -> None:
    """Built anew it says the same, also where texts hash differently, as in another process."""
    first = ask(fresh(make), poll)
    for _ in range(BUILT_ANEW):
        anew = ask(fresh(make), poll)
        if not same(first, anew):
            raise Broken(f"it says {told(first)}, and built anew {told(anew)}")
    one, other = (asked(fresh(make), salted(poll.samples(), salt), poll.question()) for salt in (1, 2))
    if not same(one, other):
        raise Broken(f"it says {told(one)}, and where texts hash differently, as in another process, {told(other)}")


def order_does_not_matter(make: MakeSelector, poll: Poll) -> None:
    """It says the same whatever the order of the candidates; declined by `ordered = True`."""
    first = ask(fresh(make), poll)
    for order in _orders(len(poll.candidates)):
        other = ask(fresh(make), replace(poll, candidates=tuple(poll.candidates[place] for place in order)))
        if not same_value(first, other):
            raise Broken(f"it says {told(first)}, and in the order {', '.join(map(str, order))} {told(other)}")


def _others(poll: Poll) -> Iterator[tuple[Poll, str]]:
    for one in poll.parsed()[:1] + poll.parsed()[-1:]:
        alike = tuple(replace(other, text=one.text) if other.parsed else other for other in poll.candidates)
        yield replace(poll, candidates=alike), f"a poll in which all said {shown(json.loads(one.text))}"
    turned = Poll(f"Not: {poll.source}", "{}", poll.candidates[::-1])
    yield turned, "a poll on another source with the same candidates, the last first"


def _orders(count: int) -> Iterator[Sequence[int]]:
    places = list(range(count))
    yield places[::-1]
    yield places[1:] + places[:1]
    for number in range(SHUFFLES):
        shuffled = places[:]
        dice(f"order/{number}").shuffle(shuffled)
        yield shuffled


def _written(candidates: Sequence[Sample], question: Question) -> list[str]:
    """All that a selector is given, as it stands."""
    said = [f"candidate {place}, {_json(one.value)}, {astuple(replace(one, value=None))}"
            for place, one in enumerate(candidates)]  # fmt: skip
    return [f"the question, {question.source!r}, {_json(question.schema)}", *said]


def _json(value: Any) -> str:
    try:
        return json.dumps(value, default=repr)
    except (ValueError, TypeError, RecursionError):  # it has been made to hold itself, say
        return shown(value)


@dataclass(frozen=True, slots=True)
class SelectorInvariant(Promise[MakeSelector, Poll]):
    """What a selector has to keep; one that has the attribute `declined_by` set does not promise it."""

    declined_by: str = ""


SELECTOR_INVARIANTS = (
    SelectorInvariant(answers, (Raised,)),
    SelectorInvariant(confidence_is_a_share),
    SelectorInvariant(index_says_the_value),
    SelectorInvariant(nothing_parsed_is_no_answer),
    SelectorInvariant(says_what_all_say),
    SelectorInvariant(unparsed_have_no_vote),
    SelectorInvariant(is_pure),
    SelectorInvariant(questions_are_apart),
    SelectorInvariant(is_deterministic),
    SelectorInvariant(order_does_not_matter, declined_by="ordered"),
)
