"""Fleet files and profiles: what is wrong is named by file, line, field and what is allowed."""

import re
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet, fleet_names
from commissure.hal.profiles.chip import chips
from commissure.hal.profiles.profile import load_profile, profile_names
from commissure.hal.profiles.profile_toml import profile_toml
from commissure.hal.reply import Usage
from commissure.hal.tomlfile import field_lines

GOOD = """# a comment
[[endpoints]]
name = "a"
provider = "null"
model = "none"
chip = "cpu"

[[endpoints]]
name = "b"
provider = "null"
model = "none"
chip = "cpu"
slots = 3
"""

PROFILE = """model = "m"
chip = "cpu"
provider = "null"

[price]
input_usd_per_mtok = { value = 2.0, source = "test", as_of = 2026-01-01 }
output_usd_per_mtok = { value = 10.0, source = "test", as_of = 2026-01-01 }
cached_usd_per_mtok = { value = 0.5, source = "test", as_of = 2026-01-01 }
"""


def fleet_error(tmp_path: Path, text: str) -> str:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        Fleet.load(path)
    return str(caught.value)


@pytest.mark.parametrize("name", fleet_names())
def test_the_fleets_of_the_package_load(name: str) -> None:
    assert Fleet.load(name).specs


def test_every_chip_of_the_design_is_known() -> None:
    expected = {"cerebras-wse3", "sambanova-sn40l", "aws-trainium2", "aws-inferentia2", "nvidia-h100", "cpu"}
    assert expected <= set(chips())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('chip = "cpu"\nslots', 'chip = "cpuu"\nslots', "12: endpoints.1.chip: .*unknown chip 'cpuu'.*'cpu'.*nvidia"),
        ('provider = "null"\nmodel = "none"\nchip = "cpu"\n\n', 'provider = "nul"\n', "4: .*unknown provider.*'null'"),
        ("slots = 3", "slots = 0", "13: endpoints.1.slots: .*greater than or equal to 1 .given: 0."),
        ("slots = 3", "slotz = 3", "13: endpoints.1.slotz: Extra inputs"),
        ('model = "none"\nchip = "cpu"\nslots', 'chip = "cpu"\nslots', "8: endpoints.1.model: Field required"),
        ('name = "b"', 'name = "a"', "two endpoints have the name 'a'"),
        (
            "slots = 3",
            "price = {input_usd_per_mtok = -1, output_usd_per_mtok = 2, as_of = 2026-01-01}",
            r"13: endpoints.1.price.input_usd_per_mtok: .*greater than or equal to 0 .given: -1.",
        ),
        ("slots = 3", "price = {input_usd_per_mtok = 1}", "13: endpoints.1.price.output_usd_per_mtok: Field required"),
        ("slots = 3", 'base_url = "http://[::1"', "13: endpoints.1.base_url: .*give http://HOST:PORT"),
        ("slots = 3", 'base_url = "http://u:secret@h"', "13: endpoints.1.base_url: .*no user, password"),
        ("slots = 3", 'base_url = ""', "13: endpoints.1.base_url: "),
        ("slots = 3", 'base_url = "http://h:99999"', "13: endpoints.1.base_url: "),
        ("slots = 3", f"slots = {10**30}", "13: endpoints.1.slots: "),
        ('name = "b"', 'name = "\\u001b[31m"', "9: endpoints.1.name: "),
        (GOOD, "a = " + "[" * 3000, "cannot be read as TOML|not valid TOML"),
        (GOOD, "endpoints = []", "1: endpoints: .*at least 1"),
        (GOOD, "", "1: endpoints: Field required"),
        ("[[endpoints]]", "[[endpoints", "not valid TOML"),
        ('model = "none"\nchip = "cpu"\nslots = 3', 'model = "x"\nchip = "cpu"', "endpoint 'b': unknown profile"),
    ],
)
def test_a_bad_fleet_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    found = fleet_error(tmp_path, GOOD.replace(old, new))
    assert re.search(message, found, re.DOTALL), found
    assert "fleet.toml" in found
    assert "at least 1" not in found or "endpoints = []" in new


def test_absent_files_and_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Fleet.load(tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"unknown fleet 'locl'\. Did you mean 'local'\?"):
        Fleet.load("locl")
    with pytest.raises(UsageError, match="cannot be read"):
        Fleet.load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(UsageError, match="cannot be read"):
        Fleet.load(tmp_path / "latin.toml")


def test_a_profile_beside_the_fleet_file_with_a_negative_price(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(PROFILE.replace("value = 10.0", "value = -10.0"))
    text = GOOD.replace("slots = 3", 'profile = "mine.toml"')
    found = fleet_error(tmp_path, text)
    assert "mine.toml:7: price.output_usd_per_mtok.value" in found
    assert "greater than or equal to 0 (given: -10.0)" in found


def test_prices_count_cached_tokens_apart(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(PROFILE)
    profile = load_profile("mine.toml", tmp_path)
    assert profile.price_usd(Usage(1_000_000, 400_000, 100_000)) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 10)


@pytest.mark.parametrize("name", profile_names())
def test_profiles_of_the_package_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    profile = load_profile(name)
    (tmp_path / "copy.toml").write_text(profile_toml(profile))
    assert load_profile("copy.toml", tmp_path) == profile


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("token_s", 1e9, "beyond 3600"), ("reply_header_tokens", 1e12, "beyond 10000")],
)
def test_implausible_profiles_are_refused(name: str, value: float, message: str, tmp_path: Path) -> None:
    text = profile_toml(load_profile("llama_cpp-smollm2-135m-cpu"))
    changed = re.sub(rf"^{name} = {{ value = [^,]+", f"{name} = {{ value = {value}", text, flags=re.MULTILINE)
    (tmp_path / "p.toml").write_text(changed)
    with pytest.raises(UsageError, match=message):
        load_profile("p.toml", tmp_path)


def test_lines_of_nested_tables() -> None:
    text = 'a = 1\n[[e]]\nx = 1\n[e.sub]\ny = 1\n[[e]]\n"x" = 2\n[t.u]\nv.w = 3\n'
    assert field_lines(text) == {
        ("a",): 1, ("e", 0): 2, ("e", 0, "x"): 3, ("e", 0, "sub"): 4, ("e", 0, "sub", "y"): 5,
        ("e", 1): 6, ("e", 1, "x"): 7, ("t", "u"): 8, ("t", "u", "v", "w"): 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('timeout_s = "KEY"', "timeout_s"),
        ('options = "KEY"', "options"),
        ('options = { api_key = "KEY" }', "never in a fleet file"),
        ('capabilities = { stop = "KEY" }', "capabilities.stop"),
        ('resilience = { "KEY" = 1 }', "resilience.sk-a..."),
        ('"KEY" = 5', "endpoints.0.sk-a..."),
        ('chip = "KEY"', "unknown chip 'sk-a...'"),
        ("capabilities = { stop = -4 }", "stop is a number from 0 on"),
    ],
)
def test_a_key_pasted_into_a_fleet_file_is_not_shown(tmp_path: Path, line: str, said: str) -> None:
    key = "sk-ant-api03-Wrong0Place1For2A3Key"
    head = '[[endpoints]]\nname = "e"\nprovider = "null"\nmodel = "none"\n'
    chip = "" if line.startswith("chip") else 'chip = "cpu"\n'
    (tmp_path / "f.toml").write_text(f"{head}{chip}{line.replace('KEY', key)}\n")
    with pytest.raises(UsageError) as raised:
        Fleet.load(tmp_path / "f.toml")
    assert said in str(raised.value)
    assert "Wrong0Place" not in str(raised.value)
