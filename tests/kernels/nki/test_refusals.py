"""What would be read wrongly, or let a forbidden token win, is refused by name; what is at the edge is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.nki.cost.workload import Workload
from commissure.kernels.nki.decode import Sampling, decode, gumbel, unconstrained
from commissure.kernels.nki.decode_inputs import MOST_LOGIT
from commissure.kernels.nki.pack import pack
from commissure.kernels.nki.pack_budget import plan
from commissure.kernels.nki.reference import Standing
from commissure.kernels.nki.reference import decode as expected
from tests.kernels.nki.machines import random_grammar

GRAMMAR = random_grammar(np.random.default_rng(0), 80)
COUNTED = random_grammar(np.random.default_rng(0), 80, counted=True)
PACKED = pack([GRAMMAR, COUNTED], gather=False)
NAN, INF = float("nan"), float("inf")


def hidden_with(value: float) -> np.ndarray:
    hidden = np.zeros((1, 128, 2))
    hidden[0, 5, 1] = value
    return hidden


def drawn(noise: object = 0.0, temperature: object = 1.0) -> Sampling:
    return Sampling(np.full((1, 2, 80), noise), np.full(2, temperature))


def run(**change: Any) -> None:
    given: dict[str, Any] = {
        "hidden": np.zeros((1, 128, 2)), "weights": np.zeros((128, 80)), "states": np.array([1, 2]), **change,
    }  # fmt: skip
    decode(PACKED, **given)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden": hidden_with(NAN)}, r"hidden\[0, 5, 1\] is nan"),
        ({"hidden": hidden_with(-INF)}, r"hidden\[0, 5, 1\] is -inf"),
        ({"hidden": hidden_with(1e39)}, r"1e\+39, which is not finite as bfloat16"),
        ({"hidden": np.zeros((1, 128, 2), bool)}, "hidden are of dtype bool"),
        ({"hidden": np.zeros((1, 128, 2), complex)}, "hidden are of dtype complex128"),
        ({"hidden": np.zeros((128, 2))}, r"hidden is \(128, 2\); it must be \[steps"),
        ({"hidden": np.zeros((0, 128, 2))}, "at least 1 step"),
        ({"hidden": np.zeros((1, 0, 2)), "weights": np.zeros((0, 80))}, "hidden size is 0.*128 to 65,536"),
        ({"hidden": np.zeros((1, 128, 0)), "states": np.zeros(0, int)}, "batch is 0.*1 to 128"),
        ({"hidden": [[1.0], [1.0, 2.0]]}, "hidden are no array"),
        ({"weights": np.full((128, 80), NAN)}, r"weights\[0, 0\] is nan"),
        ({"sampling": drawn(NAN)}, r"noise\[0, 0, 0\] is nan"),
        ({"sampling": drawn(INF, 0.0)}, "noise.*is inf"),
        ({"sampling": drawn(temperature=NAN)}, r"temperature\[0\] is nan"),
        ({"sampling": drawn(temperature=INF)}, "temperature.*is inf"),
        ({"sampling": drawn(temperature=-0.1)}, "is -0.1.*0 .greedy. or above"),
        ({"sampling": drawn(10.0, 1434.0)}, "is 14,340 for sequence 0; it must be below 14,336"),
        ({"sampling": drawn(-3e38, 3e38)}, "must be below 14,336"),
        (
            {"hidden": hidden_with(128), "weights": np.full((128, 80), 112.0)},
            "logit of token 0 is 14,336 from 0",
        ),
        ({"states": np.array([1.0, 2.0])}, "states are of dtype float64.*integers"),
        ({"states": np.array([1.0, NAN])}, "states are of dtype float64"),
        ({"states": np.array([True, True])}, "states are of dtype bool"),
        ({"states": np.array(["1", "2"])}, "states are of dtype <U1"),
        ({"states": np.array([1, 0])}, r"states\[1\] is 0, which refuses"),
        ({"states": np.array([PACKED.starts[1], 1])}, r"states\[0\] is 7, which refuses"),
        ({"states": np.array([1, PACKED.starts[-1]])}, "states are 1 to 14; the pack has 0 to 13"),
        ({"states": np.array([1, -1])}, "states are -1 to 1"),
        ({"counts": np.array([0.5, 0])}, "counts are of dtype float64"),
        ({"counts": np.array([0, -1])}, "counts are -1 to 0"),
        ({"counts": np.array([0, 2**40])}, "counts are 0 to 1099511627776"),
        ({"shards": 0}, "shards is 0; it must be a whole number from 1"),
        ({"shards": 1.5}, "shards is 1.5"),
        ({"shards": True}, "shards is True"),
        ({"target": None}, "unknown NKI target 'None'.*inf2"),
        ({"target": ["inf2"]}, "unknown NKI target"),
        ({"target": "inf3"}, "unknown NKI target 'inf3'. Did you mean 'inf2'"),
    ],
)
def test_a_decode_that_would_go_wrong(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        run(**change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden": hidden_with(NAN)}, "is nan"),
        ({"hidden": np.zeros((128, 2))}, "at least 1 step"),
        ({"weights": np.zeros(128)}, r"weights are \(128,\)"),
        ({"weights": np.zeros((128, 7))}, "vocabulary is 7"),
        ({"sampling": drawn(NAN)}, "noise"),
        ({"sampling": drawn(temperature=-1.0)}, "0 .greedy. or above"),
        ({"target": None}, "unknown NKI target"),
    ],
)
def test_an_unconstrained_decode_too(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        unconstrained(**{"hidden": np.zeros((1, 128, 2)), "weights": np.zeros((128, 80)), **change})


@pytest.mark.parametrize("dtype", ["float8_e5m2", "bfloat16", "float16"])
@pytest.mark.parametrize("gather", [False, True])
def test_masks_hold_up_to_the_limits(dtype: str, gather: bool) -> None:
    """Forbidden tokens take the highest logit and noise there may be, allowed ones the lowest."""
    packed = pack([GRAMMAR], gather=gather, penalty_dtype=dtype)
    state, most = packed.ended(0), MOST_LOGIT - 64
    allowed = GRAMMAR.allowed[GRAMMAR.mask_of[GRAMMAR.base[state]]]
    weights = np.zeros((128, 80))
    weights[0] = np.where(allowed, -most, most)
    hidden = np.zeros((1, 128, 1))
    hidden[0, 0] = 1
    noise = np.where(allowed, -most, most).astype(np.float32).reshape(1, 1, 80)
    sampling = Sampling(noise, np.ones(1, np.float32))
    target = "trn2" if gather else "inf2"
    got = decode(packed, hidden, weights, np.array([state]), sampling=sampling, target=target)
    want, _ = expected(hidden, weights, [GRAMMAR], [Standing(0, state)], noise, sampling.temperature)
    assert allowed[want[0, 0]]
    assert np.array_equal(got.tokens, want)


def test_logits_are_made_before_they_are_refused() -> None:
    """The bound over a row is beyond the limit here; the logits themselves are all 0."""
    hidden = np.full((1, 128, 2), 100.0)
    hidden[:, ::2] *= -1
    run(hidden=hidden, weights=np.full((128, 80), 100.0))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_gumbel_noise_is_finite_and_rises(kind: type[Any]) -> None:
    uniforms = np.array([0, 1e-3, 0.5, 0.999, 1], kind)
    noise = gumbel(uniforms)
    assert np.isfinite(noise).all()
    assert (np.diff(noise) > 0).all()
    assert noise[2] == pytest.approx(-np.log(np.log(2)))
    near = np.nextafter(kind(1), kind(0))
    assert gumbel(np.array([near]))[0] == pytest.approx(-np.log(-np.log1p(float(near) - 1)))


@pytest.mark.parametrize("value", [NAN, -1e-9, 1.5])
def test_uniforms_beyond_their_interval(value: float) -> None:
    with pytest.raises(UsageError, match=r"uniforms are .*from 0 to 1"):
        gumbel(np.array([0.5, value]))


@pytest.mark.parametrize("dtype", ["float32", "float8_e4m3", "int8", "uint8", "int16", "uint16", "int32", "uint32"])
def test_a_penalty_must_be_exact_in_its_type(dtype: str) -> None:
    with pytest.raises(DoesNotFit, match=rf"penalty_dtype is {dtype}, .*use one of bfloat16, float16, float8_e5m2$"):
        pack([GRAMMAR], gather=False, penalty_dtype=dtype)


def wide(value: int, rows: int = 4) -> np.ndarray:
    return np.full((rows, 6), value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"class_of": np.full(80, -1)}, "class_of has negative numbers"),
        ({"next": wide(-1)}, "next has negative numbers"),
        ({"next": wide(1).astype(float)}, r"next is float64 \(4, 6\); it must be an array of integers"),
        ({"next": [[0, 1]]}, "next is list"),
        ({"mask_of": np.full(6, -1)}, "mask_of has negative numbers"),
        ({"allowed": GRAMMAR.allowed.astype(np.int8)}, "allowed is int8.*of bool in 2 dimensions"),
        ({"allowed": GRAMMAR.allowed[0]}, "allowed is bool.*in 2 dimensions"),
        ({"base": np.full(6, 6)}, "names rows above 5"),
        ({"base": np.full(6, -1)}, "base of the last state.*negative"),
        ({"base": None}, "base is NoneType"),
        ({"base": np.zeros(0, int), "next": np.zeros((4, 0), int)}, "0 states; at least 1 and 2"),
        ({"keeps": wide(2), "adds": wide(0), "clips": wide(0)}, "keeps must be 0 or 1"),
        ({"keeps": wide(1), "adds": wide(-1), "clips": wide(0)}, "adds are negative"),
        ({"keeps": wide(1), "adds": wide(0), "clips": wide(3)}, "with what clips add, names rows above 5"),
        ({"keeps": wide(1), "adds": wide(0), "clips": wide(0, 3)}, r"clips must be \(4, 6\)"),
    ],
)
def test_arrays_that_would_be_read_wrongly(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=f"grammar 1.*{told}"):
        pack([GRAMMAR, replace(GRAMMAR, **change)], gather=False)


def test_what_is_no_grammar() -> None:
    tables: Any = object()
    with pytest.raises(UsageError, match=r"grammar 1 is a object; it must be GrammarArrays: GrammarArrays.of"):
        pack([GRAMMAR, tables], gather=False)


@pytest.mark.parametrize(
    ("hidden", "batch", "change", "told"),
    [
        *((size, 1, {}, f"hidden size is {size}") for size in (0, -128, 100, 130, 128.0, None, 65_664)),
        *((128, batch, {}, f"batch is {batch}") for batch in (0, -1, 129, 1.0)),
        *((128, 1, {"shards": shards}, f"shards is {shards}") for shards in (0, 1.5, -1, 81)),
        (128, 1, {"target": None}, "unknown NKI target"),
    ],
)
def test_plans_of_no_kernel(hidden: Any, batch: Any, change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        plan(PACKED, hidden, batch, **{"target": "inf2", **change})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden": 1_280_000}, "1,280,000 was given; at most 65,536"),
        ({"hidden": 65_536}, "128,763 matrix products a step; at most 65,536"),
        ({"vocabulary": 10**9}, "matrix products a step"),
        ({"masks": 10**7}, "10,000,000 masks take .* matrix products"),
    ],
)
def test_costs_that_would_take_too_long(change: dict[str, int], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Workload(1, **change)  # type: ignore[arg-type]


def test_the_widest_cost_is_taken_on_more_cores() -> None:
    assert Workload(1, hidden=65_536, cores=2).products < 65_536


def test_the_largest_state_and_count_are_taken() -> None:
    run(states=np.array([PACKED.state(1, 5), PACKED.free], np.uint8), counts=np.array([2**20 - 1, 0]))
