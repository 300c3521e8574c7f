"""The small language model and its measure."""

import numpy as np
import pytest

import core
from core import bilinear


def problem(seed=0, num_classes=150, dim=4):
    rng = np.random.default_rng(seed)
    model = core.BilinearModel(*(rng.standard_normal(shape) for shape in ((num_classes, dim),) * 2 + ((num_classes,),)))
    return model, rng.integers(0, num_classes, (60, 2)), rng


@pytest.mark.parametrize("chunk", [1, 5000, 1 << 23])
@pytest.mark.parametrize("added", [False, True])
def test_evaluation_is_the_full_cross_entropy_whatever_the_chunk(monkeypatch, chunk, added):
    monkeypatch.setattr(bilinear, "CHUNK", chunk)
    model, pairs, rng = problem()
    add = rng.standard_normal(150) if added else 0.0
    logits = np.array([model.weights @ model.embedding[previous] + model.biases + add for previous, _ in pairs])
    found = core.evaluate(model, pairs, add=add)
    log_z = core.logsumexp(logits)
    want = core.Evaluation(
        core.sparse_cross_entropy(logits, pairs[:, 1]).mean(),
        log_z.mean(),
        log_z.std(),
        core.softmax(logits)[:, :100].sum(axis=1).mean(),
    )
    np.testing.assert_allclose(found, want)
    np.testing.assert_allclose(np.exp(model.log_probs(pairs[:, 0], add=add)), core.softmax(logits))


def test_evaluation_needs_pairs_and_a_model_that_is_whole():
    model, pairs, _ = problem()
    with pytest.raises(ValueError, match="pairs must hold"):
        core.evaluate(model, pairs[:0])
    model.biases[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        core.evaluate(model, pairs)


def test_the_start_is_seeded_and_tied_shares_the_embedding():
    one, two = (core.start_model(50, 8, tied=tied, rng=np.random.default_rng(5)) for tied in (False, True))
    np.testing.assert_array_equal(one.embedding, two.embedding)
    assert two.tied
    assert not one.tied
    assert {array.dtype for array in (*one, *two)} == {np.dtype(np.float32)}
    assert core.start_model(50, 8, bias=-2.0, rng=np.random.default_rng(5)).biases.tolist() == [-2.0] * 50


@pytest.mark.parametrize("tied", [False, True])
def test_a_saved_model_comes_back_in_half_the_bytes(tmp_path, tied):
    model = core.start_model(1000, 8, tied=tied, rng=np.random.default_rng(0))
    path = tmp_path / "deep" / "model.npz"
    core.save_model(model, path)
    back = core.load_model(path)
    assert back.tied == tied
    for want, got in zip(model, back, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-6)
    assert path.stat().st_size < 2 * 1000 * (8 if tied else 16) + 2 * 1000 + 1500
