"""What the lessons claim, computed by core: one test an item."""

import numpy as np
import pytest

import core
from explainers import gradient, softmax
from tests.explainers.lives import DEFAULT_LIVE, LIVES, ZERO, live


def step(lesson, key, numbers=DEFAULT_LIVE, **options):
    return next(step for step in lesson.explain(numbers, **options) if step.key == key)


def n(lesson, key, numbers=DEFAULT_LIVE, **options):
    return step(lesson, key, numbers, **options).numbers


@pytest.mark.parametrize("name", LIVES)
def test_the_walk_ends_where_softmax_in_one_call_does(name):
    numbers = LIVES[name]
    expected = core.softmax(numbers.logits, temperature=numbers.temperature)[numbers.label]
    assert n(softmax, "divide", numbers)["p_y"] == pytest.approx(expected, rel=1e-12)


def test_item_1_differences_are_log_odds():
    numbers = n(softmax, "logits")
    assert numbers["ratio"] == pytest.approx(np.exp(numbers["gap"]))


def test_item_2_a_shift_changes_nothing_a_scale_does():
    numbers = n(softmax, "shift-all", shift=7.0, scale=2.0)
    assert numbers["p_shift"] == pytest.approx(numbers["p_y"])
    assert numbers["p_scale"] > numbers["p_y"] + 0.1


def test_item_3_ln_2_doubles_the_odds_and_not_the_probability():
    numbers = n(softmax, "odds", live("ABC", [1, 2, 0], 0, 3.0))
    assert numbers["odds_after"] == pytest.approx(2 * numbers["odds_before"])
    assert numbers["p_after"] < 1.9 * numbers["p_before"]


@pytest.mark.parametrize("name", LIVES)
def test_item_4_the_soft_maximum_lies_between_its_bounds(name):
    numbers = n(softmax, "soft-argmax", LIVES[name])
    assert numbers["top"] - 1e-9 <= numbers["soft"] <= numbers["ceiling"] + 1e-9


def test_item_5_temperature_keeps_the_winner_and_zero_is_argmax():
    for temperature in (0.01, 0.5, 5.0, 1000.0):
        assert np.argmax(live("ABCD", [2, -1, 3, 2], 0, temperature).probs) == 2
    assert ZERO.probs.tolist() == [0, 0, 1, 0]
    assert [s.key for s in softmax.explain(ZERO)][1] == "argmax"


def test_item_6_temperature_before_or_after_log_softmax():
    numbers = n(softmax, "order", live("ABCD", [2, -1, 3, 2], 1, 0.3))
    assert numbers["p_before"] == pytest.approx(numbers["p_after"], rel=1e-12)


BATCH = {name: numbers for name, numbers in LIVES.items() if np.ptp(numbers.logits / numbers.temperature) < 100}


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("along", softmax.AXES)
def test_item_8_one_margin_is_one_and_the_other_is_framed(name, along):
    numbers = n(softmax, "axis", LIVES[name], along=along)
    right = "row_sum" if along == "class" else "column_sum"
    assert numbers[right] == pytest.approx(1)
    table, _ = step(softmax, "axis", LIVES[name], along=along).figures
    margins = [row[0] for row in table["texts"][:-1]]
    assert table["marks"] == [[i, 0] for i, text in enumerate(margins) if text != "1"]
    assert along == "batch" or not table["marks"]
    if along == "class":
        row = [float(text) for text in table["texts"][0][1:] if "·" not in text]
        want = [p for p in LIVES[name].probs if p >= 1e-4 or p == 0]
        np.testing.assert_allclose(row, want, rtol=1e-4)


def test_item_8_the_first_row_of_the_wrong_axis_is_framed_for_the_default_numbers():
    table, _ = step(softmax, "axis", along="batch").figures
    assert table["marks"] == [[i, 0] for i in range(softmax.BATCH_SIZE)]


@pytest.mark.parametrize("name", BATCH)
def test_item_8_the_loss_still_falls_along_the_batch_and_ends_above_the_right_one(name):
    numbers = n(softmax, "axis", BATCH[name])
    assert numbers["start"] > numbers["end"] >= numbers["floor"]
    assert numbers["true_end"] > (5 if name == "notes" else 1) * numbers["right_end"]


@pytest.mark.parametrize("count", [2, 4, 10])
def test_item_8_two_symptoms_of_the_wrong_axis(count):
    size = softmax.BATCH_SIZE
    walk = core.descend_batch(np.zeros((size, count)), [0] * size, axis=0, learning_rate=1.0, num_steps=0)
    equal = live("ABCDEFGHIJ"[:count], [0] * count, 0)
    assert walk.losses[0] == pytest.approx(n(softmax, "axis", equal)["ln_batch"])
    assert walk.true_losses[0] == pytest.approx(n(softmax, "axis", equal)["ln_count"])
    np.testing.assert_array_equal(core.softmax(np.random.default_rng(0).normal(size=(1, count)), axis=0), 1)


