"""What the lesson claims, reproduced by core; one test an item of the list of misconceptions."""

import re

import numpy as np
import pytest

import core
from explainers import calibration
from explainers.cross_entropy import challenges, explain, loss_of, questions
from explainers.presets import PRESETS
from explainers.spoken import spoken
from explainers.text import words
from tests.explainers.lives import DEFAULT_LIVE, LIVES, live


def step(key, at=DEFAULT_LIVE, **controls):
    return next(s for s in explain(at, **controls) if s.key == key)


def done(at, **controls):
    return {challenge.key: challenge.done for challenge in challenges(at, **controls)}


def question(key, at=DEFAULT_LIVE):
    return next(q for q in questions(at) if q.key == key)


@pytest.mark.parametrize(
    ("key", "loss"),
    [
        ("notes", 0.56194),
        ("notes_wrong", 3.0762),
        ("notes_probs", 1.2730),
        ("keras_first", 0.051293),
        ("keras_second", 2.3026),
        ("thousand", 0.56194),
    ],
)
def test_presets_have_their_known_losses(key, loss):
    assert key in PRESETS
    assert loss_of(LIVES[key]) == pytest.approx(loss, rel=5e-5)


@pytest.mark.parametrize("name", LIVES)
def test_the_walk_ends_in_the_loss_that_core_gives_in_one_call(name):
    at = LIVES[name]
    loss = float(core.sparse_cross_entropy(at.logits, at.label, temperature=at.temperature))
    assert step("address", at).numbers["loss"] == loss
    by_parts = step("logsumexp", at).numbers
    scaled = at.logits / at.temperature
    assert by_parts["lse"] - scaled[at.label] == pytest.approx(loss, abs=1e-9 * max(1, abs(scaled).max()))
    assert by_parts["exps"].count("e^{") == len(at.names)


SLIDER = np.linspace(calibration.LOWEST, calibration.HIGHEST, 25)


def test_item_7_the_accuracy_is_frozen_and_error_and_loss_move():
    seen = [step("calibration", calibration_t=t).numbers for t in SLIDER]
    order = np.argsort(calibration.LOGITS, axis=-1, kind="stable")
    for t, numbers in zip(SLIDER, seen, strict=True):
        probs = core.softmax(calibration.LOGITS, temperature=t)
        right = probs.argmax(axis=-1) == calibration.LABELS
        np.testing.assert_array_equal(np.argsort(probs, axis=-1, kind="stable"), order)
        assert numbers["accuracy"] == pytest.approx(right.mean()) == pytest.approx(seen[0]["accuracy"])
        assert numbers["confidence"] == pytest.approx(probs.max(axis=-1).mean())
        want = core.expected_calibration_error(calibration.LOGITS, calibration.LABELS, temperature=t, num_bins=10)
        assert numbers["ece"] == pytest.approx(want)
    for name, lowest in (("ece", 0.05), ("confidence", 0.3)):
        assert np.ptp([numbers[name] for numbers in seen]) > lowest
    assert (np.diff([numbers["confidence"] for numbers in seen]) < 0).all()


def test_item_7_the_network_is_sure_and_wrong():
    numbers = step("calibration").numbers
    probs = core.softmax(calibration.LOGITS)
    sure = probs.max(axis=-1) > float(numbers["edge"])
    assert int(numbers["top_count"]) == sure.sum() > 500
    assert numbers["top_confidence"] == pytest.approx(probs.max(axis=-1)[sure].mean())
    right = (probs.argmax(axis=-1) == calibration.LABELS)[sure].mean()
    assert numbers["top_accuracy"] == pytest.approx(right)
    assert right < numbers["top_confidence"] - 0.05
    assert numbers["confidence"] > numbers["accuracy"] + 0.05
    assert (numbers["trained"], numbers["fitted_on"], numbers["count"]) == ("50", "747", "1000")
    assert numbers["train_loss"] < 1e-4


def test_item_7_one_temperature_repairs_most_of_it():
    plain, best = (step("calibration", calibration_t=t).numbers for t in (1.0, calibration.BEST))
    assert best["t"] == best["best"] == pytest.approx(2.144, abs=5e-4)
    assert (plain["ece"], best["ece"]) == (plain["ece_plain"], plain["ece_best"])
    assert best["ece"] < plain["ece"] / 3
    for t, want in ((1.0, plain["loss_plain"]), (calibration.BEST, plain["loss_best"])):
        loss = core.sparse_cross_entropy(calibration.LOGITS, calibration.LABELS, temperature=t, reduction="mean")
        assert loss == pytest.approx(want)
    assert plain["loss_best"] < plain["loss_plain"] - 0.1


