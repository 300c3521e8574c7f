"""Item 46: what logits of a low rank can't say."""

import numpy as np
import pytest

import core


def test_the_log_probabilities_of_a_model_have_a_rank_of_at_most_dim_plus_one():
    rng = np.random.default_rng(0)
    for dim in (1, 3, 7):
        embedding, weights = rng.standard_normal((40, dim)), rng.standard_normal((30, dim))
        log_probs = core.log_softmax(embedding @ weights.T)
        assert np.linalg.matrix_rank(log_probs) == dim + 1
        biased = core.log_softmax(core.dense(embedding, weights, rng.standard_normal(30)))
        assert np.linalg.matrix_rank(biased) == dim + 2
        made = core.low_rank_losses(log_probs, dim + 2)
        assert made.losses[dim] == pytest.approx(made.floor)  # so this dim is enough, and one less is not
        assert made.losses[dim - 1] > made.floor + 1e-4


def test_low_rank_is_the_nearest_of_its_rank():
    rng = np.random.default_rng(1)
    log_probs = core.log_softmax(2 * rng.standard_normal((12, 9)))
    made = core.low_rank_losses(log_probs, 9)
    centred = log_probs - log_probs.mean(axis=1, keepdims=True)
    for dim in range(10):
        logits = core.low_rank(log_probs, dim)
        assert np.linalg.matrix_rank(logits) == min(dim, 8)
        assert made.errors[dim] == pytest.approx(np.sqrt(np.mean((centred - logits) ** 2)), abs=1e-12)
        loss = core.cross_entropy(logits, np.exp(log_probs)).mean()
        assert made.losses[dim] == pytest.approx(loss)
        for _ in range(5):  # no other of its rank is nearer
            left, right = rng.standard_normal((12, dim)), rng.standard_normal((dim, 9))
            near = core.low_rank(logits + 0.05 * left @ right, dim) if dim else logits
            assert np.mean((centred - near) ** 2) >= made.errors[dim] ** 2 - 1e-12
    assert (np.diff(made.errors[:9]) < 0).all()
    assert made.losses[0] == pytest.approx(np.log(9))
    assert made.losses[-1] == pytest.approx(made.floor)
    np.testing.assert_allclose(core.softmax(core.low_rank(log_probs, 8)), np.exp(log_probs))


def test_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match="log_probs must be finite"):
        core.low_rank([[0.0, -np.inf]], 1)
    with pytest.raises(ValueError, match="log_probs must be finite"):
        core.low_rank([0.0, 0.0], 1)
    with pytest.raises(ValueError, match="dim must"):
        core.low_rank([[0.0, 0.0]], -1)
