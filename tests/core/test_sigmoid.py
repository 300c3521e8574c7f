"""One yes-or-no question a logit."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import core
from tests import reference

numbers = st.floats(-30, 30, allow_subnormal=False)


@given(numbers, st.floats(0, 1))
def test_loops_agree(logit, label):
    assert core.sigmoid(logit) == pytest.approx(reference.sigmoid(logit), rel=1e-12)
    want = reference.sigmoid_cross_entropy(logit, label)
    assert core.sigmoid_cross_entropy(logit, label) == pytest.approx(want, rel=1e-9, abs=1e-12)


@given(numbers, st.floats(0, 1))
def test_gradient_by_central_differences(logit, label):
    want = reference.slope(lambda at: float(core.sigmoid_cross_entropy(at[0], label)), [logit])
    assert core.sigmoid_cross_entropy_grad(logit, label) == pytest.approx(want[0], abs=1e-6)


@given(st.lists(st.floats(-1000, 1000), min_size=1))
def test_scipy_agrees(logits):
    np.testing.assert_allclose(core.sigmoid(logits), scipy.special.expit(logits), rtol=1e-12, atol=1e-307)
    np.testing.assert_allclose(core.log_sigmoid(logits), scipy.special.log_expit(logits), rtol=1e-12)


@given(numbers)
def test_is_softmax_of_the_logit_and_zero(logit):
    assert core.sigmoid(logit) == pytest.approx(core.softmax([logit, 0.0])[0], rel=1e-12)
    assert core.log_sigmoid(logit) == pytest.approx(core.log_softmax([logit, 0.0])[0], rel=1e-9, abs=1e-15)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_extremes(dtype):
    huge = np.finfo(dtype).max
    logits = np.array([-np.inf, -huge, 0, huge, np.inf], dtype)
    np.testing.assert_array_equal(core.sigmoid(logits), np.array([0, 0, 0.5, 1, 1], dtype))
    with np.errstate(all="raise"):
        loss = core.sigmoid_cross_entropy(logits, np.array([0, 0, 0, 1, 1], dtype))
        np.testing.assert_allclose(loss, [0, 0, np.log(2), 0, 0], rtol=1e-3)
        loss = core.sigmoid_cross_entropy(logits, np.array([1, 1, 0, 0, 0], dtype))
        np.testing.assert_allclose(loss, [np.inf, huge, np.log(2), huge, np.inf], rtol=1e-3)
    grad = core.sigmoid_cross_entropy_grad(logits, np.array([1, 1, 0, 0, 0], dtype))
    np.testing.assert_array_equal(grad, np.array([-1, -1, 0.5, 1, 1], dtype))
    assert loss.dtype == grad.dtype == core.log_sigmoid(logits).dtype == dtype
    np.testing.assert_allclose(core.log_sigmoid(logits)[:2], [-np.inf, -huge])
