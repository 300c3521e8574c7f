"""The one place where numbers are rounded, and how they get into prose and formulas."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import core
from explainers.step import Live, fill, fmt, latex_name, paren, terms

SUPER = {"⁻": "-", **{digit: str(i) for i, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}}


def as_number(text):
    """The number that a learner reads."""
    digits, _, exponent = text.replace("−", "-").partition("·10")
    return float(digits) * 10.0 ** int("".join(SUPER[c] for c in exponent) or 0)


@given(st.floats(-1e300, 1e300, allow_nan=False, allow_subnormal=False))
def test_what_is_read_is_the_number_to_five_digits(x):
    assume(x == 0 or abs(x) > 1e-290)
    text = fmt(x)
    assert as_number(text) == pytest.approx(x, rel=5.1e-5, abs=0)
    assert re.fullmatch(r"−?\d+(\.\d+)?(·10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", text), text


@given(st.integers(-9_999_999, 9_999_999))
def test_a_whole_number_below_ten_million_is_shown_whole(n):
    assert as_number(fmt(n)) == n


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "−1.5"),
        (1e-4, "0.0001"),
        (-1e-12, "−1·10⁻¹²"),
        (1.23456789e20, "1.2346·10²⁰"),
        (10_000.0, "10000"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (np.float32(0.1), "0.1"),
        (np.float16(11.09), "11.094"),
        (True, "1"),
    ],
)
def test_numbers_as_the_learner_reads_them(x, text):
    assert fmt(x) == text


@given(st.floats(allow_nan=False))
def test_brackets_only_around_what_is_negative(x):
    assert paren(x) in (fmt(x), f"({fmt(x)})")
    assert paren(x).startswith("(") == (x < 0)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=10))
def test_no_term_of_a_sum_is_left_out(values):
    written = terms(values, "e^{@}")
    assert written.split(" + ") == [f"e^{{{fmt(value)}}}" for value in values]


def test_an_unknown_name_is_an_error_and_never_a_hole():
    with pytest.raises(KeyError):
        fill("p = @p", {"q": 1.0})
    with pytest.raises(ValueError, match="placeholder"):
        fill("p = @", {})


def test_text_passes_and_numbers_are_rounded_once():
    assert fill("@a @b @c", {"a": "0.123456789", "b": 0.123456789, "c": "@a"}) == "0.123456789 0.12346 @a"
    assert fill(r"$\frac{@p_y}{\sum_j e^{z_j}}$", {"p_y": 2}) == r"$\frac{2}{\sum_j e^{z_j}}$"


def test_a_name_stands_in_a_formula_as_text():
    assert latex_name("new york") == r"\text{new york}"


def test_live_knows_its_probabilities_and_its_label():
    at = Live(("cat", "dog"), np.array([1.0, 3.0]), 0, 2.0)
    np.testing.assert_array_equal(at.probs, core.softmax([1.0, 3.0], temperature=2.0))
    assert at.label_name == "cat"
    assert Live(("a", "b"), np.array([3.0, 3.0]), 1, 0.0).probs.tolist() == [1, 0]  # a tie: the first, as argmax
