"""Pictures are plain data with nothing in them that JSON or a browser could stumble over."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.figures import (
    axis,
    column,
    curve,
    dot,
    even_ticks,
    grid,
    letters,
    line,
    nice_bound,
    roll,
)

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
WILD = [1.0, -2.5, np.nan, np.inf, -np.inf, 0.0, 1e300]


def sent(figure):
    """As it arrives in the browser."""
    return json.loads(json.dumps(figure, allow_nan=False))


@given(st.lists(numbers, max_size=10))
def test_a_bound_is_a_round_number_that_nothing_exceeds(values):
    bound = nice_bound(values)
    finite = [abs(v) for v in values if np.isfinite(v)]
    if max(finite, default=0) < 1e300:
        assert bound >= max([1.0, *finite])
        assert bound == 1.0 or bound < 2.5 * max(finite) * (1 + 1e-9)
        assert f"{bound:.6e}"[0] in "125"


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_few_even_and_within_the_axis(lo, width):
    hi = lo + width
    ticks = even_ticks(lo, hi)
    assert 2 <= len(ticks) <= 7
    assert min(ticks) >= lo - 1e-6 * width
    assert max(ticks) <= hi + 1e-6 * width
    np.testing.assert_allclose(np.diff(ticks), np.diff(ticks)[0], rtol=1e-4)


@pytest.mark.parametrize("role", ["logit", "exp", "prob", "loss", "push"])
def test_a_column_holds_what_is_not_finite_as_words(role):
    drawn = sent(column("z", WILD, role))
    assert drawn["values"][2:5] == ["nan", "inf", "-inf"]
    assert drawn["texts"][:5] == ["1", "−2.5", "NaN", "∞", "−∞"]
    assert len(drawn["texts"]) == len(WILD)
    assert drawn["lo"] == (-drawn["hi"] if role in ("logit", "push") else 0)


def test_a_grid_writes_its_cells_and_clips_its_tints():
    figure = grid("W", ["r", "s"], ["a", "b"], [[1, -400], [np.nan, np.inf]], marks=[(0, 1)], bound=2.0)
    assert sent(figure)["texts"] == [["1", "−400"], ["NaN", "∞"]]
    assert sent(figure)["shares"] == [[0.5, -1], [0, 1]]
    assert figure["marks"] == [[0, 1]]


def test_a_line_has_a_gap_where_it_is_not_finite_and_a_dot_there_is_left_out():
    figure = curve(
        axis("x", 0, 1),
        axis("y", 0, 1),
        [line("f", [0, 1, 2], [1, np.inf, np.nan], "loss", dash=True)],
        [dot("here", 0.5, 0.25), dot("nowhere", 0.5, np.inf)],
    )
    assert sent(figure)["lines"][0]["points"] == [[0, 1], None, None]
    assert [d["text"] for d in figure["dots"]] == ["here"]


def test_levels_are_drawn_where_the_axis_has_room_for_them():
    right = axis("PPL", 0, 2, [1])
    figure = curve(
        axis("x", 0, 1), axis("L", 0, 2), [line("f", [0], [1])], levels=[("H", 0.5), ("ln V", 9)], right=right
    )
    assert sent(figure)["levels"] == [["H", 0.5]]
    assert figure["right"] == right
    assert not {"levels", "right"} & curve(axis("x", 0, 1), axis("L", 0, 2), []).keys()


def test_a_small_grid_keeps_its_numbers_for_who_points():
    figure = grid("P", ["r"], ["a", "b"], [[1, 0.5]], bound=1.0, small=True)
    assert sent(figure)["small"]
    assert figure["texts"] == [["1", "0.5"]]


def test_a_line_may_have_one_height():
    assert line("max", [0, 5], 2.0)["points"] == [[0, 2], [5, 2]]


def test_letters_show_what_would_not_be_seen_and_where_lines_end():
    figure = letters("a b\n\tc\x00", [0, 0.5, 2, -1, np.pi, 0, 1], titles=list("0123456"), wrong=[5, 2, 5], at=1)
    assert sent(figure)["text"] == ["a", "␣", "b", "↵", "⇥", "c", "�"]
    assert figure["ends"] == [3]
    assert figure["tints"] == [0, 0.5, 1, 0, 1, 0, 1]
    assert figure["wrong"] == [2, 5]


def test_a_roll_is_notes_and_bars():
    figure = roll([0, 0.5], [0.5, 0.125], [60, 72], [(0, 0.5, False), (0.5, 0.625, True)])
    assert sent(figure)["notes"] == [[0, 0.5, 60], [0.5, 0.125, 72]]
    assert figure["measures"] == [[0, 0.5, False], [0.5, 0.625, True]]
    assert sent(roll([], [], [], []))["notes"] == []
