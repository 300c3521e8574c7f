"""The statistics that the lessons may claim: which estimator is off, by how much, and which is not."""

import re
import time

import numpy as np
import pytest

import core

MODEL = core.zipf_model(rng=np.random.default_rng(0))
LOG_UNIFORM, UNIFORM = core.LogUniformSampler(10_000), core.UniformSampler(10_000)
REPLACED, KEPT = {"unique": False}, {"remove_accidental_hits": False}
NO_LOG_Q, IMPORTANCE = {"subtract_log_q": False}, {"loss": "importance_softmax"}

ESTIMATORS = {
    "uniform": (UNIFORM, {}),
    "no log Q": (LOG_UNIFORM, NO_LOG_Q),
    "TensorFlow's": (LOG_UNIFORM, {}),
    "hits kept": (LOG_UNIFORM, KEPT),
    "importance": (LOG_UNIFORM, IMPORTANCE),
    "replaced, no log Q": (LOG_UNIFORM, REPLACED | NO_LOG_Q),
    "replaced": (LOG_UNIFORM, REPLACED),
    "replaced, hits kept": (LOG_UNIFORM, REPLACED | KEPT),
    "own softmax": (None, IMPORTANCE),
}
LOSS_BIAS = {
    "uniform": (-5.71, -4.13, -2.23),
    "no log Q": (-3.80, -1.63, -0.76),
    "TensorFlow's": (-4.93, -2.47, -0.87),
    "hits kept": (-4.92, -2.46, -0.86),
    "importance": (-0.12, -0.01, 0.0),
    "replaced, no log Q": (-3.68, -0.70, 1.57),
    "replaced": (-4.93, -2.33, -0.05),
    "replaced, hits kept": (-4.92, -2.31, -0.04),
    "own softmax": (0.0, 0.0, 0.0),
}
GRAD_BIAS = {
    "uniform": (0.79, 0.43, 0.14),
    "no log Q": (0.425, 0.215, 0.072),
    "TensorFlow's": (0.42, 0.052, 0.003),
    "hits kept": (0.425, 0.058, 0.023),
    "importance": (0.06, 0.006, 0.0),
    "replaced, no log Q": (0.42, 0.41, 0.42),
    "replaced": (0.425, 0.069, 0.028),
    "replaced, hits kept": (0.428, 0.067, 0.008),
    "own softmax": (0.0, 0.0, 0.0),
}
"""At 5, 100 and 1,000 of 10,000 classes."""


@pytest.fixture(scope="module")
def errors():
    table = {}
    for name, (sampler, settings) in ESTIMATORS.items():
        for place, num_sampled in enumerate((5, 100, 1000)):
            num_draws = 20 if name == "own softmax" and num_sampled == 1000 else 60
            rng = np.random.default_rng(7)
            table[name, place] = core.sampling_error(
                *MODEL, sampler, num_sampled, num_draws=num_draws, rng=rng, **settings
            )
    return table


