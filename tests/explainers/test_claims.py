"""What the lessons claim, computed by core: one test an item."""

import numpy as np
import pytest

import core
from explainers import cross_entropy, gradient, softmax
from explainers.presets import PRESETS
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


@pytest.mark.parametrize("name", LIVES)
def test_the_loss_ends_where_cross_entropy_in_one_call_does(name):
    numbers = LIVES[name]
    one_hot = core.one_hot(numbers.label, len(numbers.names))
    expected = core.cross_entropy(numbers.logits, one_hot, temperature=numbers.temperature)
    for key in ("address", "logsumexp", "curve"):
        assert n(cross_entropy, key, numbers)["loss"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("preset", "loss"),
    [
        ("notes", 0.56194),
        ("notes_wrong", 3.07623),
        ("notes_probs", 1.27297),
        ("keras_first", 0.05129),
        ("keras_second", 2.30259),
    ],
)
def test_the_examples_have_their_published_losses(preset, loss):
    example = PRESETS[preset]
    assert cross_entropy.loss_of(live(example.names, example.logits, example.label)) == pytest.approx(loss, abs=6e-6)


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


def test_item_13_a_wrong_bar_raises_the_loss():
    numbers = n(cross_entropy, "wrong", lift=2.0)
    assert numbers["loss_after"] > numbers["loss"]


def test_item_14_one_hot_and_sparse_agree_and_differ_in_bytes():
    numbers = n(cross_entropy, "one-hot")
    assert numbers["dense_digits"] == numbers["sparse_digits"]
    assert (numbers["sparse_kb"], numbers["dense_gb"]) == (25.6, 5.12)


@pytest.mark.parametrize("seed", range(5))
def test_item_17_shuffled_ids_leave_the_loss(seed):
    numbers = n(cross_entropy, "shuffle", shuffle=seed)
    assert numbers["loss_after"] == pytest.approx(numbers["loss"], rel=1e-12)


@pytest.mark.parametrize(("count", "floor"), [(2, 0.3133), (4, 0.7437), (10, 1.4612)])
def test_item_21_softmax_twice_has_a_floor(count, floor):
    certain = live("ABCDEFGHIJ"[:count], [10_000.0] + [0.0] * (count - 1), 0)
    numbers = n(cross_entropy, "mistake", certain, mistake="twice")
    assert numbers["best"] == pytest.approx(floor, abs=6e-5)
    assert numbers["twice"] == pytest.approx(numbers["best"], rel=1e-9)
    assert numbers["right"] == 0


def test_item_22_logits_taken_for_probabilities_give_another_number():
    numbers = n(cross_entropy, "mistake", mistake="from_logits=False")
    assert abs(numbers["garbage"] - numbers["right"]) > 0.1


def test_item_23_epsilon_caps_the_loss_and_kills_the_gradient():
    numbers = n(cross_entropy, "epsilon", drop=30.0)
    assert numbers["ceiling"] == pytest.approx(16.118, abs=5e-4)
    assert numbers["clipped"] == pytest.approx(numbers["ceiling"], abs=1e-3)
    assert numbers["exact"] > 25
    assert abs(numbers["grad_clipped"]) < 1e-9
    assert numbers["grad_exact"] == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize(("vocabulary", "loss"), [("27", 3.296), ("83", 4.419), ("50257", 10.825), ("200000", 12.206)])
def test_item_24_knowing_nothing_costs_ln_k(vocabulary, loss):
    assert n(cross_entropy, "uniform", vocabulary=vocabulary)["many"] == pytest.approx(loss, abs=5e-4)


def test_item_25_the_loss_rises_while_accuracy_stays():
    numbers = n(cross_entropy, "accuracy", further=4.0)
    assert numbers["mean_after"] > numbers["mean_before"] + 0.4
    assert numbers["accuracy_after"] == numbers["accuracy_before"] == 7 / 8


def test_item_26_mean_first_then_exp():
    numbers = n(cross_entropy, "units")
    assert numbers["right"] == pytest.approx(7.389, abs=5e-4)
    assert numbers["wrong"] == pytest.approx(11.402, abs=5e-4)
    assert 2 ** numbers["loss_bits"] == pytest.approx(numbers["faces"])


def test_item_27_smoothing_has_a_floor_and_turns_the_arrow_round():
    ten = live("ABCDEFGHIJ", [0.0] * 10, 0)
    assert n(cross_entropy, "smoothing", ten, smoothing=0.1)["floor"] == pytest.approx(0.500288, abs=1e-6)
    timid, certain = live("ABC", [0, 0, 0], 0), live("ABC", [9, 0, 0], 0)
    assert n(gradient, "soft", timid, soften=0.1)["grad_y"] < 0 < n(gradient, "soft", certain, soften=0.1)["grad_y"]


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
    assert "ln-k" in done(cross_entropy, live("ABCD", [0] * 4, 0))
    assert "small" in done(cross_entropy, live("AB", [9, 0], 0))
    assert "bit" in done(cross_entropy, live("AB", [0, 0], 0))
    assert "right-but" in done(cross_entropy, live("ABCD", [0.1, 0, 0, 0], 0))
    assert "hundred" in done(cross_entropy, live("AB", [0, np.log(99)], 0))
    assert "half" in done(gradient, live("AB", [0, 0], 0))
    assert "rest" in done(gradient, live("AB", [9, 0], 0))
    assert "even" in done(gradient, live("ABC", [1, 0, 0], 0))
