"""The stored predictions are what their README says they are."""

import re
from pathlib import Path

import numpy as np
import pytest

import core

DATA = Path(__file__).parents[2] / "data"
STORED = np.load(DATA / "digits" / "predictions.npz")
SIZES = {"train": 50, "validation": 747, "test": 1000}


def test_they_are_few_bytes_and_plain_arrays():
    assert (DATA / "digits" / "predictions.npz").stat().st_size < 60_000
    assert set(STORED.files) == {f"{part}_{what}" for part in SIZES for what in ("logits", "labels")}


@pytest.mark.parametrize("part", SIZES)
def test_shapes_dtypes_and_range(part):
    logits, labels = STORED[f"{part}_logits"], STORED[f"{part}_labels"]
    assert (logits.shape, logits.dtype) == ((SIZES[part], 10), np.float32)
    assert (labels.shape, labels.dtype) == ((SIZES[part],), np.uint8)
    assert np.isfinite(logits).all()
    np.testing.assert_array_equal(logits, np.round(logits.astype(np.float64), 3).astype(np.float32))
    assert set(labels.tolist()) == set(range(10))


def test_five_of_each_digit_were_learnt():
    np.testing.assert_array_equal(np.bincount(STORED["train_labels"]), [5] * 10)


@pytest.mark.parametrize("part", SIZES)
def test_the_readme_says_how_right_and_how_sure(part):
    logits, labels = STORED[f"{part}_logits"].astype(np.float64), STORED[f"{part}_labels"]
    row = re.search(rf"\| {part} \| (.+?) % \| (.+?) % \| (.+?) \|", (DATA / "README.md").read_text(encoding="utf-8"))
    right, confidence, loss = map(float, row.groups())
    assert right == pytest.approx(100 * (logits.argmax(axis=-1) == labels).mean(), abs=0.05)
    assert confidence == pytest.approx(100 * core.softmax(logits).max(axis=-1).mean(), abs=0.05)
    assert loss == pytest.approx(core.sparse_cross_entropy(logits, labels, reduction="mean"), abs=5e-6)


def test_every_file_of_data_is_explained_and_has_the_script_that_made_it():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    files = [path for path in DATA.rglob("*") if path.suffix not in {".py", ".pyc"} and path.is_file()]
    stored = [path for path in files if path.name != "README.md"]
    assert stored
    for path in stored:
        assert path.relative_to(DATA).as_posix() in readme
        assert (path.parent / "make.py").is_file()
    assert "CC BY 4.0" in readme