def test_the_model(errors):
    full = errors["uniform", 0].full_loss
    assert full == pytest.approx(6.17, abs=0.005)
    assert full < np.log(10_000) - 3
    logits = core.dense(MODEL.inputs, MODEL.weights, MODEL.biases)
    assert full == pytest.approx(float(core.sparse_cross_entropy(logits, MODEL.labels[:, 0]).mean()))
    assert np.bincount(MODEL.labels[:, 0] // 100).argmax() == 0  # labels are as skewed as the sampler thinks
    again = core.zipf_model(rng=np.random.default_rng(0))
    for one, other in zip(MODEL, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_table(errors, name):
    for place in range(3):
        error = errors[name, place]
        noise = error.loss_spread / len(error.losses) ** 0.5
        assert error.loss_bias == pytest.approx(LOSS_BIAS[name][place], abs=0.02 + 4 * noise)
        noise = error.grad_spread / len(error.losses) ** 0.5
        assert error.grad_bias == pytest.approx(GRAD_BIAS[name][place], abs=0.006 + noise)


def test_item_29_tensorflows_loss_is_no_estimate_of_the_full_one_and_has_a_formula():
    """log(1 + E_y · sum_j exp(z_j - z_y) / E_j · P(j is drawn)) ≈ log(1 + E_y (sum_j exp(z_j - z_y) - 1))."""
    sampler, rng = core.LogUniformSampler(10_000), np.random.default_rng(3)
    logits = core.dense(MODEL.inputs, MODEL.weights, MODEL.biases)
    values = sampler.sample(MODEL.labels, 1000, rng=rng)
    full = core.sparse_cross_entropy(logits, MODEL.labels[:, 0])
    formula = np.log1p(values.true_expected_count[:, 0] * np.expm1(full)).mean()
    error = core.sampling_error(*MODEL, sampler, 1000, num_draws=30, rng=rng)
    assert error.losses.mean() == pytest.approx(formula, abs=0.03)
    assert error.loss_bias < -0.5


def test_item_35_without_log_q_the_gradient_stays_wrong_for_ever_with_replacement(errors):
    replaced = [errors["replaced, no log Q", place].grad_bias for place in range(3)]
    assert min(replaced) > 0.4
    unique = [errors["no log Q", place].grad_bias for place in range(3)]
    assert unique == sorted(unique, reverse=True)  # fades, as the sample becomes the whole vocabulary
    assert all(errors["TensorFlow's", place].grad_bias < unique[place] / 3 for place in (1, 2))


def test_item_34_removing_hits_is_right_for_unique_samples_and_wrong_with_replacement(errors):
    assert errors["TensorFlow's", 2].grad_bias < errors["hits kept", 2].grad_bias / 3
    assert errors["replaced, hits kept", 2].grad_bias < errors["replaced", 2].grad_bias / 2


def test_item_36_the_models_own_softmax_is_exact_in_its_loss_and_noisy_in_its_gradient(errors):
    for place, num_sampled in enumerate((5, 100, 1000)):
        error = errors["own softmax", place]
        np.testing.assert_allclose(error.losses, error.full_loss, rtol=1e-12)
        assert error.grad_spread == pytest.approx(1 / num_sampled**0.5, rel=0.1)


def test_item_37_noise_falls_with_the_root_of_num_sampled(errors):
    spreads = [errors["importance", place].grad_spread for place in range(3)]
    assert spreads[0] / spreads[1] == pytest.approx(20**0.5, rel=0.25)
    better = core.sampling_error(*MODEL, LOG_UNIFORM, 100, num_draws=50, rng=np.random.default_rng(0), **IMPORTANCE)
    worse = core.sampling_error(*MODEL, UNIFORM, 500, num_draws=50, rng=np.random.default_rng(0), **IMPORTANCE)
    assert better.loss_spread < worse.loss_spread  # a better sampler beats more samples
    assert abs(better.loss_bias) < abs(worse.loss_bias)


def test_item_32_shuffled_ids_make_the_sampler_worse_not_log_q_wrong():
    order = np.random.default_rng(5).permutation(10_000)  # class c gets the id order[c]
    weights, biases = np.empty_like(MODEL.weights), np.empty_like(MODEL.biases)
    weights[order], biases[order] = MODEL.weights, MODEL.biases
    shuffled = weights, biases, order[MODEL.labels], MODEL.inputs
    sorted_, mixed = (
        core.sampling_error(*model, LOG_UNIFORM, 1000, num_draws=40, rng=np.random.default_rng(0))
        for model in (MODEL, shuffled)
    )
    assert mixed.full_loss == pytest.approx(sorted_.full_loss, rel=1e-12)
    assert mixed.grad_spread > 3 * sorted_.grad_spread


def nce_cosines(log_z):
    """Of the expected gradient with the inputs' full gradient, at 1, 5, 25, 100 and 1,000 noise classes."""
    logits = core.dense(MODEL.inputs, MODEL.weights, MODEL.biases)
    logits = logits - core.logsumexp(logits)[:, None] + log_z
    rows = core.one_hot(MODEL.labels[:, 0], 10_000)
    full = (core.softmax(logits) - rows) @ MODEL.weights
    cosines = []
    for num_sampled in (1, 5, 25, 100, 1000):
        grad = core.nce_expected_grad(logits, rows, LOG_UNIFORM.probs(), num_sampled) @ MODEL.weights
        cosines.append((grad * full).sum() / np.linalg.norm(grad) / np.linalg.norm(full))
    return cosines


def test_item_39_nce_points_the_right_way_if_the_model_is_normalised():
    """If not, more noise classes do not help: u - p has a push too many on every class that is probable."""
    cosines = nce_cosines(log_z=0.0)
    assert cosines == sorted(cosines)
    np.testing.assert_allclose(cosines, [0.859, 0.945, 0.988, 0.998, 1], atol=2e-3)
    astray = nce_cosines(log_z=1.77)
    np.testing.assert_allclose(astray, [0.644, 0.651, 0.622, 0.602, 0.597], atol=2e-3)


def test_nce_by_drawing_agrees_with_its_formula():
    logits = core.dense(MODEL.inputs, MODEL.weights, MODEL.biases)
    rows = core.one_hot(MODEL.labels[:, 0], 10_000)
    grad = core.nce_expected_grad(logits, rows, LOG_UNIFORM.probs(), 100) @ MODEL.weights
    full = (core.softmax(logits) - rows) @ MODEL.weights
    cosine = (grad * full).sum() / np.linalg.norm(grad) / np.linalg.norm(full)
    bias = np.linalg.norm(grad - full) / np.linalg.norm(full)
    settings = {"loss": "nce", "unique": False, "remove_accidental_hits": False}
    drawn = core.sampling_error(*MODEL, LOG_UNIFORM, 100, num_draws=200, rng=np.random.default_rng(0), **settings)
    assert drawn.grad_cosine == pytest.approx(cosine, abs=0.02)
    assert drawn.grad_bias == pytest.approx(bias, rel=0.03)


def test_a_seed_repeats_the_study():
    one, again, other = (
        core.sampling_error(*MODEL, LOG_UNIFORM, 20, num_draws=5, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.losses, again.losses)
    assert one.grad_bias == again.grad_bias
    assert (one.losses != other.losses).all()


def test_it_is_fast_enough_for_a_page():
    """200 draws among 10,000 classes; about a tenth of a second, and this is a busy machine."""
    start = time.process_time()
    core.sampling_error(*MODEL, LOG_UNIFORM, 100, num_draws=200, rng=np.random.default_rng(0))
    assert time.process_time() - start < 1


def test_expected_grad_of_rows_and_of_what_is_never_noise():
    logits = np.log([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]])
    p, q = np.array([[1.0, 0, 0], [0.5, 0.5, 0]]), np.array([0.5, 0.5, 0])
    got = core.nce_expected_grad(logits, p, q, 4)
    for row in range(2):
        np.testing.assert_array_equal(got[row], core.nce_expected_grad(logits[row], p[row], q, 4))
    assert not got[:, 2].any()
    np.testing.assert_array_equal(core.nce_expected_grad(logits, p, [q, q], 4), got)
    u = np.exp(logits[:, :2])
    np.testing.assert_allclose(got[:, :2], 4 * q[:2] / (u + 4 * q[:2]) * (u - p[:, :2]))


WEIGHTS, BIASES, LABELS, INPUTS = MODEL


@pytest.mark.parametrize(
    ("message", "model", "sampler", "settings"),
    [
        ("loss must be one of", MODEL, LOG_UNIFORM, {"loss": "hinge"}),
        ("sampler must be given for loss='nce'", MODEL, None, {"loss": "nce"}),
        ("sampler must be given", MODEL, None, {}),
        ("sampler must have the 10000 classes", MODEL, core.UniformSampler(9), {}),
        ("num_draws must be at least 2, got 1", MODEL, LOG_UNIFORM, {"num_draws": 1}),
        ("labels must have shape (64, 1)", (WEIGHTS, BIASES, LABELS[:9], INPUTS), LOG_UNIFORM, {}),
        ("labels must have shape (64, 1)", (WEIGHTS, BIASES, np.tile(LABELS, 2), INPUTS), LOG_UNIFORM, {}),
        ("labels[:, None]", (WEIGHTS, BIASES, LABELS[:, 0], INPUTS), LOG_UNIFORM, {}),
        ("inputs must have shape [batch_size, dim]", (WEIGHTS, BIASES, LABELS, INPUTS[0]), LOG_UNIFORM, {}),
        ("logits must not be NaN", (WEIGHTS, BIASES * np.nan, LABELS, INPUTS), LOG_UNIFORM, {}),
        ("full gradient zero", (WEIGHTS * 0, BIASES, LABELS, INPUTS), LOG_UNIFORM, {}),
        ("num_sampled must be at least 1", MODEL, None, IMPORTANCE | {"num_sampled": 0}),
        ("num_sampled must be at most 10000", MODEL, LOG_UNIFORM, {"num_sampled": 10_001}),
        ("rng must be a generator", MODEL, LOG_UNIFORM, {"rng": 3}),
    ],
)
def test_bad_input_is_answered(message, model, sampler, settings):
    settings = {"num_sampled": 5, "num_draws": 2, "rng": np.random.default_rng(0)} | settings
    with pytest.raises(ValueError, match=re.escape(message)):
        core.sampling_error(*model, sampler, **settings)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("label_probs must sum to one", lambda: core.nce_expected_grad([0.0, 0], [0.5, 0.6], [0.5, 0.5], 1)),
        ("label_probs must have shape", lambda: core.nce_expected_grad([0.0, 0], [1.0], [0.5, 0.5], 1)),
        ("noise_probs must sum to one", lambda: core.nce_expected_grad([0.0, 0], [0.5, 0.5], [0.5, 0.6], 1)),
        ("noise_probs must have shape", lambda: core.nce_expected_grad([0.0, 0], [0.5, 0.5], [1.0], 1)),
        ("num_sampled must be at least 1", lambda: core.nce_expected_grad([0.0, 0], [0.5, 0.5], [0.5, 0.5], 0)),
        ("logits must not be NaN", lambda: core.nce_expected_grad([0.0, np.nan], [0.5, 0.5], [0.5, 0.5], 1)),
        ("num_classes must be at least 1", lambda: core.zipf_model(0, rng=np.random.default_rng(0))),
        ("batch_size must be at least 1", lambda: core.zipf_model(batch_size=0, rng=np.random.default_rng(0))),
        ("rng must be a generator", lambda: core.zipf_model(5, rng=0)),
    ],
)
def test_more_bad_input_is_answered(message, call):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
