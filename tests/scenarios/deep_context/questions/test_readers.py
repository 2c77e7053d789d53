"""Files of labelled texts: every form gives the same texts; a bad file is said to be one, by line and form."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.questions.readers import read_labelled
from commissure.scenarios.deep_context.questions.texts import LabelledText
from commissure.scenarios.deep_context.questions.window import make_window
from tests.scenarios.deep_context.questions.worlds import DATA, trec

TEXTS = [LabelledText('say "so', "ham"), LabelledText("win || £ now", "spam"), LabelledText("café, at 10: ok", "ham")]
FORMS: dict[str, tuple[str, str]] = {
    "trec": (".txt", "ham:a say \"so\nspam:b win || £ now\nham:c café, at 10: ok\n"),
    "trec, from Windows": (".txt", "ham:a say \"so\r\n\r\nspam:b win || £ now\r\nham:c café, at 10: ok\r\n"),
    "tabs": (".label", "ham\tsay \"so\nspam\twin || £ now\nham\tcafé, at 10: ok"),
    "tsv": (".tsv", "ham\tsay \"so\nspam\twin || £ now\nham\tcafé, at 10: ok\n"),
    "tsv with names": (".tsv", "text\tlabel\nsay \"so\tham\nwin || £ now\tspam\ncafé, at 10: ok\tham\n"),
    "csv": (".csv", 'ham,"say ""so"\nspam,win || £ now\nham,"café, at 10: ok"\n'),
    "csv of class, title and text": (".csv", '"ham","say","""so"\n"spam","win ||","£ now"\n"ham","café, at","10: ok"'),
    "csv with names": (".csv", 'text,category\n"say ""so",ham\nwin || £ now,spam\n"café, at\n10: ok",ham\n'),
    "jsonl": (".jsonl", "\n".join(json.dumps({"label": one.label, "text": one.text}) for one in TEXTS)),
    "jsonl of inputs": (".jsonl", "\n".join(json.dumps({"input": one.text, "label": one.label}) for one in TEXTS)),
    "json by split": (".json", json.dumps({"train": [[one.text, one.label] for one in TEXTS[:2]],
                                           "test": [[one.text, one.label] for one in TEXTS[2:]]})),
    "json of objects": (".json", json.dumps([{"intent": one.label, "sentence": one.text} for one in TEXTS])),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_every_form_gives_the_texts(name: str, encoding: str, tmp_path: Path) -> None:
    suffix, content = FORMS[name]
    path = tmp_path / f"texts{suffix}"
    path.write_bytes(content.encode(encoding))
    assert set(read_labelled(path)) == set(TEXTS)


def test_numbered_lines_have_numbers_as_labels(tmp_path: Path) -> None:
    path = tmp_path / "subj.all"
    path.write_text("0 smart and alert , it goes\n1 a man leaves : he returns\n")
    assert [one.label for one in read_labelled(path)] == ["0", "1"]


# A file's name and content, and what is said of it.
BAD = [
    ("none.txt", None, "cannot be read: No such file"),
    ("empty.txt", b"", "0 texts with 0 labels; it needs 2 to 200 labels"),
    ("binary.txt", b"\x89PNG\0\1", "is binary, not text"),
    ("one.txt", b"A:b text\nA:c other", "2 texts with 1 labels"),
    ("many.tsv", b"".join(b"l%d\ttext\n" % n for n in range(201)), "0 texts with 0 labels"),
    ("many.csv", b"".join(b"l%d,text %d\n" % (n, n) for n in range(201)), "201 texts with 201 labels"),
    ("bad.txt", b"A:b text\nno label here\n", r"bad.txt:2: 'no label here' has no label; .*as TREC"),
    ("bare.txt", b"A:b text\nB:c\n", r"bare.txt:2: .* has no label"),
    ("bad.csv", b"a,b\nlonely\n", r"bad.csv:2: one column, not a label and a text: 'lonely'"),
    ("open.csv", b'a,b\nb,"never closed', r"open.csv:2: unexpected end of data"),
    ("long.csv", b"a,b\nb," + b"x" * 200_000, r"long.csv:2: field larger than field limit"),
    ("empty.tsv", b"a\tb\n\ttext\n", r"empty.tsv:2: the label is empty"),
    ("empty2.tsv", b"a\tb\nb\t \n", r"empty2.tsv:2: the text is empty"),
    ("bad.jsonl", b'{"label": "a", "text": "b"}\n{"label"', r"bad.jsonl:2: no JSON: "),
    ("short.jsonl", b'{"label": "a"}', r"short.jsonl:1: no JSON object with label and text"),
    ("deep.jsonl", b"[" * 100_000, r"deep.jsonl:1: no JSON"),
    ("list.json", b'["a", "b"]', r"list.json:1: no JSON object with label and text: 'a'"),
    ("none.json", b"null", r"none.json:1: no JSON object"),
    ("alike.tsv", b"Spam\ttext\nspam.\tother\n", r"label 'spam.' differs from 'Spam' by case or signs only"),
    ("signs.tsv", b"**\ttext\nspam\tother\n", r"label '\*\*' has signs only"),
    ("half.jsonl", b'{"label": "a", "text": "\\ud800"}', r"half.jsonl:1: half of a surrogate pair"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_a_bad_file_is_said_to_be_one(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_labelled(path)


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".json", ".jsonl"])
@given(content=st.one_of(st.binary(max_size=60), st.text('ab01:,\t\n\r"{}[] \x85', max_size=60).map(str.encode)))
@settings(max_examples=60, deadline=None)
def test_no_file_is_a_crash(suffix: str, content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        texts = read_labelled(path)
    except UsageError:
        return
    window = make_window(texts, 3000, 1)
    assert len(window.lines) == len(window.rows) == window.text.count("\n")


def test_a_text_with_two_labels_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "texts.tsv"
    path.write_text("a\tone\nb\tone\na\ttwo\nb\tthree\na\ttwo\n")
    assert read_labelled(path) == (LabelledText("two", "a"), LabelledText("three", "b"))


def test_the_public_texts_are_read() -> None:
    """5,452 lines of six labels, some of them the same."""
    texts = trec()
    assert len(texts) == len({one.text for one in texts}) == 5381
    assert sorted({one.label for one in texts}) == [
        "abbreviation", "description", "entity", "human", "location", "number",
    ]  # fmt: skip
    assert len(read_labelled(DATA / "trec_test.txt")) == 500
