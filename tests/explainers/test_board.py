"""The columns of the board are core's numbers, and the landscape of the loss is where it is said to be."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core
from explainers.board import TITLES, Link, board, link, values
from explainers.simplex import LEVELS, contours, groups, margin, margin_curve, shares, triangle
from explainers.step import Live, made, mark, terms
from tests.explainers.lives import DEFAULT_LIVE, ZERO

LIVES = st.builds(
    lambda logits, label, t: Live(tuple("abcdefghij"[: len(logits)]), np.array(logits), label % len(logits), t),
    st.lists(st.floats(-50, 50), min_size=3, max_size=10),
    st.integers(0, 9),
    st.floats(0.1, 10),
)


@given(LIVES)
def test_each_link_of_the_chain_is_cores(live):
    p = core.softmax(live.logits, temperature=live.temperature)
    y = core.one_hot(live.label, len(live.names))
    wanted = {
        "z": live.logits,
        "scaled": live.logits / live.temperature,
        "shifted": (live.logits - live.logits.max()) / live.temperature,
        "exp": np.exp((live.logits - live.logits.max()) / live.temperature),
        "p": p,
        "y": y,
        "error": p - y,
        "push": -p / live.temperature,
        "pull": y / live.temperature,
        "move": (y - p) / live.temperature,
        "logp": core.log_softmax(live.logits, temperature=live.temperature),
    }
    wanted |= {"nll": -wanted["logp"], "loss": -wanted["logp"] * y}
    assert set(wanted) == set(get_args(Link)) == set(TITLES)
    for code, expected in wanted.items():
        np.testing.assert_allclose(values(live, code), expected, rtol=1e-12, atol=1e-12, err_msg=code)


def test_a_target_turns_the_arrow_round_item_27():
    target = core.smooth_labels(core.one_hot(2, 4), 0.5)
    assert link(DEFAULT_LIVE, "move")["values"][2] > 0
    column = link(Live(DEFAULT_LIVE.names, np.array([0.0, 0, 5, 0]), 2), "move", target=target)
    assert column["values"][2] < 0
    assert column["target"] == target.tolist()


def test_at_temperature_zero_nothing_is_divided():
    assert np.isnan(values(ZERO, "exp")).all()
    assert values(ZERO, "p").tolist() == [0, 0, 1, 0]


def test_the_board_can_be_dragged_as_far_as_its_slider_and_farther_with_larger_logits():
    columns = board(DEFAULT_LIVE, ("z", "p"))["columns"]
    assert [(column["live"], column["lo"], column["hi"]) for column in columns] == [("z", -10, 10), ("p", 0, 1)]
    assert link(Live(("a", "b"), np.array([1000.0, 3]), 0), "z")["hi"] == 1000
    assert link(DEFAULT_LIVE, "p", scale=2.0, shift=1.0)["values"] == core.softmax(2 * DEFAULT_LIVE.logits).tolist()


@pytest.mark.parametrize("targets", [(1.0, 0.0, 0.0), (0.8, 0.1, 0.1), (0.5, 0.5, 0.0), (1 / 3, 1 / 3, 1 / 3)])
def test_a_contour_is_where_the_loss_has_that_value(targets):
    goal = np.array(targets)
    floor = float(core.entropy(goal))
    drawn = 0
    for level, points in zip(LEVELS, contours(goal, LEVELS), strict=True):
        if level < floor:
            assert len(points) == 0
            continue
        drawn += len(points)
        np.testing.assert_allclose(points.sum(axis=1), 1, atol=1e-9)
        inside = points[(points > 1e-3).all(axis=1)]
        losses = core.cross_entropy(np.log(inside), np.tile(goal, (len(inside), 1)))
        np.testing.assert_allclose(losses, level, atol=1e-4)
    assert drawn > 100


def test_with_one_hot_targets_the_contours_are_straight():
    for level, points in zip(LEVELS, contours(np.array([1.0, 0, 0]), LEVELS), strict=True):
        np.testing.assert_allclose(points[:, 0], np.exp(-level), rtol=1e-5)


@given(LIVES)
def test_the_loss_needs_the_margin_alone(live):
    loss = core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature)
    lead = margin(live)
    assert float(core.sigmoid_cross_entropy(lead / live.temperature, 1.0)) == pytest.approx(float(loss), abs=1e-9)
    (dot,) = margin_curve(live)["dots"]
    assert (dot["x"], dot["y"]) == pytest.approx((lead, float(loss)))


@given(LIVES)
def test_the_corners_hold_every_class_once_and_the_point_all_of_the_probability(live):
    corners = groups(live)
    assert sorted(i for corner in corners for i in corner) == list(range(len(live.names)))
    assert corners[0] == [live.label]
    assert shares(live.probs, corners).sum() == pytest.approx(1)


def test_the_path_on_the_triangle_is_that_of_the_descent():
    path = core.descend(DEFAULT_LIVE.logits, core.one_hot(2, 4), learning_rate=1.0, num_steps=5)
    figure = triangle(DEFAULT_LIVE, core.one_hot(2, 4), path.logits)
    assert len(figure["path"]) == 6
    assert figure["path"][0] == pytest.approx(figure["point"], abs=1e-4)
    np.testing.assert_allclose([point[0] for point in figure["path"]], np.exp(-path.losses), atol=1e-4)


def test_only_the_steps_that_are_wanted_are_made():
    wanted = []
    made({"b"}, {"a": lambda: wanted.append("a"), "b": lambda: wanted.append("b")})
    assert wanted == ["b"]
    assert made(None, {}) == []


def test_what_belongs_to_a_class_is_marked_in_a_sum():
    assert terms([1.0, 2.0], "e^{@}", classes=[0, 7]) == mark(0, "e^{1}") + " + " + mark(7, "e^{2}")