def test_item_7_what_was_learnt_from_cannot_say_how_sure_to_be():
    with pytest.raises(ValueError, match="got 50 of 50: no T is best"):
        core.fit_temperature(*calibration._PARTS["train"])


@pytest.mark.parametrize("t", [calibration.LOWEST, 1.0, calibration.BEST, calibration.HIGHEST])
@pytest.mark.filterwarnings("error")
def test_item_7_diagram_bars_and_sum_say_the_same(t):
    shown = step("calibration", calibration_t=t)
    diagram, bars, along, table = shown.figures
    gaps = bars["columns"][0]["values"]
    assert sum(gaps) == pytest.approx(shown.numbers["ece"])
    assert sum(int(name.split(": ")[1]) for name in bars["names"]) == 1000
    assert bars["columns"][0]["hi"] >= max(gaps)
    written = [float(term) for term in re.findall(r"[\d.]+", shown.numbers["gaps"])]
    assert sum(written) == pytest.approx(shown.numbers["ece"], rel=1e-4)
    assert len(written) == sum(" 0" not in name for name in bars["names"])
    cloud = next(line for line in diagram["lines"] if line["cloud"])
    assert len(cloud["points"]) == len(written)
    frozen = {y for _, y in along["lines"][0]["points"]}
    assert frozen == {0.842}
    assert len({row[0] for row in table["texts"]}) == 1
    assert len(table["rows"]) == (2 if t == 1 else 3)


def test_item_7_the_question_about_accuracy():
    asked = question("calibration")
    assert asked.answer == 1
    assert asked.numbers["accuracy"] == pytest.approx(asked.numbers["after"])
    assert asked.numbers["softer"] < asked.numbers["confidence"]


def test_the_stored_predictions_cannot_be_changed():
    for array in (calibration.LOGITS, calibration.LABELS):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_item_12_the_label_moves_the_frame_and_no_bar():
    figures = [step("address", live("ABCD", DEFAULT_LIVE.logits, y)).figures for y in range(4)]
    assert len({str(bars["columns"]) for bars, _, _ in figures}) == 1
    assert [grid["marks"] for _, grid, _ in figures] == [[[y, 0], [y, 1]] for y in range(4)]
    shown = [value["text"] for _, _, value in figures]
    assert len(set(shown)) == 3  # two classes share a logit
    assert [grid["texts"][y][1] for y, (_, grid, _) in enumerate(figures)] == [text[4:] for text in shown]


def test_item_13_a_wrong_class_counts_though_its_term_is_zero():
    for lift in (0.5, 2.0, 10.0):
        wrong = step("wrong", lift=lift)
        assert wrong.numbers["loss_after"] > wrong.numbers["loss"]
        assert [v for i, v in enumerate(wrong.figures[0]["columns"][2]["values"]) if i != DEFAULT_LIVE.label] == [0] * 3
    grad = core.sparse_cross_entropy_grad(DEFAULT_LIVE.logits, DEFAULT_LIVE.label)
    assert (np.delete(grad, DEFAULT_LIVE.label) > 0).all()
    assert question("wrong").answer == 0
    assert question("wrong", LIVES["dominant"]).answer == 0


@pytest.mark.parametrize("name", LIVES)
def test_item_14_one_hot_and_sparse_agree_to_the_last_digit(name):
    numbers = step("one-hot", LIVES[name]).numbers
    assert numbers["dense_digits"] == numbers["sparse_digits"]


def test_item_14_the_bytes_of_both_forms():
    numbers = step("one-hot").numbers
    assert (numbers["sparse_bytes"], numbers["dense_bytes"]) == ("25.6 kB", "5.12 GB")
    assert core.one_hot([[0, 1, 2]], 5, dtype=np.float32).nbytes == 5 * np.array([[0, 1, 2]], np.int32).nbytes
    assert step("one-hot", batch_size=1, positions=1, columns="2").numbers["dense_bytes"] == "8 B"


