"""Every kind of picture says its numbers, and in the words of the language."""

import numpy as np
import pytest

from explainers import LANGUAGES
from explainers.figures import (
    axis,
    bars,
    block,
    column,
    curve,
    dot,
    grid,
    letters,
    line,
    log_axis,
    roll,
    simplex,
    value,
)
from explainers.spoken import MOST, spoken
from explainers.text import words

EN, ZH = words("en"), words("zh")


def test_bars_say_all_their_numbers_the_label_and_the_crown():
    figure = bars(["A", "B"], column("z", [1, 2], "logit"), column("p", [0.3, 0.7], "prob"), label=0, crown=1)
    assert spoken(figure, EN) == spoken(figure, ZH) == "A (y): z 1, p 0.3; B (max): z 2, p 0.7"


def test_a_curve_says_where_its_lines_begin_turn_and_end_and_what_is_marked():
    valley = line("f", [0, 1, 2, 3], [4, 1.23456, 9, 5])
    figure = curve(axis("x", 0, 3), axis("L", 0, 9), [valley, line("flat", [0, 3], 2.0)], [dot("here", 1, 1.23456)])
    assert spoken(figure, EN).split("; ") == [
        "L over x",
        "f: from 4 at 0 to 5 at 3, lowest 1.235 at 1, highest 9 at 2",
        "flat: 2 all the way",
        "point at 1, 1.235: here",
    ]
    assert "最低 1.235，在 1 处" in spoken(figure, ZH)


def test_a_line_that_is_nowhere_is_left_out_and_a_level_has_its_height():
    gone = line("gone", [0, 1], [np.nan, np.inf])
    figure = curve(axis("x", 0, 1), axis("L", 0, 2), [gone], levels=[("H", 0.5)])
    assert spoken(figure, EN) == "L over x; H 0.5"


def test_a_logarithmic_axis_says_its_numbers_not_their_logarithms():
    figure = curve(log_axis("V", 0, 5), log_axis("ms", -2, 3), [line("full", [3, 5.30103], [-1, 2])])
    assert "full: from 0.1 at 1000 to 100 at 200000" in spoken(figure, EN)


def test_a_cloud_says_how_many_points_and_how_far_they_lie_apart():
    cloud = line("draws", [1, 2, 3], [0.5, 2, 1], cloud=True)
    figure = curve(axis("n", 0, 3), axis("L", 0, 2), [cloud])
    assert "draws: 3 points, 1 to 3 across, 0.5 to 2 upwards" in spoken(figure, EN)


def test_a_table_is_read_by_itself_and_a_small_one_names_its_strongest_cells():
    values = np.arange(16.0).reshape(4, 4)
    names = list("abcd")
    assert spoken(grid("P", names, names, values), EN) == ""
    said = spoken(grid("P", names, names, values, small=True), EN)
    assert said.startswith("P: 4 rows, 4 columns; the strongest: d → d 15, d → c 14")
    assert said.count("→") == MOST


def test_letters_say_the_text_the_chosen_the_strongest_and_the_wrong():
    figure = letters("a b\n", [0, 0.5, 0.9, 0], titles=["0: a 1", "1: ␣ 2", "2: b 3", "3: ↵ 4"], wrong=[2], at=1)
    assert spoken(figure, EN) == "1: ␣ 2; a␣b↵; the strongest: 2: b 3, 1: ␣ 2; wrong: 2: b"
    assert spoken(letters("ab", title="argmax"), EN) == "argmax; ab"


def test_a_roll_says_how_many_notes_and_which_bars_are_wrong():
    figure = roll([0, 0.5], [0.5, 0.125], [60, 70], [(0, 0.5, False), (0.5, 0.625, True)])
    assert spoken(figure, EN) == "2 notes in 2 bars, from C4 to A♯4; wrong: 2"
    assert spoken(roll([], [], [], []), EN).startswith("0 notes in 0 bars")


def test_a_triangle_says_its_shares_and_its_target():
    figure = simplex(["A", "B", "C"], [[0], [1], [2]], [0.2, 0.3, 0.5], target=[1, 0, 0])
    assert spoken(figure, EN) == "A 0.2, B 0.3, C 0.5; target: A 1, B 0, C 0"


def test_a_block_says_each_label_and_its_loss():
    figure = block(["A", "B"], np.zeros((1, 2, 2)), [[0, 1]], [[0.5, 2.0]], titles=["row"], fallen=0, at=(0, 0))
    assert spoken(figure, EN) == "row: A 0.5, B 2"


def test_a_value_says_itself():
    assert spoken(value("L", 0.5619413795), EN) == "L = 0.56194"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_is_left_with_a_hole(lang):
    dotted = [dot("here", 1, 1)]
    cloud = line("c", [0, 1], [0, 1], cloud=True)
    shown = [
        curve(axis("x", 0, 1), axis("y", 0, 1), [line("f", [0, 1, 2, 3], [2, 1, 4, 3]), cloud], dotted),
        grid("P", ["r"], ["s"], [[1]], small=True),
        letters("a", [1], titles=["0: a"], wrong=[0], at=0),
        roll([0], [1], [60], [(0, 1, True)]),
        simplex(["A", "B", "C"], [[0], [1], [2]], [1, 0, 0], target=[0, 1, 0]),
    ]
    assert not any("@" in spoken(figure, words(lang)) for figure in shown)
