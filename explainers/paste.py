"""Text in, array out: what a learner pastes, in the form in which it was printed.

`read` takes lists, JSON, tables and the printed forms of NumPy, PyTorch, TensorFlow, Keras and JAX; `read_file` takes
the bytes of a .csv or .npy file. Nothing is evaluated: a pattern cuts the text into signs, each looked at once, behind
limits of size, depth and count. Whatever is wrong raises a `PasteError` that says where.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_CHARACTERS = 1_000_000
"""of a text, and bytes of a file"""
MAX_NUMBERS, MAX_DEPTH, LONGEST_NUMBER = 100_000, 12, 400

Numbers = NDArray[Any]
"""float64 or int64"""


class PasteError(ValueError):
    """Why a text or a file is no array, and where: a code for the words, a line, a column and what stands there."""

    def __init__(self, code: str, line: int = 1, column: int = 1, text: str = "") -> None:
        super().__init__(code, line, column, text)
        self.code, self.line, self.column, self.text = code, line, column, text


@dataclass(frozen=True)
class Pasted:
    """An array, and what its printed form told beside the numbers."""

    array: Numbers
    """float64, or int64 where every number was written as an integer; without what was left out"""
    form: str
    """list, print (NumPy without commas), numpy, torch, tensorflow, keras, jax, csv or npy"""
    dtype: str = ""
    """as it was told, such as float32; empty if it was not"""
    told: tuple[int, ...] | None = None
    """the shape as it was told"""
    elided: tuple[int, ...] = ()
    """the axes along which `...` stands for numbers that were not printed"""
    device: str = ""
    grad: bool = False
    """it was still in PyTorch's graph: grad_fn or requires_grad"""

    @property
    def shape(self) -> tuple[int, ...]:
        """The whole array's shape where it was told, else that of the numbers that are there."""
        return self.array.shape if self.told is None else self.told


PRINT_ALL = {
    "print": "np.set_printoptions(threshold=sys.maxsize)",
    "numpy": "np.set_printoptions(threshold=sys.maxsize)",
    "torch": 'torch.set_printoptions(profile="full")',
    "tensorflow": "tf.print(tensor, summarize=-1)",
    "keras": "tf.print(tensor, summarize=-1)",
    "jax": "np.set_printoptions(threshold=sys.maxsize)",
}
"""How each form is printed without `...`."""

WRAPPERS = {
    "array": "numpy",
    "asarray": "numpy",
    "tensor": "torch",
    "Tensor": "torch",
    "FloatTensor": "torch",
    "LongTensor": "torch",
    "Parameter": "torch",
    "tf.Tensor": "tensorflow",
    "tf.constant": "tensorflow",
    "tf.Variable": "tensorflow",
    "Variable": "keras",
    "Array": "jax",
    "DeviceArray": "jax",
    "jnp.array": "jax",
    "list": "list",
    "tuple": "list",
    "bool_": "numpy",
    "float_": "numpy",
} | {f"{kind}{bits}": "numpy" for kind in ("float", "int", "uint") for bits in (8, 16, 32, 64)}
"""What may stand before a bracket, with or without its module, and whose form it is."""