def test_item_17_shuffled_ids_cost_the_same():
    before = step("shuffle").figures[0]
    moved = set()
    for seed in range(20):
        shuffled = step("shuffle", shuffle=seed)
        numbers, after = shuffled.numbers, shuffled.figures[1]
        assert numbers["loss_after"] == pytest.approx(numbers["loss"], rel=1e-12)
        assert sorted(after["columns"][0]["values"]) == pytest.approx(sorted(before["columns"][0]["values"]))
        assert after["names"][after["label"]] == f"{numbers['new_id']}: {DEFAULT_LIVE.label_name}"
        moved.add(numbers["new_id"])
    assert len(moved) == 4


@pytest.mark.parametrize(
    ("count", "best", "worst"),
    [(2, 0.3133, np.log(np.e + 1)), (4, 0.7437, np.log(np.e + 3)), (10, 1.4612, np.log(np.e + 9))],
)
def test_item_21_softmax_twice_has_a_floor(count, best, worst):
    names = [chr(65 + i) for i in range(count)]
    perfect = live(names, [10_000.0, *[0.0] * (count - 1)], 0)
    numbers = step("mistake", perfect, mistake="twice").numbers
    assert numbers["right"] == 0
    assert numbers["twice"] == pytest.approx(numbers["best"]) == pytest.approx(best, abs=5e-5)
    assert numbers["worst"] == pytest.approx(worst)
    bars, curve = step("mistake", live(names, np.linspace(0, 3, count), 0)).figures
    right, flat = (np.array(column["values"]) for column in bars["columns"])
    assert np.ptp(flat) < np.ptp(right)
    assert flat.sum() == pytest.approx(1)
    twice = [y for _, y in curve["lines"][1]["points"]]
    floor = curve["lines"][3]["points"][0][1]
    assert min(twice) >= floor - 1e-12
    assert twice[-1] == pytest.approx(floor, abs=1e-6)


def test_item_21_the_question_about_perfect_logits():
    asked = question("mistake")
    assert asked.answer == 1
    assert asked.numbers["floor"] == pytest.approx(1.4612, abs=5e-5)


def test_item_22_logits_taken_for_probabilities_give_a_number_without_meaning():
    for logits in ([2.0, -1.0, 3.0, 2.0], [20.0, 2.0, 3.0, 2.0]):
        numbers = step("mistake", live("ABCD", logits, 2), mistake="from_logits").numbers
        clipped = np.clip(logits, 1e-7, 1 - 1e-7)
        assert numbers["garbage"] == pytest.approx(-np.log(clipped[2] / clipped.sum()))
        assert numbers["garbage"] == pytest.approx(np.log(len({*logits}) if min(logits) < 0 else 4), abs=1e-5)
    bars = step("mistake", mistake="from_logits").figures[0]
    assert sum(bars["columns"][1]["values"]) == pytest.approx(1)


def test_item_21_and_22_the_right_way_changes_nothing():
    bars = step("mistake", mistake="right").figures[0]
    assert bars["columns"][1]["values"] == pytest.approx(bars["columns"][0]["values"])
    with pytest.raises(ValueError, match="mistake must be one of"):
        step("mistake", mistake="thrice")


def test_item_23_epsilon_caps_the_loss_and_kills_the_gradient():
    low, far = step("epsilon", drop=2.0).numbers, step("epsilon", drop=120.0).numbers
    assert low["clipped"] == pytest.approx(low["exact"], rel=1e-5)
    assert low["pull_clipped"] == pytest.approx(low["pull_exact"], rel=1e-5)
    assert far["ceiling"] == pytest.approx(16.118, abs=5e-4)
    assert far["clipped"] == pytest.approx(far["ceiling"], abs=1e-5)
    assert far["exact"] > 100
    assert far["naive"] == np.inf
    assert far["pull_clipped"] == pytest.approx(0, abs=1e-6)
    assert far["pull_exact"] == pytest.approx(1)
    curve, arrows = step("epsilon", drop=120.0).figures
    exact, clipped, naive = (line["points"] for line in curve["lines"])
    assert exact[-1][1] > clipped[-1][1]
    assert naive[-1] is None
    assert arrows["columns"][0]["role"] == "push"


@pytest.mark.parametrize(
    ("vocabulary", "loss"), [("27", 3.296), ("83", 4.419), ("10000", 9.210), ("50257", 10.825), ("200000", 12.206)]
)
def test_item_24_knowing_nothing_costs_ln_k(vocabulary, loss):
    uniform = step("uniform", vocabulary=vocabulary)
    assert uniform.numbers["many"] == pytest.approx(loss, abs=5e-4)
    assert uniform.numbers["guess"] == pytest.approx(np.log(4))
    assert vocabulary in spoken(uniform.figures[0], words("en"))


