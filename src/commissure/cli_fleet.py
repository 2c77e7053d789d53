"""The commands `fleet check` and `fleet ping`: what a fleet file says, and how its endpoints are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commissure.console import print_json, print_table, text

if TYPE_CHECKING:
    from commissure.scenarios.fleet_check import Checked
    from commissure.scenarios.ping import Ping, Speed

fleet_app = typer.Typer(help="Fleet files.", no_args_is_help=True)

FleetFile = Annotated[str, typer.Argument(help="A fleet file, or one of the package by name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")]


@fleet_app.command("check")
def fleet_check(file: FleetFile, as_json: JsonOption = False) -> None:
    """Check a fleet file, what its endpoints need and what is known of them, without touching any endpoint."""
    from commissure.hal.fleets.fleet import Fleet
    from commissure.scenarios.fleet_check import check

    fleet = Fleet.load(file)
    found = check(fleet, date.today())
    if as_json:
        rows = [without_keys(asdict(one)) for one in found]
        print_json({"fleet": file, "ok": True, "usd_per_hour": fleet.usd_per_hour, "endpoints": rows})
    else:
        _print_checked(found)


@fleet_app.command("ping")
def fleet_ping(
    file: FleetFile,
    endpoint: Annotated[list[str] | None, typer.Option("--endpoint", help="Only this one; may be repeated.")] = None,
    most_usd: Annotated[float, typer.Option("--most-usd", min=0, help="Most to pay by the token, an endpoint.")] = 0.01,
    timeout: Annotated[float, typer.Option("--timeout", min=0.001, help="Seconds after which one is given up.")] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Send one tiny call to each endpoint, all at once, and show it beside what sim foretells of it."""
    from commissure.hal.fleets.fleet import Fleet
    from commissure.scenarios.ping import ping

    found = ping(Fleet.load(file), endpoint or (), most_usd=most_usd, timeout_s=timeout)
    failed = any(one.error for one in found)
    if as_json:
        print_json({"fleet": file, "ok": not failed, "endpoints": [without_keys(asdict(one)) for one in found]})
    else:
        _print_pings(found)
    if failed:
        raise typer.Exit(1)


def without_keys(value: Any) -> Any:
    """A JSON value without any key that was read: a server may say anything, ours included."""
    from commissure.hal.keys import redact

    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(name)): without_keys(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_keys(item) for item in value]
    return value


def _table(head: list[str], rows: list[list[str]]) -> None:
    print_table(head, [[without_keys(cell) for cell in row] for row in rows])


def _say(line: str) -> None:
    typer.echo(without_keys(line))


def _print_checked(found: list[Checked]) -> None:
    _table(["endpoint", "provider", "model", "chip", "address", "key", "live", "sim"], [_needs(one) for one in found])
    _table(
        ["endpoint", "profile", "USD/Mtok in, out", "USD/hour", "priced", "source", "limits", "resilience"],
        [_known(one) for one in found],
    )
    for one in found:
        for lack in one.lacks:
            _say(f"live: {one.endpoint}: {lack.what}: {lack.fix}")
        if one.not_simulated:
            _say(f"sim: {one.endpoint}: {one.not_simulated}")
        for warning in one.warnings:
            _say(f"warning: {one.endpoint}: {warning}")


def _needs(one: Checked) -> list[str]:
    model = one.model if one.model_id == one.model else f"{one.model} ({one.model_id})"
    here = "-" if one.lacks else "in this process"
    optional = one.key == "not set" and not any(lack.what == "no key" for lack in one.lacks)
    key = f"{one.key_variable} {one.key}" + (" (optional)" if optional else "") if one.key else "-"
    live = ", ".join(lack.what for lack in one.lacks) or "yes"
    return [one.endpoint, one.provider, model, one.chip, one.address or here, key, live,
            "yes" if one.can_simulate else "no"]  # fmt: skip


def _known(one: Checked) -> list[str]:
    price = "-"
    if one.input_usd_per_mtok is not None:
        price = f"{text(one.input_usd_per_mtok)}, {text(one.output_usd_per_mtok)}"
    source = one.price_source + (" (assumed)" if one.price_assumed else "")
    return [
        one.endpoint, one.profile, price, text(one.usd_per_hour), text(one.price_as_of), source or "-",
        _plainly(one.limits), _plainly(one.resilience),
    ]  # fmt: skip


def _plainly(settings: Mapping[str, Any]) -> str:
    said = {name: f"{value:,.10g}" if isinstance(value, float) else value for name, value in settings.items()}
    return ", ".join(f"{name} {value}" for name, value in said.items()) or "-"


def _print_pings(found: list[Ping]) -> None:
    head = ["endpoint", "call", "first token, s", "modelled", "tokens/s", "modelled", "whole, s", "modelled",
            "server says, s", "tokens in, out", "USD", "status"]  # fmt: skip
    _table(head, [_ping_row(one) for one in found])
    for one in found:
        if one.error:
            _say(f"error: {one.endpoint}: {one.error}: {one.problem}")
        for warning in one.warnings:
            _say(f"warning: {one.endpoint}: {warning}")


def _ping_row(one: Ping) -> list[str]:
    pairs = zip(_speeds(one.measured), _speeds(one.modelled), strict=True)
    server = "-"
    if "prefill_s" in one.server:
        server = f"prefill {text(one.server['prefill_s'])}, decode {text(one.server['decode_s'])}"
    tokens = "-" if one.prompt_tokens is None else f"{one.prompt_tokens}, {one.output_tokens}"
    cost = text(one.cost_usd) + (f", or {text(one.uncertain_usd)} more" if one.uncertain_usd else "")
    return [one.endpoint, one.error or "ok", *(cell for pair in pairs for cell in pair), server, tokens, cost,
            _status(one)]  # fmt: skip


def _speeds(speed: Speed | None) -> list[str]:
    if speed is None:
        return ["-"] * 3
    rate = "-" if speed.tokens_per_s is None else f"{speed.tokens_per_s:,.4g}"
    return [text(speed.ttft_s), rate, text(speed.total_s)]


def _status(one: Ping) -> str:
    if one.status is None:
        return "-"
    said = [f"{one.status.running} running"]
    if one.status.waiting is not None:
        said.append(f"{one.status.waiting} waiting")
    if one.status.kv_used is not None:
        said.append(f"{one.status.kv_used:.0%} of KV used")
    return ", ".join([*said, *(f"{left:,.10g} {name} left" for name, left in one.status.limits.items())])
