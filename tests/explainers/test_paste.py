"""What is pasted becomes the array it was printed from, or a PasteError: never anything else, and never slowly."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.paste import MAX_CHARACTERS, MAX_NUMBERS, PRINT_ALL, Pasted, PasteError, read, read_file

PASTES = Path(__file__).parents[2] / "data" / "pastes"
PRINTED = [
    pytest.param(case, path.stem.split("-")[0], id=f"{path.stem}: {case['name']}")
    for path in sorted(PASTES.glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]


def test_there_are_prints_of_every_framework():
    assert len(PRINTED) > 150
    assert {param.values[1] for param in PRINTED} == {"numpy", "torch", "tensorflow", "keras", "jax"}
    assert len(list(PASTES.glob("numpy-*.json"))) >= 2


@pytest.mark.parametrize(("case", "framework"), PRINTED)
def test_a_print_becomes_the_array_it_was_printed_from(case, framework):
    pasted = read(case["text"])
    values = np.array(case["values"])
    assert pasted.array.shape == values.shape
    # eight digits are printed, by PyTorch four behind the point
    atol = 6e-5 if framework == "torch" else 6e-9
    np.testing.assert_allclose(
        pasted.array, values.astype(float), rtol=6e-4 if "float16" in case["dtype"] else 6e-5, atol=atol
    )
    assert list(pasted.elided) == case["elided"]
    if pasted.dtype:
        assert pasted.dtype == case["dtype"]
    if pasted.told is not None:
        assert list(pasted.told) == case["shape"]
    if values.dtype.kind == "i" and "float" not in case["dtype"]:
        assert pasted.array.dtype == np.int64
    if case["elided"] and pasted.form != "csv":
        assert pasted.form in PRINT_ALL


def form(text):
    return read(text).form


def test_the_form_is_told():
    assert form("[[1, 2], [3, 4]]") == form("[[1.5, NaN], [-Infinity, 2]]") == "list"
    assert form("[[1. 2.]\n [3. 4.]]") == "print"
    assert form("array([1., 2.])") == form("[np.float32(1.5), np.float32(2)]") == "numpy"
    assert form("logits = torch.tensor([1., 2.])") == form("Out[3]: tensor([1., 2.])") == "torch"
    assert form("tf.constant([1., 2.])") == "tensorflow"
    assert form("1,2\n3,4") == "csv"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("cat,dog\n1,2\n3,4", [[1, 2], [3, 4]]),
        (",cat,dog\n0,1,2\n1,3,4", [[1, 2], [3, 4]]),
        ("# saved by np.savetxt\n1.5e+00 2\n3 4", [[1.5, 2], [3, 4]]),
        ("0,5;1\n2;3,25", [[0.5, 1], [2, 3.25]]),
        ("1\t2\r\n3\t4\r\n", [[1, 2], [3, 4]]),
        ("2\n0\n1", [2, 0, 1]),
        ("2, 0, 1", [2, 0, 1]),
        ("7", 7),
        ("−1，2", [-1, 2]),
        ("[1, 2,]", [1, 2]),
        ("((1, 2), (3, 4))", [[1, 2], [3, 4]]),
        ("[true, false]", [1, 0]),
        (">>> labels\narray([2, 0])", [2, 0]),
        ("In [4]: labels = [2, 0]", [2, 0]),
    ],
)
def test_tables_and_lists(text, values):
    pasted = read(text)
    np.testing.assert_array_equal(pasted.array, np.array(values))
    assert pasted.array.shape == np.shape(values)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("", "empty", 1, 1),
        ("[]", "empty", 1, 1),
        ("tensor([], size=(0, 3))", "empty", 1, 1),
        ("[1, 2", "unclosed", 1, 1),
        ("[1, 2]]", "closed", 1, 7),
        ("[1, 2)", "closed", 1, 6),
        ("[1, 2] [3]", "more", 1, 8),
        ("[[1, 2],\n [3]]", "ragged", 2, 2),
        ("1,2\n3", "ragged", 2, 1),
        ("[1,\n two]", "word", 2, 2),
        ("1,2\n3,x", "word", 2, 3),
        ("['1']", "word", 1, 2),
        ("print([1])", "word", 1, 1),
        ("__import__('os').system('x')", "word", 1, 1),
        ("loss is high", "words", 1, 1),
        ("{1: 2}", "sign", 1, 1),
        ("[1-2]", "sign", 1, 2),
        ("[1,, 2]", "sign", 1, 4),
        ("[" * 100, "deep", 1, 13),
        ("1," * MAX_CHARACTERS, "size", 1, 1),
        ("<tf.Tensor 'x:0' shape=(2, 3) dtype=float32>", "symbolic", 1, 1),
        ("tf.Tensor(shape=(2, 3), dtype=float32)", "symbolic", 1, 1),
        ("KerasTensor(shape=(2, 3))", "symbolic", 1, 1),
        ("[" + "9" * 1000 + "]", "number", 1, 2),
    ],
)
def test_what_is_no_array_says_where(text, code, line, column):
    with pytest.raises(PasteError) as caught:
        read(text)
    assert (caught.value.code, caught.value.line, caught.value.column) == (code, line, column)
    assert len(caught.value.text) <= 40


FILLERS = (
    "[", "(", "<", ">", "]", "1,", "1 ", "1;", "1\n", "9", "a", "_", "-", "'", '"', " ", "\n", "=", ".", "…",
    ">>> ", ">>>\n", "In [1]:", "Out[1]:", "a=", "a:", "a.", "<a=<", "tensor(", "array([1],", "[1],", "'a",
    "\\", "e", "1e",
)  # fmt: skip


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("around", ["@", "[@", "tensor([1], @", "<tf.Tensor: @", "[1, @]"])
def test_a_million_signs_end_soon(filler, around):
    """Without a clock: the pattern engine and the walk are linear, so this ends at once or the suite would not."""
    text = around.replace("@", filler * ((MAX_CHARACTERS - 20) // len(filler)))
    only_a_paste_error(read, text)


def only_a_paste_error(reader, *given):
    try:
        result = reader(*given)
    except PasteError as error:
        result = error
    if isinstance(result, Pasted):
        assert result.array.dtype in (np.float64, np.int64)
        assert 0 < result.array.size <= MAX_NUMBERS
    else:
        assert re.fullmatch("[a-z]+", result.code)
        assert result.line >= 1
        assert result.column >= 1


@settings(max_examples=300)
@given(st.text() | st.text(alphabet="[](){}<>.,;:='\"-+eE0123456789 \n\ttensoraynif…−x_", max_size=60))
def test_whatever_is_typed_is_an_array_or_a_paste_error(text):
    only_a_paste_error(read, text)


@settings(max_examples=300)
@given(st.sampled_from([param.values[0]["text"][:3000] for param in PRINTED]), st.data())
def test_a_spoiled_print_is_an_array_or_a_paste_error(text, data):
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 8)))
        text = text[:at] + data.draw(st.text(alphabet="[](),.<>=e-1n\n '…", max_size=4)) + text[end:]
    only_a_paste_error(read, text)


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4", "int8", "int64", "uint16", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_file_is_the_array(dtype, order):
    array = np.asarray(np.arange(6).reshape(2, 3), dtype, order=order)
    pasted = read_file("x.NPY", npy(array))
    np.testing.assert_array_equal(pasted.array, array)
    assert (pasted.form, pasted.told) == ("npy", (2, 3))


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("x.npy", b"", "file"),
        ("x.npy", b"\x93NUMPY", "file"),
        ("x.npy", npy(np.arange(3))[:-1], "file"),
        ("x.npy", npy(np.arange(3.0)).replace(b"(3,)", b"(9,)"), "file"),
        ("x.npy", npy(np.arange(3.0)).replace(b"(3,), }          ", b"(9999999999,), } "), "many"),
        ("x.npy", npy(np.array([{}], object), allow_pickle=True), "dtype"),
        ("x.npy", npy(np.array(["a"])), "dtype"),
        ("x.npy", npy(np.array([1j])), "dtype"),
        ("x.npy", npy(np.zeros((0, 3))), "empty"),
        ("x.npy", b"\x80\x04\x95.", "file"),
        ("x.npy", b"\0" * (MAX_CHARACTERS + 1), "size"),
        ("x.csv", b"\xff\xfe\x00", "file"),
        ("x.csv", b"1" * (MAX_CHARACTERS + 1), "size"),
        ("x.csv", b"", "empty"),
    ],
)
def test_a_bad_file_is_a_paste_error(name, data, code):
    with pytest.raises(PasteError) as caught:
        read_file(name, data)
    assert caught.value.code == code


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_a_spoiled_file_is_an_array_or_a_paste_error(noise, at):
    whole = npy(np.arange(6.0).reshape(2, 3))
    for data in (whole[:at] + noise[:3] + whole[at + 3 :], noise):
        for name in ("x.npy", "x.csv"):
            only_a_paste_error(read_file, name, data)


def test_a_csv_file_of_a_spreadsheet():
    np.testing.assert_array_equal(read_file("x.csv", b"\xef\xbb\xbfa;b\r\n0,5;1\r\n").array, [0.5, 1])