@pytest.mark.parametrize("further", [0.1, 0.5, 2.0, 8.0])
def test_item_25_the_loss_rises_and_the_accuracy_does_not_fall(further):
    numbers = step("accuracy", further=further).numbers
    assert numbers["mean_after"] > numbers["mean_before"]
    assert int(numbers["right_after"]) >= int(numbers["right_before"])
    if further > 0.2:
        assert (numbers["right_before"], numbers["right_after"]) == ("6", "7")
    assert numbers["terms_after"].count("+") == 7


def test_item_26_bits_faces_and_the_order_of_the_mean():
    numbers = step("units").numbers
    assert numbers["nat"] == pytest.approx(1.4427, abs=5e-5)
    assert numbers["order_right"] == pytest.approx(7.389, abs=5e-4)
    assert numbers["order_wrong"] == pytest.approx(11.402, abs=5e-4)
    assert 2 ** numbers["loss_bits"] == pytest.approx(numbers["faces"]) == pytest.approx(np.exp(numbers["loss"]))
    assert numbers["wrong_base"] == pytest.approx(2 ** numbers["loss"])
    assert step("units", live("ABCDEF", [0.0] * 6, 0)).numbers["faces"] == pytest.approx(6)
    asked = question("units")
    assert asked.answer == 1
    assert asked.numbers["whole"] == pytest.approx(7.389, abs=5e-4)


@pytest.mark.parametrize(("count", "floor", "gap"), [(4, 0.348780, 3.6109), (10, 0.500288, 4.5109)])
def test_item_27_the_floor_of_smoothed_labels(count, floor, gap):
    names = [chr(65 + i) for i in range(count)]
    numbers = step("smoothing", live(names, [0.0] * count, 0), smoothing=0.1).numbers
    assert numbers["floor"] == pytest.approx(floor, abs=5e-7)
    assert numbers["best_gap"] == pytest.approx(gap, abs=5e-5)
    assert numbers["q_y"] == pytest.approx(0.9 + 0.1 / count)
    best = live(names, [gap, *[0.0] * (count - 1)], 0)
    assert step("smoothing", best).numbers["kl"] == pytest.approx(0, abs=1e-8)
    bars = step("smoothing", live(names, [20.0, *[0.0] * (count - 1)], 0)).figures[0]
    assert bars["columns"][2]["values"][0] < 0  # surer than the target: pulled back


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_item_27_a_soft_label_costs_its_entropy_and_the_divergence(share):
    numbers = step("smoothing", smoothing=0.0, share=share).numbers
    bars = step("smoothing", smoothing=0.0, share=share).figures[0]
    targets, probs = (np.array(column["values"]) for column in bars["columns"][:2])
    assert targets.sum() == pytest.approx(1)
    assert numbers["kl"] == pytest.approx(float(core.kl_divergence(targets, probs)))
    assert numbers["soft"] == pytest.approx(numbers["floor"] + numbers["kl"])
    assert len(re.findall(r"\\cdot", numbers["sum"])) == 4
    assert numbers["best_gap"] == np.inf


@pytest.mark.parametrize(
    ("key", "at"),
    [
        ("ln-k", LIVES["tie"]),
        ("ln-k", live("AB", [1.0, 1.0], 0)),
        ("small", LIVES["dominant"]),
        ("small", live("ABCD", [2, -1, 3, 2], 2, 0.1)),
        ("right-but", live("ABCD", [2, -1, 3, 2], 2, 50.0)),
        ("right-but", live("AB", [0.1, 0.0], 0)),
        ("beyond", live("AB", [0.0, 17.0], 0)),
        ("floor", live("ABCD", [0.0, 0.0, 3.61, 0.0], 2)),
    ],
)
def test_challenges_can_be_reached(key, at):
    assert done(at)[key]


def test_challenges_are_not_done_by_default_and_not_by_accident():
    assert not any(done(DEFAULT_LIVE).values())
    assert not done(LIVES["tie"])["right-but"]  # a tie is not right
    assert not done(live("ABCD", [0.0, 0.0, 30.0, 0.0], 2), smoothing=0.0)["floor"]
