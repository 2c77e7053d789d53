"""What modelled models say: what was recorded of the local ones, or their errors carried over to other records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from math import log

from commissure.hal.call import Call
from commissure.hal.clock.dice import dice
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice, Logprob
from commissure.policies.ensemble.leaves import canonical, length_path, path_of
from commissure.policies.ensemble.verifier import KIND
from commissure.scenarios.tool_calling.ensembles.answers import PILOTS, Asked, KeptSample, parse
from commissure.scenarios.tool_calling.ensembles.recorded import Line, Recorded, recorded
from commissure.scenarios.tool_calling.ensembles.wrong import wrong
from commissure.scenarios.tool_calling.records.record import Record

LEAST = 1e-6  # of a probability, so that it has a logarithm


class Said:
    """As the recorded models answered. A model without records is stood in for by `stand_in`'s answers.

    Greedy calls get the greedy answer, the others those that were drawn, in turn, so that eight candidates are the
    recorded eight; beyond those, any of them by the call's seed. A record that was not asked, or all under `modelled`,
    gets the errors of another record of its family, if there is one: which members are right, and which wrong ones
    agree.
    """

    def __init__(self, records: Sequence[Record], stand_in: str, *, modelled: bool = False) -> None:
        self._records = {record.id: record for record in records}
        self._stand_in = stand_in
        self._modelled = modelled
        recorded().of_model(stand_in)

    def at(self, profile: Profile) -> Speaker:
        """What the endpoint's model says."""
        found = recorded()
        model = profile.model if profile.model in found.models else self._stand_in
        return Speaker(self._records, found, model, modelled=self._modelled)


class Speaker:
    """One model."""

    def __init__(self, records: Mapping[str, Record], found: Recorded, model: str, *, modelled: bool) -> None:
        self._records = records
        self._found = found
        self._model = model
        self._modelled = modelled
        self._families = found.by_family(model)
        self._line = cache(self._chosen)
        self._answered: Counter[str] = Counter()

    def answer(self, call: Call) -> tuple[Choice, int]:
        """To a call whose agent is `<record> <phase>`."""
        name, _, phase = call.agent.rpartition(" ")
        record, (line, own) = self._records[name], self._line(name)
        if phase == KIND:
            return _verdict(call, line.candidates.samples), 1
        if call.temperature == 0:
            said, errors = line.greedy.samples[0], line.greedy_errors
        else:
            said, errors = self._drawn(call, line, pilots=line.pilots if own and phase == PILOTS else None)
        return _choice(call, said, said.text if own else with_errors(record, errors)), said.tokens

    def _drawn(self, call: Call, line: Line, pilots: Asked | None) -> tuple[KeptSample, dict[str, int]]:
        """The recorded answers in turn; beyond them, and for pilots that are carried over, any by the call's seed."""
        place = self._answered[call.agent]
        self._answered[call.agent] += 1
        if pilots is not None and place < len(pilots.samples):
            return pilots.samples[place], {}
        recorded = line.candidates.samples
        if call.agent.endswith(f" {PILOTS}") or place >= len(recorded):
            place = dice(f"{call.agent} {call.seed}").randrange(len(recorded))
        return recorded[place], line.errors[place]

    def _chosen(self, name: str) -> tuple[Line, bool]:
        """The recorded line that answers for a record, and whether it is its own."""
        own = self._found.lines.get((self._model, name))
        if own is not None and not self._modelled:
            return own, True
        family = self._records[name].family
        lines = self._families.get(family) or [one for those in self._families.values() for one in those]
        others = [line for line in lines if line.record != name] or lines
        return dice(f"{self._model} {name}").choice(others), False


def with_errors(record: Record, errors: Mapping[str, int]) -> str:
    """The record's right answer but for the members that are wrong: equal numbers give equal wrong values.

    Members are found by name; where the errors are of another family, by their place among the members.
    """
    answer = dict(record.truth)
    names, schemas = list(answer), record.asked.schema.get("properties", {})
    for place, (name, number) in enumerate(errors.items()):
        mine = name if name in answer else names[place % len(names)] if names else ""
        if mine:
            answer[mine] = wrong(answer[mine], number, record.asked.prompt.source, schemas.get(mine, {}))
    return json.dumps(answer, ensure_ascii=False)


def errors_of(record: Record, texts: Sequence[str]) -> list[dict[str, int]]:
    """Of each text the members that are wrong, numbered by their values in the order in which they were first said."""
    said: dict[str, list[str]] = {}
    found = []
    for text in texts:
        parsed, value = parse(text)
        fields = record.score(value if parsed else None).fields
        wrongs = {name for name in record.truth if not all(ok for path, ok in fields.items() if _within(path, name))}
        errors = {}
        for name in sorted(wrongs):
            key = canonical(value.get(name)) if isinstance(value, dict) else ""
            values = said.setdefault(name, [])
            if key not in values:
                values.append(key)
            errors[name] = values.index(key)
        found.append(errors)
    return found


def _within(path: str, name: str) -> bool:
    whole = path_of("", name)
    return path in (whole, length_path(whole)) or path.startswith(f"{whole}/")


def _verdict(call: Call, samples: Sequence[KeptSample]) -> Choice:
    """As the model was recorded to judge the answer in the last line but one; of another it says neither yes nor no."""
    asked = call.prompt.rsplit("\n", 2)[-2]
    said = asked[asked.index(": ") + 2 :]
    told = {canonical(parse(one.text)[1]): one.verdict for one in samples if one.verdict is not None}
    verdict = told.get(canonical(parse(said)[1]))
    if verdict is None:
        return Choice("", "length")
    yes = min(max(verdict, LEAST), 1 - LEAST)
    word = " yes" if yes >= 0.5 else " no"
    if call.logprobs is None:
        return Choice(word, "length")
    both = ((" yes", log(yes)), (" no", log(1 - yes)))
    return Choice(word, "length", logprobs=(Logprob(word, dict(both)[word], both),))


def _choice(call: Call, said: KeptSample, text: str) -> Choice:
    if call.logprobs is None or said.logprob is None:
        return Choice(text, "stop")
    each = said.logprob / max(1, said.tokens)
    return Choice(text, "stop", logprobs=(Logprob("", each),) * said.tokens)
