"""Each claim of the gradient lesson, computed once more by core."""

import dataclasses

import numpy as np
import pytest

import core
from explainers import gradient
from explainers.step import Live, fmt, mark
from tests.explainers.lives import DEFAULT_LIVE, LIVES

ALL = pytest.mark.parametrize("live", LIVES.values(), ids=LIVES)
GENTLE = pytest.mark.parametrize("name", ["notes", "notes_wrong", "pets", "tie", "two", "ten", "hot"])


def step(key, live=DEFAULT_LIVE, **options):
    return next(step for step in gradient.explain(live, **options) if step.key == key)


def column(step, title, figure=0):
    return next(c["values"] for c in step.figures[figure]["columns"] if c["title"] == title)


def grad(live, soften=0.0):
    return core.sparse_cross_entropy_grad(live.logits, live.label, temperature=live.temperature, label_smoothing=soften)


def with_logits(live, logits):
    return dataclasses.replace(live, logits=np.array(logits, float))


def done(key, live, **options):
    return next(c.done for c in gradient.challenges(live, **options) if c.key == key)


def answer(key, live):
    return next(q.answer for q in gradient.questions(live) if q.key == key)


# ---- item 28: one pull, all others push, and the sum is zero ----


@ALL
def test_item_28_arrows_are_minus_the_gradient_and_sum_to_zero(live):
    arrows = column(step("difference", live), "−∂L/∂z")
    np.testing.assert_allclose(arrows, -grad(live), atol=1e-12)
    assert step("balance", live).numbers["total"] == pytest.approx(0, abs=1e-9)


@ALL
def test_item_28_last_number_of_the_walk_is_cores_answer(live):
    for key in ("difference", "why", "balance"):
        assert step(key, live).numbers["grad_y"] == pytest.approx(grad(live)[live.label], abs=1e-12)


def test_item_28_the_example_of_the_seed():
    assert step("difference").numbers["grad"] == ",\\; ".join(mark(i, fmt(g)) for i, g in enumerate(grad(DEFAULT_LIVE)))
    np.testing.assert_allclose(column(step("difference"), "−∂L/∂z"), [-0.2097, -0.0104, 0.4299, -0.2097], atol=5e-5)


@ALL
def test_item_28_the_pull_is_as_strong_as_all_pushes(live):
    pull, push = step("balance", live).figures[0]["columns"][0]["values"]
    assert pull == pytest.approx(-push, abs=1e-9)
    assert pull == pytest.approx((1 - live.probs[live.label]) / live.temperature, abs=1e-9)


@GENTLE
def test_item_28_a_step_moves_every_logit_and_lowers_the_loss(name):
    path = gradient.descent(LIVES[name], 1.0, 20)
    assert (np.abs(path.logits[1] - path.logits[0]) > 0).all()
    assert (np.diff(path.losses) <= 1e-12).all()
    assert path.logits.sum(axis=1) == pytest.approx(path.logits[0].sum())


# ---- item 13: the one-hot term of a wrong class is zero, its push is not ----


@GENTLE
def test_item_13_every_wrong_logit_is_pushed_although_nothing_pulls_it(name):
    live = LIVES[name]
    wrong = np.arange(len(live.names)) != live.label
    why = step("why", live)
    assert (np.array(column(why, "logsumexp")) < 0).all()
    assert not np.array(column(why, "z(y)"))[wrong].any()
    np.testing.assert_allclose(np.array(column(why, "−∂L/∂z"))[wrong], np.array(column(why, "logsumexp"))[wrong])


# ---- item 27: a soft target pulls back ----


def test_item_27_the_arrow_turns_where_the_probability_passes_the_target():
    for z, side in ((2.0, 1), (9.0, -1)):
        live = with_logits(DEFAULT_LIVE, [2, -1, z, 2])
        soft = step("soft", live, soften=0.1)
        assert np.sign(column(soft, "−∂L/∂z")[live.label]) == side
        assert np.sign(soft.numbers["q_y"] - live.probs[live.label]) == side


def test_item_27_the_curve_crosses_zero_only_with_smoothing():
    soft, hard, _ = step("soft", soften=0.1).figures[1]["lines"]
    heights = {line["text"]: np.array([y for _, y in line["points"]]) for line in (soft, hard)}
    assert heights["ε = 0.1"].max() > 0 > heights["ε = 0.1"].min()
    assert heights["ε = 0"].min() > 0


def test_item_27_a_smoothed_model_rests_at_finite_logits():
    path = gradient.descent(DEFAULT_LIVE, 2.0, 2000, 0.1)
    target = core.smooth_labels(core.one_hot(2, 4), 0.1)
    np.testing.assert_allclose(core.softmax(path.logits[-1]), target, atol=1e-6)
    assert path.losses[-1] == pytest.approx(core.entropy(target))
    assert path.logits[-1, 2] - path.logits[-1, 0] == pytest.approx(np.log(target[2] / target[0]), abs=1e-4)


