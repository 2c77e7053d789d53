"""The command `profile`: a profile of a pair that nobody measured, from the data sheets of its chip and model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commissure.console import print_json, print_table


def profile(
    model: Annotated[str, typer.Option("--model", help="A model of profiles/models.")],
    chip: Annotated[str, typer.Option("--chip", help="A chip of profiles/chips.")],
    out: Annotated[Path, typer.Option("--out", help="The .toml file to write.")],
    chips: Annotated[int, typer.Option("--chips", min=1, help="Chips that serve it together.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Write the profile of a model on a chip by a roofline: all assumed, until somebody measures it."""
    from commissure.hal.files import check_target, write_whole
    from commissure.hal.profiles.profile_toml import profile_toml
    from commissure.hal.profiles.roofline import roofline_profile

    check_target("--out", out, ".toml")
    found = roofline_profile(chip, model, chips)
    assert found.step is not None
    write_whole(out, profile_toml(found))
    values, blocks = found.step.values(), found.engine.kv_blocks if found.engine else None
    if as_json:
        print_json({"profile": str(out), "model": model, "chip": chip, "chips": chips, "assumed": True,
                    "coefficients": values, "kv_blocks": blocks})  # fmt: skip
        return
    rows = [[name, f"{value:.4g}"] for name, value in values.items()]
    print_table(["coefficient, assumed", "value"], [*rows, ["KV blocks of 16 tokens", str(blocks)]])
    typer.echo(f"profile: {out}   use it as: profile = {str(out)!r}")