_TOKEN = re.compile(
    r"""(?P<space>\s++)
    |(?P<number>[+-]?+(?:(?:\d[\d_]*+(?:\.(?!\.)\d*+)?+|\.\d++)(?:e[+-]?+\d++)?+|nan|inf(?:inity)?+)(?![\w.+-]))
    |(?P<name>[a-z_][\w.]*+)
    |(?P<elided>\.\.\.|…)
    |(?P<string>'[^'\n]*+'|"[^"\n]*+")
    |(?P<sign>[][(){}<>,:;=])
    |(?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL | re.ASCII,
)
_LEAD = re.compile(
    r"\s*+(?:(?:>>>|In ?\[\d{1,9}\]:)(?:[^\n\[<]{0,200}\n)?+\s*+){0,8}(?:Out ?\[\d{1,9}\]:\s*+)?+"
    r"(?:Parameter containing:\s*+|[a-z_]\w*+\s*+[=:]\s*+)?+",
    re.IGNORECASE | re.ASCII,
)
"""What stands before the array in a terminal, a notebook or a program."""
_SAME = str.maketrans("−，；：【】（）\u00a0", "-,;:[]() ")
_SEPARATORS = "\t;,"


def read(text: str) -> Pasted:
    r"""The array that a text shows.

    Args:
        text: up to a million characters.

    Returns:
        The array and what else was told.

    Raises:
        PasteError: the text is no array, or too large; its words are the section `finding-error_<code>`.

    Example:
        >>> pasted = read("tensor([[ 2.0000, -1.0000],\n        [ 1.0000,  0.5000]], grad_fn=<AddmmBackward0>)")
        >>> pasted.form, pasted.array.tolist(), pasted.grad
        ('torch', [[2.0, -1.0], [1.0, 0.5]], True)
        >>> read("[1, 2,\n 3, x]")
        Traceback (most recent call last):
        explainers.paste.PasteError: ('word', 2, 5, 'x')
    """
    if len(text) > MAX_CHARACTERS:
        raise PasteError("size", text=f"{len(text)}")
    text = text.translate(_SAME)
    if not text.strip():
        raise PasteError("empty")
    return _Printed(text).whole() if re.search(r"[][(){}<>]", text) else _table(text)


def read_file(name: str, data: bytes) -> Pasted:
    """The array in an uploaded .npy (no pickles) or .csv file.

    Args:
        name: of the file; .npy or anything else, which is read as text.
        data: up to a million bytes.

    Returns:
        The array; a .npy tells its dtype and its shape.

    Raises:
        PasteError: the file is not what its name says, holds something else than real numbers, or is too large.
    """
    if len(data) > MAX_CHARACTERS:
        raise PasteError("size", text=f"{len(data)}")
    if name.lower().endswith(".npy"):
        return _npy(data)
    try:
        return read(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise PasteError("file") from None


def _npy(data: bytes) -> Pasted:
    """The header is read first: it may claim an array that no memory holds."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
        if dtype.kind not in "fiub":
            raise PasteError("dtype", text=str(dtype)[:40])
        count = 1
        for size in shape:
            count *= max(int(size), 0)
        if count > MAX_NUMBERS:
            raise PasteError("many", text=str(count)[:40])
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except PasteError:
        raise
    except Exception:  # NumPy raises six kinds of error over a spoiled header
        raise PasteError("file") from None
    if not array.size:
        raise PasteError("empty")
    with np.errstate(over="ignore"):
        values = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    return Pasted(values, "npy", array.dtype.name, array.shape)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Printed:
    """One walk over a text with brackets: numbers go into one flat list, and each bracket answers with its shape."""

    def __init__(self, text: str) -> None:
        self.text = text
        lead = _LEAD.match(text)
        self.tokens = self._cut(lead.end() if lead else 0)
        self.ahead = next(self.tokens)
        self.flat: list[float] = []
        self.real = self.commas = self.grad = False
        self.form = self.dtype = self.device = ""
        self.told: tuple[int, ...] | None = None
        self.elided: set[int] = set()

    def whole(self) -> Pasted:
        shape = self._value(0)
        while self.ahead.text in (",", ";"):
            self._next()
        if self.ahead.kind != "end":
            raise self._error("more" if self.ahead.text not in ("]", ")", ">", "}") else "closed")
        if not self.flat:
            raise PasteError("empty")
        form = self.form or ("print" if shape and not self.commas and len(self.flat) > 1 else "list")
        array = np.array(self.flat, np.float64 if self.real else np.int64).reshape(shape)
        elided = tuple(sorted(self.elided))
        return Pasted(array, form, self.dtype, self.told, elided, self.device, self.grad)

    # ---- signs ----

    def _cut(self, at: int) -> Iterator[_Token]:
        for found in _TOKEN.finditer(self.text, at):
            kind = found.lastgroup or ""
            if kind == "other":
                raise self._error("sign", _Token(kind, found.group(), found.start()))
            if kind != "space":
                yield _Token(kind, found.group(), found.start())
        while True:
            yield _Token("end", "", len(self.text))

    def _next(self) -> _Token:
        now, self.ahead = self.ahead, next(self.tokens)
        return now

    def _error(self, code: str, token: _Token | None = None) -> PasteError:
        token = token or self.ahead
        line = self.text.count("\n", 0, token.at) + 1
        return PasteError(code, line, token.at - self.text.rfind("\n", 0, token.at), token.text[:40])

    # ---- values: each returns its shape ----

    def _value(self, depth: int, axis: int = 0) -> tuple[int, ...]:
        token = self._next()
        if token.kind == "number" or token.text in ("True", "False", "true", "false"):
            self._number(token)
            return ()
        if depth >= MAX_DEPTH:
            raise self._error("deep", token)
        if token.text in ("[", "("):
            return self._sequence(token, depth, axis)
        if token.text == "<":
            return self._object(token, depth, axis)
        if token.kind == "name":
            if self.ahead.text == "(":
                return self._call(token, depth, axis)
            raise self._error("symbolic" if "Tensor" in token.text else "word", token)
        raise self._error({"end": "unclosed", "string": "word", "elided": "ellipsis"}.get(token.kind, "sign"), token)

    def _number(self, token: _Token) -> None:
        if len(self.flat) >= MAX_NUMBERS:
            raise self._error("many", token)
        try:
            value, integer = _number(token.text)
        except ValueError:
            raise self._error("number", token) from None
        self.flat.append(value)
        self.real = self.real or not integer

    def _sequence(self, opened: _Token, depth: int, axis: int) -> tuple[int, ...]:
        closer = "]" if opened.text == "[" else ")"
        count, shape, separated = 0, None, True
        while self.ahead.text != closer:
            token = self.ahead
            if token.kind == "end":
                raise self._error("unclosed", opened)
            if token.text == ",":
                if separated:
                    raise self._error("sign")
                self._next()
                self.commas = separated = True
                continue
            if token.kind == "elided":
                self._next()
                self.elided.add(axis)
                separated = False
                continue
            if token.text in ("]", ")", "}", ">"):
                raise self._error("closed")
            item = self._value(depth + 1, axis + 1)
            if shape is not None and item != shape:
                raise self._error("ragged", token)
            count, shape, separated = count + 1, item, False
        self._next()
        return (count, *(shape or ()))

    def _call(self, name: _Token, depth: int, axis: int) -> tuple[int, ...]:
        """`array([...], dtype=float32)` and its kin."""
        form = WRAPPERS.get(name.text) or WRAPPERS.get(name.text.rsplit(".", 1)[-1])
        if form is None:
            raise self._error("symbolic" if "Tensor" in name.text else "word", name)
        opened = self._next()
        if self.ahead.kind == "name" and self.ahead.text in ("shape", "name", "dtype"):
            raise self._error("symbolic", name)
        outer, self.form = self.form, form
        shape = self._value(depth + 1, axis)
        self._told(")", opened)
        self.form = outer if outer and outer != "list" else form
        return shape

    def _object(self, opened: _Token, depth: int, axis: int) -> tuple[int, ...]:
        """`<tf.Tensor: shape=(2, 3), dtype=float32, numpy=array(...)>` and Keras' `<Variable ... value=...>`."""
        self.form = "tensorflow" if self.ahead.text.startswith("tf.") else "keras"
        shape = self._told(">", opened, depth, axis)
        if shape is None:
            raise self._error("symbolic", opened)
        return shape

    def _told(self, closer: str, opened: _Token, depth: int = 0, axis: int = 0) -> tuple[int, ...] | None:
        """All `name=value` up to the closing sign; returns the shape of the numbers among them."""
        shape = None
        while self.ahead.text != closer:
            token = self._next()
            if token.kind == "end":
                raise self._error("unclosed", opened)
            if token.kind in ("number", "elided") or token.text in ("[", "]", "(", ")", "{", "}", "<", ">"):
                raise self._error("sign", token)
            if token.kind == "name" and self.ahead.text == "=":
                self._next()
                if token.text in ("numpy", "value") and closer == ">":
                    shape = self._value(depth + 1, axis)
                else:
                    self._attribute(token.text)
        self._next()
        return shape

    def _attribute(self, name: str) -> None:
        token = self._next()
        words = [token]
        if token.text in ("(", "[", "<"):
            closer = {"(": ")", "[": "]", "<": ">"}[token.text]
            while words[-1].text != closer:
                words.append(self._next())
                if words[-1].kind == "end" or len(words) > 64:
                    raise self._error("unclosed", token)
        if name in ("shape", "size"):
            sizes = [word.text for word in words if word.kind == "number"]
            if all(size.isdigit() and len(size) < 10 for size in sizes):
                self.told = tuple(map(int, sizes))
        elif name == "dtype":
            named = [word.text.strip("'\"") for word in words if word.kind in ("name", "string")]
            self.dtype = named[-1].rsplit(".", 1)[-1][:20] if named else ""
        elif name == "device":
            self.device = token.text.strip("'\"")[:20]
        elif name in ("grad_fn", "requires_grad"):
            self.grad = token.text != "False"


def _number(text: str) -> tuple[float, bool]:
    """A number and whether it was written as an integer; True is 1. What is none raises ValueError."""
    if text in ("True", "False", "true", "false"):
        return text[0] in "Tt", True
    if len(text) > LONGEST_NUMBER:
        raise ValueError
    if len(text) <= 18 and text.lstrip("+-").isdigit():
        return int(text), True
    return float(text), False


def _table(text: str) -> Pasted:
    """Rows of numbers between commas, tabs, semicolons or blanks; a heading and a column of row numbers may be there.

    Where commas do not separate, they are decimal commas. One row or one column is one axis, one cell is none.
    """
    lines = text.splitlines()
    separator = next((sign for sign in _SEPARATORS if sign in text), "")
    rows: list[list[str]] = []
    at: list[int] = []
    try:
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True) if separator else map(str.split, lines)
        for number, row in enumerate(reader):
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells and not cells[0].startswith("#"):
                rows.append(cells)
                at.append(reader.line_num if isinstance(reader, _CsvReader) else number + 1)
    except csv.Error:
        raise PasteError("file") from None
    heading = rows[:1] if rows and not any(map(_is_number, filter(None, rows[0]))) else []
    rows, at = rows[len(heading) :], at[len(heading) :]
    if heading and rows and not heading[0][0] and [row[0] for row in rows] == list(map(str, range(len(rows)))):
        rows = [row[1:] for row in rows]
    if not rows:
        raise PasteError("words" if heading else "empty", text=" ".join(heading[0])[:40] if heading else "")
    flat: list[float] = []
    real = False
    for line, row in zip(at, rows, strict=True):
        if len(row) != len(rows[0]):
            raise PasteError("ragged", line, 1, lines[line - 1][:40])
        for cell in row:
            if len(flat) >= MAX_NUMBERS:
                raise PasteError("many", line, 1, cell[:40])
            try:
                value, integer = _number(cell if separator == "," else cell.replace(",", "."))
            except ValueError:
                raise PasteError("word", line, lines[line - 1].find(cell) + 1, cell[:40]) from None
            flat.append(value)
            real = real or not integer
    array = np.array(flat, np.float64 if real else np.int64).reshape(len(rows), -1)
    one_axis = [size for size in array.shape if size > 1] if 1 in array.shape else array.shape
    return Pasted(array.reshape(one_axis), "csv")


_CsvReader: Any = type(csv.reader([]))


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