EDGES = [
    ("float16", 11.09, -17.33),
    ("bfloat16", 88.72, -92.88),
    ("float32", 88.72, -103.97),
    ("float64", 709.78, -745.13),
]


@pytest.mark.parametrize(("dtype", "edge", "floor"), EDGES)
def test_item_9_the_naive_form_breaks_above_the_edge_and_below_the_floor(dtype, edge, floor):
    numbers = n(softmax, "overflow", dtype=dtype)
    assert numbers["edge"] == pytest.approx(edge, abs=0.005)
    assert numbers["floor"] == pytest.approx(floor, abs=0.005)
    (inside,) = step(softmax, "overflow", dtype=dtype, climb=np.floor(edge) - 4).figures
    (above,) = step(softmax, "overflow", dtype=dtype, climb=np.ceil(edge)).figures
    (below,) = step(softmax, "overflow", dtype=dtype, climb=np.floor(floor) - 4).figures
    assert not inside["marks"]
    assert {(2, 1), (2, 2)} <= {tuple(mark) for mark in above["marks"]}
    assert above["texts"][2][1:3] == ["∞", "NaN"]
    assert [row[1:3] for row in below["texts"][:-1]] == [["0", "NaN"]] * 4
    for table in (inside, above, below):
        assert all(row[5] not in ("NaN", "∞", "0") for row in table["texts"])


def test_item_9_a_share_that_is_rounded_to_0_gets_a_frame():
    (table,) = step(softmax, "overflow", live("AB", [0, 30], 0)).figures
    assert {(0, 4), (0, 5)} <= {tuple(mark) for mark in table["marks"]}
    assert n(softmax, "ways", live("AB", [0, 30], 0))["max_trick"] == np.inf


def test_item_9_what_storing_takes_no_formula_brings_back():
    numbers = n(softmax, "overflow", dtype="bfloat16", climb=800.0)
    assert numbers["spacing"] == 4
    ways = n(softmax, "ways", dtype="bfloat16", climb=800.0)
    assert ways["fused"] == pytest.approx(ways["exact"], rel=0.01)
    assert abs(ways["fused"] - core.sparse_cross_entropy(DEFAULT_LIVE.logits, 2)) > 0.4


WAYS = [
    (0.0, "✓✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓✓✓"),
    (9.0, "✗✓✓✓ ✓✓✓✓ ✓✓✓✓ ✓✓✓✓"),
    (90.0, "✗✓✓✓ ✗✓✗✓ ✗✓✓✓ ✓✓✓✓"),
    (800.0, "✗✓✗✓ ✗✓✗✓ ✗✓✓✓ ✗✓✓✓"),
    (-800.0, "✗✓✗✓ ✗✓✗✓ ✗✓✓✓ ✗✓✓✓"),
]


@pytest.mark.parametrize(("climb", "signs"), WAYS)
def test_items_9_and_10_four_ways_in_four_precisions(climb, signs):
    (table,) = step(softmax, "ways", climb=climb).figures
    shown = " ".join("".join(text[0] for text in row[:4]) for row in table["texts"])
    assert shown == signs
    assert [tuple(mark) for mark in table["marks"]] == [
        (i, j) for i, row in enumerate(signs.split()) for j, sign in enumerate(row) if sign == "✗"
    ]
    assert n(softmax, "ways", climb=climb)["failed"] == str(signs.count("✗"))


def test_item_10_the_max_trick_is_no_cure_for_a_share_of_0():
    (table,) = step(softmax, "ways", live("AB", [-20, 0], 0)).figures
    assert table["texts"][0][:4] == ["✗ ∞", "✗ ∞", "✓ 20", "✓ 20"]


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("climb", [-800.0, 0.0, 800.0])
def test_the_fused_loss_never_fails(name, climb):
    (table,) = step(softmax, "ways", LIVES[name], climb=climb).figures
    assert all(row[3].startswith("✓") for row in table["texts"])


@pytest.mark.parametrize(
    ("dtype", "stuck", "tree"),
    [
        ("float16", 2048, np.inf),
        ("bfloat16", 256, 200_704),
        ("float32", 200_000, 200_000),
        ("float64", 200_000, 200_000),
    ],
)
def test_item_10_the_sum_sticks_or_overflows_however_well_the_largest_was_subtracted(dtype, stuck, tree):
    numbers = n(softmax, "accumulate", dtype=dtype)
    assert numbers["stuck"] == stuck
    assert numbers["tree"] == tree
    assert numbers["whole"] == 200_000 / stuck
    assert numbers["loss_stuck"] == pytest.approx(np.log(stuck))
    assert numbers["loss"] == pytest.approx(np.log(200_000))
    assert core.round_to(numbers["loss"], "float16") == pytest.approx(numbers["loss"], rel=1e-3)
    if stuck < 200_000:
        assert core.spacing(stuck, dtype) == 2
        assert core.spacing(stuck - 1, dtype) == 1
    _, table = step(softmax, "accumulate", dtype=dtype).figures
    assert {row for row, _ in map(tuple, table["marks"])} == (
        {0, 1} if dtype == "float16" else {0} if stuck == 256 else set()
    )


