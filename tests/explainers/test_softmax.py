"""What the lessons claim, computed by core: one test an item."""

import numpy as np
import pytest

import core
from explainers import gradient, softmax
from tests.explainers.lives import DEFAULT_LIVE, LIVES, ZERO, live


def step(lesson, key, numbers=DEFAULT_LIVE, **options):
    return next(step for step in lesson.explain(numbers, **options) if step.key == key)


def n(lesson, key, numbers=DEFAULT_LIVE, **options):
    return step(lesson, key, numbers, **options).numbers


@pytest.mark.parametrize("name", LIVES)
def test_the_walk_ends_where_softmax_in_one_call_does(name):
    numbers = LIVES[name]
    expected = core.softmax(numbers.logits, temperature=numbers.temperature)[numbers.label]
    assert n(softmax, "divide", numbers)["p_y"] == pytest.approx(expected, rel=1e-12)


def test_item_1_differences_are_log_odds():
    numbers = n(softmax, "logits")
    assert numbers["ratio"] == pytest.approx(np.exp(numbers["gap"]))


def test_item_2_a_shift_changes_nothing_a_scale_does():
    numbers = n(softmax, "shift-all", shift=7.0, scale=2.0)
    assert numbers["p_shift"] == pytest.approx(numbers["p_y"])
    assert numbers["p_scale"] > numbers["p_y"] + 0.1


def test_item_3_ln_2_doubles_the_odds_and_not_the_probability():
    numbers = n(softmax, "odds", live("ABC", [1, 2, 0], 0, 3.0))
    assert numbers["odds_after"] == pytest.approx(2 * numbers["odds_before"])
    assert numbers["p_after"] < 1.9 * numbers["p_before"]


@pytest.mark.parametrize("name", LIVES)
def test_item_4_the_soft_maximum_lies_between_its_bounds(name):
    numbers = n(softmax, "soft-argmax", LIVES[name])
    assert numbers["top"] - 1e-9 <= numbers["soft"] <= numbers["ceiling"] + 1e-9


def test_item_5_temperature_keeps_the_winner_and_zero_is_argmax():
    for temperature in (0.01, 0.5, 5.0, 1000.0):
        assert np.argmax(live("ABCD", [2, -1, 3, 2], 0, temperature).probs) == 2
    assert ZERO.probs.tolist() == [0, 0, 1, 0]
    assert [s.key for s in softmax.explain(ZERO)][1] == "argmax"


def test_item_6_temperature_before_or_after_log_softmax():
    numbers = n(softmax, "order", live("ABCD", [2, -1, 3, 2], 1, 0.3))
    assert numbers["p_before"] == pytest.approx(numbers["p_after"], rel=1e-12)


@pytest.mark.parametrize(("dtype", "edge"), [("float16", 11.09), ("float32", 88.72), ("float64", 709.78)])
def test_item_9_the_naive_form_breaks_above_the_edge(dtype, edge):
    assert n(softmax, "overflow", dtype=dtype)["edge"] == pytest.approx(edge, abs=0.005)
    (below,) = step(softmax, "overflow", dtype=dtype, climb=np.floor(edge) - 4).figures
    (above,) = step(softmax, "overflow", dtype=dtype, climb=np.ceil(edge)).figures
    assert not below["marks"]
    assert [2, 2] in above["marks"]
    assert all(row[5] not in ("NaN", "∞") for row in above["texts"])


@pytest.mark.parametrize("name", LIVES)
def test_item_28_pushes_and_pull_balance(name):
    numbers = n(gradient, "balance", LIVES[name])
    assert numbers["total"] == 0
    assert numbers["pull"] == pytest.approx(numbers["push_sum"], abs=1e-9)


def test_the_dense_layer_gives_the_learners_logits_and_its_gradient_is_an_outer_product():
    weights, grad_weights, grad_biases, _ = step(gradient, "dense", hidden=(1.0, -0.5, 2.0)).figures
    expected = core.sparse_cross_entropy_grad(DEFAULT_LIVE.logits, DEFAULT_LIVE.label)
    np.testing.assert_allclose(np.array(grad_biases["shares"])[:, 0], expected)
    assert len(weights["rows"]) == len(grad_weights["rows"]) == 4


def test_confidently_wrong_squared_error_hardly_pulls():
    numbers = n(gradient, "squared", live("ABC", [0, 12, 0], 0))
    assert numbers["cross"] > 0.99
    assert numbers["squared"] < 1e-4


def test_descent_lowers_the_loss():
    path = gradient.descent(DEFAULT_LIVE, 1.0, 20)
    assert (np.diff(path.losses) < 0).all()


def test_challenges_can_be_reached():
    def done(lesson, numbers):
        return {challenge.key for challenge in lesson.challenges(numbers) if challenge.done}

    assert "twice" in done(softmax, live("AB", [0, np.log(2)], 0))
    assert "uniform" in done(softmax, live("ABCD", [2, -1, 3, 2], 2, 1000.0))
    assert "sure" in done(softmax, live("AB", [0, 1], 0, 0.1))
    assert "bit" in done(softmax, live("ABC", [5, 5, -10], 0))
    assert "half" in done(gradient, live("AB", [0, 0], 0))
    assert "rest" in done(gradient, live("AB", [9, 0], 0))
    assert "even" in done(gradient, live("ABC", [1, 0, 0], 0))
