"""Adam: two steps by hand, PyTorch's, and what its correction is for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core


def test_two_steps_by_hand():
    parameters = {"weights": np.array([1.0])}
    adam = core.adam_init(parameters)
    options = {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.01}
    parameters, adam = core.adam_update(parameters, {"weights": np.array([2.0])}, adam, **options)
    # mean 1, over 1 - .5 is 2; square 1, over 1 - .75 is 4; 1 - .1 · 2 / (2 + .01)
    assert parameters["weights"][0] == pytest.approx(1 - 0.2 / 2.01, rel=1e-15)
    assert (adam.step, adam.means["weights"][0], adam.squares["weights"][0]) == (1, 1.0, 1.0)
    before = parameters["weights"][0]
    parameters, adam = core.adam_update(parameters, {"weights": np.array([-1.0])}, adam, **options)
    # mean .5 · 1 + .5 · -1 = 0: no step, whatever the square
    assert parameters["weights"][0] == before
    assert (adam.step, adam.means["weights"][0], adam.squares["weights"][0]) == (2, 0.0, 1.0)


def test_torch_agrees():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    parameters = {"weights": rng.normal(size=(3, 2)), "biases": rng.normal(size=3)}
    theirs = [torch.nn.Parameter(torch.tensor(array)) for array in parameters.values()]
    optimiser = torch.optim.Adam(theirs, lr=0.05, betas=(0.8, 0.99), eps=1e-6)
    adam = core.adam_init(parameters)
    for _ in range(10):
        grads = {name: rng.normal(size=array.shape) for name, array in parameters.items()}
        for parameter, grad in zip(theirs, grads.values(), strict=True):
            parameter.grad = torch.tensor(grad)
        optimiser.step()
        parameters, adam = core.adam_update(
            parameters, grads, adam, learning_rate=0.05, beta_1=0.8, beta_2=0.99, epsilon=1e-6
        )
    for ours, parameter in zip(parameters.values(), theirs, strict=True):
        np.testing.assert_allclose(ours, parameter.detach(), rtol=1e-12)


@given(st.floats(-1e6, 1e6).filter(lambda grad: abs(grad) > 1e-3), st.floats(1e-4, 1))
def test_the_first_step_has_the_length_of_the_learning_rate(grad, learning_rate):
    parameters = {"weights": np.zeros(1)}
    moved, _ = core.adam_update(
        parameters, {"weights": np.array([grad])}, core.adam_init(parameters), learning_rate=learning_rate
    )
    assert moved["weights"][0] == pytest.approx(-np.sign(grad) * learning_rate, rel=1e-4)


def test_it_changes_nothing_in_place_and_keeps_float32():
    parameters = {"weights": np.ones(2, np.float32)}
    adam = core.adam_init(parameters)
    moved, later = core.adam_update(parameters, {"weights": np.ones(2, np.float32)}, adam, learning_rate=0.1)
    assert moved["weights"].dtype == later.means["weights"].dtype == later.squares["weights"].dtype == np.float32
    np.testing.assert_array_equal(parameters["weights"], 1)
    np.testing.assert_array_equal(adam.means["weights"], 0)
    assert adam.step == 0


def test_bad_arguments_are_named():
    parameters = {"weights": np.ones(2)}
    adam = core.adam_init(parameters)
    grads = {"weights": np.ones(2)}
    with pytest.raises(ValueError, match="learning_rate must be positive, got 0"):
        core.adam_update(parameters, grads, adam, learning_rate=0)
    with pytest.raises(ValueError, match="epsilon must be positive, got -1"):
        core.adam_update(parameters, grads, adam, learning_rate=1, epsilon=-1)
    with pytest.raises(ValueError, match=r"beta_1 must be in \[0, 1\), got 1"):
        core.adam_update(parameters, grads, adam, learning_rate=1, beta_1=1)
    with pytest.raises(ValueError, match=r"grads must have the names .*\['weights'\], got \['biases'\]"):
        core.adam_update(parameters, {"biases": np.ones(2)}, adam, learning_rate=1)
    with pytest.raises(ValueError, match=r"grads\['weights'\] must have shape \(2,\)"):
        core.adam_update(parameters, {"weights": np.ones(3)}, adam, learning_rate=1)
