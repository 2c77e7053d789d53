"""The fused kernel equals the reference exactly: in whole numbers, fp32 sums are exact in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.kernels.nki.decode import Decoded, Sampling, decode, gumbel, on_partitions, unconstrained
from commissure.kernels.nki.executor.dtypes import NUMPY
from commissure.kernels.nki.loader import load_kernel
from commissure.kernels.nki.pack import Pack, pack
from commissure.kernels.nki.pack_arrays import GrammarArrays
from commissure.kernels.nki.reference import UNCONSTRAINED, Standing
from commissure.kernels.nki.reference import decode as expected
from tests.kernels.nki.machines import random_grammar


@dataclass(frozen=True)
class Case:
    grammars: list[GrammarArrays]
    packed: Pack
    hidden: np.ndarray
    weights: np.ndarray
    batch: list[Standing]
    sampling: Sampling | None
    shards: int

    @property
    def states(self) -> np.ndarray:
        return np.array([common(self.packed, at) for at in self.batch])

    @property
    def counts(self) -> np.ndarray:
        return np.array([at.count for at in self.batch])

    def decode(self) -> Decoded:
        target = "trn2" if self.packed.gather else "inf2"
        return decode(
            self.packed,
            self.hidden,
            self.weights,
            self.states,
            self.counts,
            sampling=self.sampling,
            target=target,
            shards=self.shards,
        )

    def expected(self) -> tuple[np.ndarray, list[Standing]]:
        drawn = (self.sampling.noise, self.sampling.temperature) if self.sampling else ()
        return expected(self.hidden, self.weights, self.grammars, self.batch, *drawn)


def common(packed: Pack, at: Standing) -> int:
    return packed.free if at.grammar == UNCONSTRAINED else packed.state(at.grammar, at.state)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    vocabulary, batch, steps = draw(st.integers(300, 2000)), draw(st.integers(1, 9)), draw(st.integers(1, 4))
    size, spread = draw(st.sampled_from((128, 256))), draw(st.integers(0, 3))
    grammars = [
        random_grammar(
            dice, vocabulary, states=draw(st.sampled_from((3, 9, 150))), classes=draw(st.integers(2, 9)), counted=counts
        )
        for counts in draw(st.lists(st.booleans(), min_size=1, max_size=3))
    ]
    packed = pack(
        grammars, gather=draw(st.booleans()), penalty_dtype=draw(st.sampled_from(("float8_e5m2", "bfloat16")))
    )
    standing = [
        Standing(place % (len(grammars) + 1) - 1, int(dice.integers(1, 3)), int(dice.integers(0, 5)))
        for place in range(batch)
    ]
    sampling = None
    if draw(st.booleans()):
        noise = dice.integers(-40, 40, (steps, batch, vocabulary)).astype(np.float32)
        sampling = Sampling(noise, dice.choice([0, 0.25, 1, 2], batch).astype(np.float32))
    hidden = dice.integers(-spread, spread + 1, (steps, size, batch)).astype(np.float32)
    weights = dice.integers(-spread, spread + 1, (size, vocabulary)).astype(np.float32)
    return Case(grammars, packed, hidden, weights, standing, sampling, draw(st.integers(1, 3)))


def agrees(case: Case) -> None:
    got, (tokens, standing) = case.decode(), case.expected()
    assert np.array_equal(got.tokens, tokens)
    assert got.states.tolist() == [common(case.packed, at) for at in standing]
    assert got.counts.tolist() == [at.count for at in standing]


@settings(max_examples=40, deadline=None)
@given(cases())
def test_equals_the_reference(case: Case) -> None:
    agrees(case)


@settings(max_examples=10, deadline=None)
@given(cases())
def test_unconstrained_sequences_are_unaffected(case: Case) -> None:
    target = "trn2" if case.packed.gather else "inf2"
    plain = unconstrained(case.hidden, case.weights, sampling=case.sampling, target=target)
    free = [place for place, at in enumerate(case.batch) if at.grammar == UNCONSTRAINED]
    assert np.array_equal(case.decode().tokens[:, free], plain[:, free])


@pytest.mark.parametrize("vocabulary", [8, 11, 512, 519, 520, 1536, 1539, 1544, 3079])
def test_of_equal_logits_the_lowest_allowed_token_wins(vocabulary: int) -> None:
    dice = np.random.default_rng(vocabulary)
    grammar = random_grammar(dice, vocabulary, counted=True)
    batch = [Standing(0, state) for state in range(1, 6)] + [Standing(UNCONSTRAINED)]
    hidden, weights = np.zeros((3, 128, 6)), np.zeros((128, vocabulary))
    agrees(Case([grammar], pack([grammar], gather=False), hidden, weights, batch, None, 1))


@pytest.mark.parametrize("vocabulary", [8, 512, 519, 520, 1539, 3079])
def test_tokens_of_the_last_tile_win(vocabulary: int) -> None:
    hidden, weights = np.ones((1, 128, 2)), np.zeros((128, vocabulary))
    weights[0, -3:] = 1, 2, 2
    assert unconstrained(hidden, weights).tolist() == [[vocabulary - 2] * 2]


@pytest.mark.parametrize("batch", [1, 128])
@pytest.mark.parametrize("gather", [False, True])
def test_any_batch(batch: int, gather: bool) -> None:
    dice = np.random.default_rng(batch)
    grammars = [random_grammar(dice, 700, counted=True), random_grammar(dice, 700)]
    standing = [Standing(place % 3 - 1) for place in range(batch)]
    hidden = dice.integers(-3, 4, (2, 128, batch)).astype(np.float32)
    weights = dice.integers(-3, 4, (128, 700)).astype(np.float32)
    agrees(Case(grammars, pack(grammars, gather=gather), hidden, weights, standing, None, 1))


@pytest.mark.parametrize("resident", [0, 1536, 3000])
@pytest.mark.parametrize("masks", [5, 300])
def test_penalties_may_stream(resident: int, masks: int) -> None:
    dice = np.random.default_rng(masks)
    grammar = random_grammar(dice, 3000, states=masks)
    packed = pack([grammar], gather=False)
    hidden = dice.integers(-2, 3, (3, 256, 4)).astype(np.float32)
    weights = dice.integers(-2, 3, (256, 3000)).astype(np.float32)
    batch = [Standing(0, state) for state in (1, 2, 0, 1)]
    tables = packed.tables
    tokens, states, _ = load_kernel("commissure.kernels.nki.constrained_decode", "inf2", "constrained_decode")(
        on_partitions(hidden),
        weights.astype(NUMPY["bfloat16"]),
        packed.penalty,
        np.zeros((1, 8), np.float32),
        np.zeros((4, 1), np.float32),
        np.array([[common(packed, at)] for at in batch], np.int32),
        np.zeros((4, 1), np.int32),
        tables.of_token,
        tables.of_class,
        tables.of_state,
        tables.of_row,
        gather=False,
        counted=False,
        digits=tables.digits,
        sampled=False,
        resident=resident,
        depth=4,
    )
    want, standing = expected(hidden, weights, [grammar], batch)
    assert np.array_equal(tokens.reshape(3, 4), want)
    assert states[:, 0].tolist() == [common(packed, at) for at in standing]


def test_states_beyond_what_one_digit_holds() -> None:
    dice = np.random.default_rng(4)
    grammar = random_grammar(dice, 400, states=2500, classes=30, counted=True)
    batch = [Standing(0, int(state), 3) for state in dice.integers(1, 2499, 8)]
    packed = pack([grammar], gather=False)
    assert packed.tables.digits == 2
    hidden = dice.integers(-3, 4, (4, 128, 8)).astype(np.float32)
    weights = dice.integers(-3, 4, (128, 400)).astype(np.float32)
    agrees(Case([grammar], packed, hidden, weights, batch, None, 2))


def test_gumbel_noise_samples_the_masked_distribution() -> None:
    """Of 4 allowed tokens with logits 0, 1, 2, 3: frequencies of softmax within four standard errors."""
    draws, vocabulary = 128, 16
    allowed = np.zeros((3, vocabulary), np.bool_)
    allowed[0, [2, 5, 7, 11]] = allowed[1, 15] = True
    class_of = np.array([0] * 15 + [1])
    grammar = GrammarArrays(class_of, np.array([[0, 1, 0], [0, 2, 2]]), np.array([-1, 0, 1]), np.array([0, 1]), allowed)
    weights = np.zeros((128, vocabulary), np.float32)
    weights[0] = np.array([9, 9, 0, 9, 9, 1, 9, 2, 9, 9, 9, 3, 9, 9, 9, 9])
    hidden = np.zeros((8, 128, draws), np.float32)
    hidden[:, 0] = 1
    uniforms = np.random.default_rng(7).random((8, draws, vocabulary))
    packed = pack([grammar], gather=False)
    sampling = Sampling(gumbel(uniforms), np.ones(draws, np.float32))
    tokens = decode(packed, hidden, weights, np.full(draws, packed.state(0)), sampling=sampling).tokens
    chances = np.exp([0.0, 1.0, 2.0, 3.0])
    chances /= chances.sum()
    seen = np.array([(tokens == token).mean() for token in (2, 5, 7, 11)])
    assert seen.sum() == 1
    assert (np.abs(seen - chances) < 4 * np.sqrt(chances * (1 - chances) / tokens.size)).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": np.zeros((128, 99))}, r"weights are \(128, 99\).*\(128, 100\)"),
        ({"states": np.array([1])}, "states are"),
        ({"states": np.array([1, 7])}, "states are 1 to 7; the pack has 0 to 6"),
        ({"counts": np.array([-1, 0])}, "counts are -1"),
        ({"sampling": Sampling(np.zeros((1, 2, 99)), np.zeros(2))}, "noise are"),
        ({"hidden": np.zeros((1, 100, 2)), "weights": np.zeros((100, 100))}, "multiple of 128"),
        ({"shards": 14}, "14 shards of 100 tokens"),
    ],
)
def test_what_the_kernel_would_read_wrongly_is_told(change: dict[str, Any], told: str) -> None:
    packed = pack([random_grammar(np.random.default_rng(0), 100)], gather=False)
    given: dict[str, Any] = {
        "hidden": np.zeros((1, 128, 2)),
        "weights": np.zeros((128, 100)),
        "states": np.array([1, 2]),
        **change,
    }
    with pytest.raises(UsageError, match=told):
        decode(packed, **given)