# ---- descent ----


@ALL
def test_a_one_hot_target_is_never_overshot(live):
    for rate in (0.1, 20.0):
        assert step("descent", live, rate=rate, num_steps=50).numbers["rises"] == "0"


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_soft_target_is_overshot_by_a_large_rate_and_never_by_a_small_one(temperature):
    live = dataclasses.replace(DEFAULT_LIVE, temperature=temperature)
    safe = step("descent", live).numbers["safe"]
    for soften in (0.1, 0.5, 0.9):
        assert (np.diff(gradient.descent(live, 0.99 * safe, 100, soften).losses) <= 1e-12).all()
    assert (np.diff(gradient.descent(live, 5 * safe, 100, 0.1).losses) > 1e-3).any()


# ---- on through the layer ----


@ALL
def test_the_layer_gives_the_learners_logits_and_its_gradient_is_an_outer_product(live):
    hidden = (1.0, -0.5, 2.0)
    dense = step("dense", live, hidden=hidden)
    weights, d_weights, d_biases, d_hidden = (np.array(f["texts"]) for f in dense.figures)
    assert weights.shape == d_weights.shape == (len(live.names), 3)
    assert d_weights.tolist() == [[fmt(v) for v in row] for row in np.outer(grad(live), hidden)]
    assert d_biases[:, 0].tolist() == [fmt(v) for v in grad(live)]
    assert d_hidden.shape == (1, 3)
    assert dense.numbers["z_y"] == live.logits[live.label]
    assert dense.numbers["dw"] == pytest.approx(grad(live)[live.label] * hidden[0])


@ALL
def test_back_through_the_jacobian_is_p_minus_y_or_honestly_nan(live):
    numbers = step("jacobian", live).numbers
    assert numbers["total"] == pytest.approx(0, abs=1e-9)
    if live.probs[live.label] > 0:
        assert numbers["passed"] == pytest.approx(grad(live)[live.label], rel=1e-9, abs=1e-12)
    else:
        assert np.isnan(numbers["passed"])
        assert np.isfinite(numbers["grad_y"])


@ALL
def test_the_bowl_has_no_false_bottom_and_one_flat_direction(live):
    numbers = step("hessian", live).numbers
    assert numbers["flattest"] >= -1e-9 * (1 + numbers["steepest"])
    assert numbers["flat"] <= 1e-9 * (1 + numbers["steepest"])


def test_squared_error_sleeps_when_confidently_wrong():
    numbers = step("squared").numbers
    assert numbers["wrong_cross"] > 0.99
    assert numbers["wrong_squared"] < 1e-4


@ALL
def test_both_gradients_of_the_squared_step_are_those_of_the_page(live):
    numbers = step("squared", live).numbers
    assert numbers["cross_grad"] == pytest.approx(grad(live)[live.label], abs=1e-12)
    p, y, label = live.probs, core.one_hot(live.label, len(live.names)), live.label
    by_hand = 2 * p[label] / live.temperature * ((p[label] - 1) - (p * (p - y)).sum())
    assert numbers["squared_grad"] == pytest.approx(by_hand, abs=1e-12)


def test_a_tied_matrix_gets_both_parts():
    first, second, total = (np.array(f["shares"]) != 0 for f in step("tied").figures)
    assert first.any(axis=1).all()
    assert second.any(axis=1).sum() == 1
    assert total.any(axis=1).all()


# ---- questions and challenges ----


def test_the_label_has_the_largest_gradient_and_two_classes_tie():
    assert answer("difference", DEFAULT_LIVE) == 0
    assert answer("difference", LIVES["ten"]) == 0
    for logits in ([0, 1], [1, 0], [0.5, -0.5], [3, 2.9]):
        for label in (0, 1):
            assert answer("difference", Live(("A", "B"), np.array(logits, float), label)) == 2


@ALL
def test_gradients_sum_to_zero_and_cross_entropy_pulls_harder(live):
    assert answer("balance", live) == 1
    assert answer("squared", live) == 1


def test_challenges_can_be_reached():
    half = with_logits(DEFAULT_LIVE, [0, 0, np.log(3), 0])
    assert done("half", half)
    path = gradient.descent(DEFAULT_LIVE, 20.0, 200)
    assert done("rest", with_logits(DEFAULT_LIVE, path.logits[-1]))
    assert done("turn", DEFAULT_LIVE, soften=0.8)
    assert done("overshoot", DEFAULT_LIVE, rate=20.0, aim_soft=True)
    assert done("even", with_logits(DEFAULT_LIVE, [1, 1, 2, 1]))


def test_a_challenge_is_not_won_by_the_temperature_alone():
    hot = dataclasses.replace(DEFAULT_LIVE, temperature=1000.0)
    assert not any(challenge.done for challenge in gradient.challenges(hot))
