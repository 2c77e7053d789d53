"""`check` says what each endpoint needs and what is known of it, without touching it or showing a key."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from commissure.hal import local_server
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.fleet_check import Checked, Lack, check

TODAY = date(2026, 11, 22)
KEY = "sk-check-0123456789-secret"
SAMBANOVA = 'provider = "sambanova"\nmodel = "llama-3.3-70b"\nchip = "sambanova-sn40l"\n'
VLLM = 'provider = "vllm"\nmodel = "llama-3.1-8b"\nchip = "nvidia-h100"\n'
LLAMA_CPP = 'provider = "llama_cpp"\nmodel = "smollm2-135m"\nchip = "cpu"\n'


def checked(tmp_path: Path, text: str, today: date = TODAY) -> Checked:
    path = tmp_path / "fleet.toml"
    path.write_text(f'[[endpoints]]\nname = "a"\n{text}')
    (found,) = check(Fleet.load(path), today)
    assert KEY not in json.dumps(asdict(found), default=str)
    return found


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SAMBANOVA_API_KEY", "SAMBA_NOVA_BASE_URL", "SAMBANOVA_BASE_URL", "SAMBANOVA_API_BASE",
                 "VLLM_API_KEY", "VLLM_API_BASE", "CEREBRAS_API_KEY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def test_what_is_known_of_an_endpoint(tmp_path: Path) -> None:
    found = checked(tmp_path, f"{SAMBANOVA}[endpoints.resilience]\nattempts = 5\nhedge = true\nbase_s = 0.5\n")
    assert found.model_id == "Meta-Llama-3.3-70B-Instruct"
    assert found.address == "https://api.sambanova.ai/v1"
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok, found.usd_per_hour) == (0.6, 1.2, None)
    assert found.price_as_of == date(2026, 11, 1)
    assert "genai-prices" in found.price_source
    assert found.limits == {"requests_per_minute": 240, "tokens_per_day": 20_000_000, "requests_per_day": 48_000}
    assert found.resilience == {"attempts": 5, "hedge": True}
    assert found.can_simulate
    assert found.warnings == ()


def test_a_key_is_set_or_not_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(tmp_path, SAMBANOVA)
    assert (found.key_variable, found.key, found.can_run_live) == ("SAMBANOVA_API_KEY", "not set", False)
    (lack,) = found.lacks
    assert lack.what == "no key"
    assert lack.fix.startswith("no API key: set SAMBANOVA_API_KEY in the environment")
    monkeypatch.setenv("SAMBANOVA_API_KEY", KEY)
    found = checked(tmp_path, SAMBANOVA)
    assert (found.key, found.lacks) == ("set", ())
    found = checked(tmp_path, f'{SAMBANOVA}key_variable = "OURS"\n')
    assert (found.key_variable, found.key) == ("OURS", "not set")
    assert "set OURS" in found.lacks[0].fix
    monkeypatch.setenv("SAMBANOVA_API_KEY", f"{KEY}\nsecond line")
    assert [lack.what for lack in checked(tmp_path, SAMBANOVA).lacks] == ["no key"]


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(tmp_path, VLLM)
    assert (found.address, found.key) == (None, "not set")
    assert [lack.what for lack in found.lacks] == ["no address"]
    monkeypatch.setenv("VLLM_API_BASE", "http://h100.example:8000/v1")
    assert checked(tmp_path, VLLM).address == "http://h100.example:8000/v1"
    monkeypatch.setenv("VLLM_API_BASE", f"http://me:{KEY}@h100.example")
    assert checked(tmp_path, VLLM).lacks[0].what == "no address"
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    hidden = checked(tmp_path, f'{VLLM}base_url = "https://h100.example/{KEY}/v1"\n')
    assert hidden.address == "https://h100.example/<VLLM_API_KEY>/v1"


@pytest.mark.parametrize(
    ("url", "warned"),
    [("http://h100.example:8000", True), ("https://h100.example", False), ("http://127.0.0.1:8000", False)],
)
def test_a_key_in_the_clear(url: str, warned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'{VLLM}base_url = "{url}"\n'
    assert checked(tmp_path, text).warnings == ()
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    assert any("unencrypted" in one for one in checked(tmp_path, text).warnings) is warned


def test_packages_and_profiles_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "_installed", lambda package: False)
    found = checked(tmp_path, LLAMA_CPP)
    assert found.address is None
    assert found.lacks == (
        Lack("package missing", "the local engine is not installed. Install it with: pip install 'commissure[local]'"),
    )
    there = checked(tmp_path, f'{LLAMA_CPP}base_url = "http://127.0.0.1:8080"\n')
    assert (there.address, there.lacks) == ("http://127.0.0.1:8080", ())
    (tmp_path / "bare.toml").write_text('model = "m"\nchip = "cpu"\nprovider = "compatible"\n')
    bare = checked(tmp_path, 'provider = "compatible"\nmodel = "m"\nchip = "cpu"\nprofile = "bare.toml"\n')
    assert not bare.can_simulate
    assert "neither step times nor a hosted model" in bare.not_simulated
    assert any("it counts as free" in warning for warning in bare.warnings)


def test_warnings(tmp_path: Path) -> None:
    retired = checked(tmp_path, 'provider = "cerebras"\nmodel = "llama-3.3-70b"\nchip = "cerebras-wse3"\n')
    (warning,) = retired.warnings
    assert warning.startswith("cerebras serves llama-3.3-70b no longer: ")
    borrowed = VLLM.replace("vllm", "sglang") + 'profile = "vllm-llama-3.1-8b-nvidia-h100"\n'
    assert checked(tmp_path, borrowed).warnings == (
        "simulated by the profile of vllm's llama-3.1-8b on nvidia-h100",
    )  # fmt: skip


def test_old_prices(tmp_path: Path) -> None:
    told = date(2026, 11, 1)
    assert checked(tmp_path, SAMBANOVA, date.fromordinal(told.toordinal() + 180)).warnings == ()
    (warning,) = checked(tmp_path, SAMBANOVA, date.fromordinal(told.toordinal() + 181)).warnings
    assert "181 days old (2026-11-01)" in warning
    own = "price = { input_usd_per_mtok = 1, output_usd_per_mtok = 2, as_of = 2027-04-01 }\n"
    renewed = checked(tmp_path, SAMBANOVA + own, date(2027, 5, 1))
    assert (renewed.input_usd_per_mtok, renewed.price_source, renewed.warnings) == (1, "the fleet file", ())
    # What costs nothing does not grow old.
    assert checked(tmp_path, LLAMA_CPP, date(2030, 1, 1)).warnings == ()


def test_what_cannot_be_modelled_is_a_wrong_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'a' is hosted: replicas"):
        checked(tmp_path, f"{SAMBANOVA}replicas = 2\n")
