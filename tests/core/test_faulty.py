"""Trainings with one fault: each leaves in the curve what is said of it, for whatever seed, and mended it does not."""

from functools import cache

import numpy as np
import pytest

import core
from core import faulty

SEEDS = (0, 1, 2)
LN_10, LN_27, CEILING = np.log(10), np.log(27), -np.log(1e-7)
each_seed = pytest.mark.parametrize("seed", SEEDS)


@cache
def run(fault, seed, mended=False):
    return faulty.train(fault, seed=seed, mended=mended)


def losses(fault, seed, mended=False):
    return run(fault, seed, mended).losses


def test_every_fault_is_of_the_text_the_start_the_rate_or_the_loss():
    assert len(faulty.RECIPES) >= 14
    made = {*faulty.LOSSES, *faulty.SAMPLED, *faulty.MENDED, "unshifted", "shuffled"}
    assert made == set(faulty.RECIPES) - {"healthy"}


@pytest.mark.parametrize("fault", faulty.RECIPES)
@pytest.mark.filterwarnings("error")
def test_a_training_is_the_same_again_and_another_with_another_seed(fault):
    few = faulty.train(fault, seed=1, num_steps=5).losses
    assert few.shape == (5,)
    np.testing.assert_array_equal(few, losses(fault, 1)[:5])
    if fault != "range":
        assert not np.array_equal(few, losses(fault, 2)[:5], equal_nan=True)


@pytest.mark.parametrize("fault", faulty.RECIPES)
@each_seed
def test_mended_every_training_ends_near_the_entropy_of_the_text(fault, seed):
    mended = losses(fault, seed, mended=True)
    best = faulty.recipe(fault, mended=True).entropy
    assert np.isfinite(mended).all()
    end = mended[-len(mended) // 4 :].mean()
    assert best - 0.15 < end < best + (1.0 if fault == "epsilon" else 0.4)


def test_entropy_is_what_is_left_to_learn():
    recipe = faulty.recipe("rising")
    rows = np.full((10, 10), recipe.noise / 10) + (1 - recipe.noise) * np.roll(np.eye(10), 1, axis=1)
    np.testing.assert_allclose(core.entropy(rows), recipe.entropy)


@each_seed
def test_item_24_a_healthy_start_is_ln_v(seed):
    assert losses("healthy", seed)[0] == pytest.approx(LN_10)
    assert losses("bad_start", seed, mended=True)[0] == pytest.approx(LN_27)


@each_seed
def test_item_24_a_bad_start_costs_ten_times_as_much(seed):
    assert 25 < losses("bad_start", seed)[0] < 36


@each_seed
def test_item_21_softmax_twice_stops_at_its_floor(seed):
    floor = core.double_softmax_range(10)[0]
    assert floor == pytest.approx(1.4612, abs=5e-5)
    curve = losses("twice", seed)
    assert curve.min() > floor
    assert curve[-50:].mean() == pytest.approx(floor, abs=0.05)


@each_seed
def test_item_23_epsilon_holds_the_loss_at_its_ceiling(seed):
    assert pytest.approx(16.118, abs=5e-4) == CEILING
    curve = losses("epsilon", seed)
    assert curve.max() <= CEILING + 1e-4
    assert np.median(curve[-50:]) == pytest.approx(CEILING, rel=0.01)
    assert losses("epsilon", seed, mended=True)[0] > 3 * CEILING  # and that is where it really is


@each_seed
def test_item_29_sampled_softmax_starts_at_the_log_of_one_plus_k(seed):
    assert losses("sampled", seed)[0] == pytest.approx(np.log(1001), abs=2e-3)  # hits are removed
    assert losses("sampled", seed, mended=True)[0] == pytest.approx(np.log(10_000))


@each_seed
def test_item_38_nce_starts_in_the_thousands(seed):
    first = losses("nce", seed)[0]
    assert first == pytest.approx(1000 * np.log1p(10) + np.log1p(0.1))
    assert losses("nce", seed)[-10:].mean() < first / 5


@each_seed
def test_item_34_an_accidental_hit_leaves_ln_2(seed):
    curve = losses("hit", seed)
    assert curve[0] == pytest.approx(np.log(11))
    assert curve.min() > np.log(2)
    assert curve[-50:].mean() == pytest.approx(np.log(2), abs=0.1)


@each_seed
def test_item_20_labels_not_shifted_go_below_what_is_possible(seed):
    assert losses("unshifted", seed)[-50:].max() < 0.01 < faulty.recipe("unshifted").entropy / 10


@each_seed
def test_item_19_all_ignored_is_nan_and_the_training_goes_on(seed):
    curve = losses("ignored", seed)
    gaps = np.flatnonzero(np.isnan(curve))
    assert 5 < len(gaps) < 50
    after = curve[gaps[0] + 1 :]
    assert np.nanmean(after[-50:]) < 0.3


@each_seed
def test_item_9_float16_overflows_and_never_comes_back(seed):
    curve = losses("float16", seed)
    end = int(np.flatnonzero(~np.isfinite(curve))[0])
    assert 20 < end < 190
    assert np.isnan(curve[end + 2 :]).all()
    np.testing.assert_array_equal(curve[:end].astype(np.float16), curve[:end])


@each_seed
def test_item_18_an_id_out_of_range_is_nan_at_once(seed):
    assert np.isnan(losses("range", seed)).all()
    assert losses("range", seed, mended=True)[0] == pytest.approx(np.log(11))


@each_seed
def test_item_25_the_loss_rises_and_the_accuracy_stays(seed):
    curve, accuracies = run("rising", seed)
    lowest = int(curve.argmin())
    assert 3 < lowest < 100
    assert curve[-1] > 1.4 * curve[lowest]
    assert abs(accuracies[-1] - accuracies[lowest]) < 0.03


@each_seed
def test_a_learning_rate_too_high_goes_above_the_start(seed):
    curve = losses("fast", seed)
    assert curve.max() > 2 * LN_10
    assert curve[-50:].std() > 0.5


@each_seed
def test_shuffled_labels_teach_nothing(seed):
    np.testing.assert_allclose(losses("shuffled", seed), LN_10, rtol=0.06)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match=r"fault must be one of healthy, twice.*got 'typo'"):
        faulty.train("typo")
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        faulty.train("healthy", num_steps=0)
