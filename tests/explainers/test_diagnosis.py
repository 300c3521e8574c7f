"""What is found in two arrays, and what a call makes of them: held to what the frameworks answered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

import core
from explainers import clinic
from explainers.diagnosis import CALLS, SAID, USE, RefusedError, called, diagnose, kind_of, reduced
from explainers.paste import Pasted, read

EACH = [(case, call) for case in clinic.CASES for call in CALLS]
LOGITS = np.array([[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]])
LABELS = np.array([2, 0])


def pasted(array):
    array = np.asarray(array)
    return Pasted(array.astype(np.float64 if array.dtype.kind == "f" else np.int64), "list")


def found(predictions, labels, call="torch_cross_entropy", **options):
    return diagnose(pasted(predictions), pasted(labels), call=call, **options)


def test_there_are_answers_to_compare_with():
    assert len(clinic.CASES) >= 15
    assert (
        {asked.framework for asked in CALLS.values()} == {"numpy", "tensorflow", "keras", "torch", "optax"} == set(USE)
    )
    assert set(clinic.recorded()["versions"]) >= set(USE)


@pytest.mark.parametrize(("case", "call"), EACH)
def test_a_call_gives_what_the_framework_gave(case, call):
    said = clinic.recorded()["cases"][f"clinic/{case}/{call}"]
    arrays = clinic.CASES[case].arrays
    if "error" in said:
        with pytest.raises(RefusedError):
            called(call, *arrays)
        return
    value = reduced(call, called(call, *arrays), arrays[1])
    np.testing.assert_allclose(value, float(said["value"]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("framework", USE)
@pytest.mark.parametrize("case", clinic.CASES)
def test_the_call_to_use_gives_the_right_loss_in_the_framework(case, framework):
    diagnosis = clinic.CASES[case].found()
    key = f"clinic/{case}/use/{framework}"
    if not diagnosis.use:
        assert key not in clinic.recorded()["cases"]
        return
    said = clinic.recorded()["cases"][key]
    np.testing.assert_allclose(diagnosis.right, float(said["value"]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", clinic.CASES)
def test_each_case_has_its_diagnosis(case):
    assert clinic.CASES[case].finding in clinic.CASES[case].found().codes


@pytest.mark.parametrize("case", clinic.CASES)
def test_the_fixes_make_what_the_loss_comes_from(case):
    """Each line is an assignment of NumPy; what they say is done is done."""
    diagnosis = clinic.CASES[case].found()
    if not diagnosis.use:
        return
    made = dict(zip(("predictions", "labels"), clinic.CASES[case].arrays, strict=True))
    for line in diagnosis.fixes:
        name, code = line.split(" = ")
        with np.errstate(divide="ignore"):
            made[name] = FIXES[code](made)
    np.testing.assert_array_equal(made["logits"], diagnosis.logits)
    np.testing.assert_array_equal(made["labels"], diagnosis.targets)


FIXES = {
    "labels - 1": lambda given: given["labels"] - 1,
    "labels.astype(int)": lambda given: given["labels"].astype(int),
    "labels.astype(np.float32)": lambda given: given["labels"].astype(np.float32),
    "labels.reshape(2)": lambda given: given["labels"].reshape(2),
    "labels.reshape(2, 3)": lambda given: given["labels"].reshape(2, 3),
    "np.log(predictions)": lambda given: np.log(given["predictions"]),
    "predictions": lambda given: given["predictions"],
}


def test_what_the_numbers_are():
    probs = core.softmax(LOGITS)
    assert kind_of(probs) == "probs"
    assert kind_of(np.round(probs, 4)) == "probs"  # as PyTorch prints them
    assert kind_of(np.log(probs)) == "log_probs"
    assert kind_of(LOGITS) == "logits"
    assert kind_of(np.array([[1.0], [1.0]])) == "logits"
    assert kind_of(np.array([[0.0, 1.0]])) == "probs"
    assert kind_of(np.array([[0.5, np.nan]])) == "logits"


@pytest.mark.parametrize(
    ("predictions", "labels", "call", "code"),
    [
        (LOGITS.T, LABELS, "tf_sparse", "classes_at"),
        (np.zeros((2, 3, 4)), np.zeros((3, 2), int), "tf_sparse", "labels_transposed"),
        (np.zeros((2, 3, 4)), np.zeros(6, int), "tf_sparse", "labels_flat"),
        (np.zeros((2, 3)), np.zeros(5, int), "tf_sparse", "mismatch"),
        (LOGITS, [[1, 1, 0, 0], [0, 0, 1, 1]], "tf_dense", "labels_no_distribution"),
        (LOGITS, [0.5, 1.0], "keras_sparse_logits", "labels_fractions"),
        (LABELS, LOGITS, "tf_sparse", "swapped"),
        (np.where(LOGITS < 0, -np.inf, LOGITS), LABELS, "tf_sparse", "masked"),
        (np.where(LOGITS < 0, np.nan, LOGITS), LABELS, "tf_sparse", "nan"),
        (np.where(LOGITS < 0, np.inf, LOGITS), LABELS, "tf_sparse", "infinite"),
        (np.zeros((2, 1)), [0, 0], "tf_sparse", "one_class"),
        (core.softmax(LOGITS), LABELS, "torch_nll", "nll_probs"),
        (core.softmax(np.zeros((2, 3, 4)), axis=1), np.zeros((2, 3), int), "tf_sparse", "axis"),
        (LOGITS * 100, LABELS, "tf_sparse", "extreme"),
        (np.eye(4)[:2], [[0, 0.5, 0.5, 0], [1, 0, 0, 0]], "keras_categorical", "epsilon"),
    ],
)
def test_what_is_found(predictions, labels, call, code):
    assert code in found(predictions, labels, call).codes


def test_what_the_learner_says_is_held_against_the_numbers():
    assert "said_logits" in found(core.softmax(LOGITS), LABELS, said="logits").codes
    assert "said_probabilities" in found(LOGITS, LABELS, said="probabilities").codes
    assert not {"said_logits", "said_probabilities"} & set(found(LOGITS, LABELS, said="logits").codes)


def test_float16_is_told_by_the_print():
    half = read("tensor([[12., 0.]], dtype=torch.float16)")
    assert "float16" in diagnose(half, read("[0]"), call="torch_cross_entropy").codes


def test_what_was_not_printed_is_said():
    whole = "array([[1., 2., ..., 3., 4.]])"
    assert diagnose(read(whole), read("[0]"), call="tf_sparse").codes == ["elided"]
    rows = "tensor([[1., 2.],\n        ...,\n        [3., 4.]])"
    codes = diagnose(read(rows), read("tensor([0, ..., 1])"), call="torch_cross_entropy").codes
    assert codes[0] == "elided"
    assert len(codes) > 1


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("mean", 1.81909),
        ("sum", 3.63817),
        ("bits", 2.62439),
        ("perplexity", 6.16622),
        ("wrong_perplexity", 3.5286),
        ("twice", 1.38201),
        ("other", 77.0),
    ],
)
def test_the_loss_that_was_shown_is_recognised(code, number):
    assert f"reported_{code}" in found(LOGITS, LABELS, reported=number).codes


def test_right_is_core():
    for call in CALLS:
        diagnosis = found(LOGITS, LABELS, call)
        assert diagnosis.right == pytest.approx(core.sparse_cross_entropy(LOGITS, LABELS, reduction="mean"), rel=1e-12)
        np.testing.assert_allclose(diagnosis.losses, core.sparse_cross_entropy(LOGITS, LABELS))


@pytest.mark.parametrize(("call", "said"), [("tf", "unsure"), ("tf_sparse", "sure")])
def test_a_call_or_a_claim_that_is_unknown_is_refused(call, said):
    with pytest.raises(ValueError, match="must be one of"):
        found(LOGITS, LABELS, call, said=said)


numbers = st.one_of(st.floats(-50, 50), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1e308, -1e308]))
shapes = arrays_of.array_shapes(min_dims=0, max_dims=3, max_side=3)
ids = st.integers(-2, 4) | st.just(-100)


@settings(max_examples=400)
@pytest.mark.filterwarnings("error")
@given(
    arrays_of.arrays(float, shapes, elements=numbers),
    arrays_of.arrays(np.int64, shapes, elements=ids) | arrays_of.arrays(float, shapes, elements=numbers),
    st.sampled_from(list(CALLS)),
    st.sampled_from(SAID),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_whatever_two_arrays_are_something_is_found(predictions, labels, call, said, reported):
    diagnosis = diagnose(pasted(predictions), pasted(labels), call=call, said=said, reported=reported)
    assert diagnosis.value is not None or diagnosis.refused or "swapped" in diagnosis.codes
    assert (diagnosis.right is None) == (not diagnosis.use)
