"""Labelled short texts of our own: questions of six kinds, from templates whose wording crosses the kinds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from commissure.hal.clock.dice import dice


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text and its label."""

    text: str
    label: str


# Openings cross the labels: "what is" comes with all six, "name the", "which", "how" and "in" with several.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "abbreviation": (
        "What is meant by the letters {code} on a {thing} ?",
        "Which words does {code} stand for in {field} ?",
        "How is {field} work group {code} written out in full ?",
        "In {field} , what is {code} short for ?",
        "Name the full form of {code} as {maker} uses it .",
    ),
    "entity": (
        "What kind of {thing} is used most in {field} ?",
        "Which {thing} did {maker} first sell in {place} ?",
        "Name the {thing} that {maker} no longer makes .",
        "In {field} , which animal is linked with a {thing} ?",
        "What is the colour of the {thing} that {maker} gives away ?",
    ),
    "description": (
        "How does a {thing} work when it gets wet ?",
        "What is the reason that {maker} left {field} ?",
        "In {place} , why do people paint a {thing} blue ?",
        "What happens to a {thing} that is left in the sun ?",
        "How would you describe {field} to a child from {place} ?",
    ),
    "human": (
        "Who repaired the first {thing} in {place} ?",
        "Which woman founded {maker} after leaving {field} ?",
        "Name the teacher from {place} who taught {field} .",
        "What is the name of the scientist who changed {field} with a {thing} ?",
        "In {place} , whose voice advertises the {thing} of {maker} ?",
    ),
    "location": (
        "Where was the oldest {thing} of {maker} found ?",
        "Which town near {place} is known for {field} ?",
        "What is the country that sends most students of {field} to {place} ?",
        "In what region does {maker} keep its {thing} ?",
        "Name the street in {place} where {maker} began .",
    ),
    "number": (
        "How many parts does a {thing} by {maker} have ?",
        "What is the year in which {field} reached {place} ?",
        "In {place} , how much does a {thing} cost ?",
        "Which percentage of {field} graduates work for {maker} ?",
        "How long is the {thing} that stands in {place} ?",
    ),
}  # fmt: skip
FILLERS: dict[str, tuple[str, ...]] = {
    "code": ("ABK", "TRN", "QMS", "LDP", "VXF", "HBO", "NCR", "PST", "WGE", "KLM", "DSI", "FRT", "OGB", "JUV"),
    "thing": (
        "kettle", "compass", "lantern", "bicycle", "violin", "ladder", "sundial", "typewriter", "umbrella", "anchor",
        "loom", "telescope", "barometer", "sledge", "printing press", "harmonica",
    ),
    "field": (
        "botany", "weaving", "navigation", "beekeeping", "astronomy", "pottery", "forestry", "geology", "law",
        "bookbinding", "medicine", "chess", "shipbuilding", "music",
    ),
    "maker": (
        "Harrow and Sons", "the Ostrava works", "Bellweather", "Nordlys", "the Quill company", "Tamarind Press",
        "Ferrant Brothers", "Kestrel Mills", "the Alder guild", "Pomeroy", "Lindqvist", "the Saltmarsh co-operative",
    ),
    "place": (
        "Trieste", "Oban", "Valdivia", "Kyoto", "Tartu", "Mombasa", "Galway", "Cusco", "Bergen", "Aleppo", "Hobart",
        "Ghent", "Quebec", "Samarkand",
    ),
}  # fmt: skip


def templated(seed: int, each: int = 1000) -> tuple[LabelledText, ...]:
    """At most `each` distinct texts of every label, drawn by the seed."""
    found: list[LabelledText] = []
    for label, templates in TEMPLATES.items():
        texts = [text for template in templates for text in _filled(template)]
        roll = dice(f"{seed} templated {label}")
        found += [LabelledText(text, label) for text in roll.sample(texts, min(each, len(texts)))]
    return tuple(found)


def _filled(template: str) -> list[str]:
    names = [name for name in FILLERS if f"{{{name}}}" in template]
    return [
        template.format(**dict(zip(names, words, strict=True))) for words in product(*(FILLERS[name] for name in names))
    ]
