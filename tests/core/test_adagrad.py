"""Adagrad on the rows touched, and on all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core


@given(st.integers(0, 2**32 - 1), st.sampled_from([(5,), (5, 3)]), st.sampled_from([np.float32, np.float64]))
def test_rows_and_all_agree_with_a_loop(seed, shape, dtype):
    rng = np.random.default_rng(seed)
    start = rng.standard_normal(shape).astype(dtype)
    ids = rng.permutation(5)[: rng.integers(1, 6)]
    sparse, sparse_squares = start.copy(), np.full(shape, 0.1, dtype)
    dense, dense_squares = start.copy(), np.full(shape, 0.1, dtype)
    want, squares = start.astype(np.float64), np.full(shape, 0.1)
    for _ in range(3):
        grad = np.zeros(shape, dtype)
        grad[ids] = rng.standard_normal(grad[ids].shape)
        core.adagrad_update(sparse, sparse_squares, ids, grad[ids], learning_rate=0.5)
        core.adagrad_update_all(dense, dense_squares, grad, learning_rate=0.5)
        for place in np.ndindex(shape):
            squares[place] += float(grad[place]) ** 2
            want[place] -= 0.5 * float(grad[place]) / squares[place] ** 0.5
    for got, got_squares in ((sparse, sparse_squares), (dense, dense_squares)):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(got_squares, squares, rtol=1e-5)
    untouched = np.setdiff1d(np.arange(5), ids)
    np.testing.assert_array_equal(sparse[untouched], start[untouched])


def test_many_blocks_are_one():
    grad = np.random.default_rng(0).standard_normal((5000, 64)).astype(np.float32)
    whole, squares = np.zeros_like(grad), np.full_like(grad, 0.1)
    core.adagrad_update_all(whole, squares, grad, learning_rate=1.0)
    np.testing.assert_allclose(whole, -grad / np.sqrt(0.1 + grad**2), rtol=1e-6)


@pytest.mark.parametrize(
    ("ids", "rows", "said"),
    [
        ([0, 0], np.ones((2, 2)), "different ids"),
        ([4], np.ones((1, 2)), "ids"),
        ([1], [[np.nan, 1.0]], "must be finite"),
    ],
)
def test_a_refused_step_changes_nothing(ids, rows, said):
    parameters, squares = np.zeros((4, 2)), np.ones((4, 2))
    with pytest.raises(ValueError, match=said):
        core.adagrad_update(parameters, squares, ids, rows, learning_rate=1.0)
    assert not parameters.any()
    assert (squares == 1).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="squares must"):
        core.adagrad_update(np.zeros((4, 2)), np.ones(4), [0], np.ones((1, 2)), learning_rate=1.0)
    with pytest.raises(ValueError, match="grad must"):
        core.adagrad_update_all(np.zeros((4, 2)), np.ones((4, 2)), np.ones((3, 2)), learning_rate=1.0)
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        core.adagrad_update_all(np.zeros(4), np.ones(4), np.ones(4), learning_rate=0.0)