def test_item_10_below_the_edge_the_sum_is_right_and_the_question_knows_it():
    def answer(**options):
        return next(q.answer for q in softmax.questions(DEFAULT_LIVE, **options) if q.key == "accumulate")

    assert n(softmax, "accumulate", ones=2000)["stuck"] == 2000
    assert answer(ones=2000) == 0
    assert answer(ones=2100) == 2
    assert answer(ones=2000, dtype="bfloat16") == 2
    assert answer(dtype="float32") == 0


def test_item_10_float32_and_float64_are_one_line():
    picture, _ = step(softmax, "accumulate").figures
    np.testing.assert_array_equal(*(core.running_sum(np.ones(softmax.MOST_ONES), d) for d in ("float32", "float64")))
    ends = {drawn["text"]: drawn["points"][-1][1] for drawn in picture["lines"]}
    assert ends["float32, float64"] == pytest.approx(np.log10(200_000), abs=1e-4)
    assert ends["float16"] == pytest.approx(np.log10(2048), abs=1e-4)
    assert ends["bfloat16"] == pytest.approx(np.log10(256), abs=1e-4)


@pytest.mark.parametrize("classes", softmax.COSINE_CLASSES)
def test_item_11_cosines_cannot_be_sure_and_the_scale_that_is_named_is_enough(classes):
    numbers = n(softmax, "cosine", cosine_classes=classes)
    others = int(classes) - 1
    assert numbers["p_max"] == numbers["p_plain"] == pytest.approx(np.e / (np.e + others / np.e))
    assert numbers["p_plain"] < 0.5
    enough = n(softmax, "cosine", cosine_classes=classes, cosine_scale=numbers["need"])
    assert enough["p_max"] == pytest.approx(numbers["want"])
    assert enough["loss"] == pytest.approx(-np.log(numbers["want"]))
    assert numbers["need"] < softmax.WIDEST < 100


@pytest.mark.parametrize("classes", softmax.COSINE_CLASSES)
def test_item_11_softmax_twice_is_a_scale_of_one_half(classes):
    numbers = n(softmax, "cosine", cosine_classes=classes, cosine_scale=0.5)
    assert numbers["twice"] == pytest.approx(numbers["loss"])


@pytest.mark.parametrize("name", LIVES)
def test_item_28_pushes_and_pull_balance(name):
    numbers = n(gradient, "balance", LIVES[name])
    assert numbers["total"] == 0
    assert numbers["pull"] == pytest.approx(numbers["push_sum"], abs=1e-9)


def test_the_dense_layer_gives_the_learners_logits_and_its_gradient_is_an_outer_product():
    weights, grad_weights, grad_biases, _ = step(gradient, "dense", hidden=(1.0, -0.5, 2.0)).figures
    expected = core.sparse_cross_entropy_grad(DEFAULT_LIVE.logits, DEFAULT_LIVE.label)
    np.testing.assert_allclose(np.array(grad_biases["shares"])[:, 0], expected)
    assert len(weights["rows"]) == len(grad_weights["rows"]) == 4


def test_confidently_wrong_squared_error_hardly_pulls():
    numbers = n(gradient, "squared", live("ABC", [0, 12, 0], 0))
    assert numbers["cross"] > 0.99
    assert numbers["squared"] < 1e-4


def test_descent_lowers_the_loss():
    path = gradient.descent(DEFAULT_LIVE, 1.0, 20)
    assert (np.diff(path.losses) < 0).all()


def test_challenges_can_be_reached():
    def done(lesson, numbers, **options):
        return {challenge.key for challenge in lesson.challenges(numbers, **options) if challenge.done}

    assert "twice" in done(softmax, live("AB", [0, np.log(2)], 0))
    assert "uniform" in done(softmax, live("ABCD", [2, -1, 3, 2], 2, 1000.0))
    assert "sure" in done(softmax, live("AB", [0, 1], 0, 0.1))
    assert "infinite" in done(softmax, live("AB", [-18, 0], 0))
    assert "infinite" not in done(softmax, live("AB", [-17, 0], 0))
    assert "cosine" in done(softmax, DEFAULT_LIVE, cosine_classes="200000", cosine_scale=8.5)
    for classes, scale in (("200000", 8.4), ("200000", 9.0), ("10", 8.5)):
        assert "cosine" not in done(softmax, DEFAULT_LIVE, cosine_classes=classes, cosine_scale=scale)
    assert "half" in done(gradient, live("AB", [0, 0], 0))
    assert "rest" in done(gradient, live("AB", [9, 0], 0))
    assert "even" in done(gradient, live("ABC", [1, 0, 0], 0))
