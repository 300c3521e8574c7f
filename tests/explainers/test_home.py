"""What the home page claims, reproduced by core; its picture, there and back."""

import json

import numpy as np
import pytest

import core
from explainers import LANGUAGES, LESSONS
from explainers.home import HIDDEN, WEIGHTS, explain, layer_biases, move
from explainers.step import fill, fmt
from explainers.text import prose, words
from tests.explainers.lives import DEFAULT_LIVE, LIVES, live


def step(at=DEFAULT_LIVE, hidden=HIDDEN):
    (only,) = explain(at, hidden)
    return only


def stages(at=DEFAULT_LIVE, hidden=HIDDEN):
    (picture,) = step(at, hidden).figures
    return {stage["key"]: stage["picture"] for stage in picture["stages"]}


def test_the_default_logits_need_no_bias():
    np.testing.assert_array_equal(layer_biases(DEFAULT_LIVE.logits, HIDDEN), 0)
    np.testing.assert_array_equal(core.dense(HIDDEN, WEIGHTS[:4], np.zeros(4)), [2, -1, 3, 2])


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("hidden", [HIDDEN, (0.0, 0.0, 0.0), (-3.0, 3.0, 2.9)])
def test_the_layer_gives_the_logits_that_the_learner_brought(name, hidden):
    at = LIVES[name]
    biases = layer_biases(at.logits, hidden)
    np.testing.assert_allclose(core.dense(hidden, WEIGHTS[: len(at.names)], biases), at.logits, atol=1e-9)
    np.testing.assert_allclose(move(hidden, biases, 10_000.0), at.logits, atol=1e-6)


def test_moving_the_hidden_vector_there_and_back_moves_no_logit():
    biases = layer_biases(DEFAULT_LIVE.logits, HIDDEN)
    moved = np.array(move((-2.0, 0.5, 3.0), biases, 10_000.0))
    assert np.ptp(moved - DEFAULT_LIVE.logits) > 1
    again = layer_biases(moved, (-2.0, 0.5, 3.0))
    np.testing.assert_allclose(move(HIDDEN, again, 10_000.0), DEFAULT_LIVE.logits, atol=1e-6)


def test_a_moved_logit_stays_within_what_can_be_typed():
    biases = layer_biases(np.array([10_000.0, -10_000.0]), HIDDEN)
    assert np.abs(move((3.0, 3.0, 3.0), biases, 10_000.0)).max() <= 10_000


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.filterwarnings("error")
def test_the_chain_ends_in_the_loss_that_core_gives_in_one_call(name):
    at = LIVES[name]
    loss = float(core.sparse_cross_entropy(at.logits, at.label, temperature=at.temperature))
    shown = step(at)
    assert shown.numbers["loss"] == loss
    assert shown.numbers["exps"].count("e^{") == len(at.names)
    assert stages(at)["loss"]["text"].endswith(fmt(loss))
    assert stages(at)["label"]["columns"][0]["texts"][at.label] == fmt(loss)
    for lang in LANGUAGES:
        for template in (prose("home", lang).sections["pipeline"].body, shown.formula, shown.worked):
            assert "@" not in fill(template, shown.numbers)


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.filterwarnings("error")
def test_the_picture_is_plain_data_and_every_stage_has_its_title_and_a_lesson(name):
    (picture,) = step(LIVES[name]).figures
    json.dumps(picture, allow_nan=False)
    assert len(picture["stages"]) == 9
    for stage in picture["stages"]:
        assert stage["slug"] in LESSONS
        assert all(f"stage_{stage['key']}" in words(lang) for lang in LANGUAGES)
    assert {stage["slug"] for stage in picture["stages"]} == {"softmax", "cross_entropy", "gradient"}


def test_item_12_the_label_moves_nothing_before_it_is_used():
    seen = [stages(live("ABCD", DEFAULT_LIVE.logits, y)) for y in range(4)]
    for key in ("logits", "softmax", "label"):
        assert len({str(pictures[key]["columns"]) for pictures in seen}) == 1
    assert len({str(pictures["dense"]) for pictures in seen}) == 1
    assert len({pictures["loss"]["text"] for pictures in seen}) == 3  # two classes share a logit


def test_item_13_a_wrong_logit_raised_raises_the_loss():
    raised = live("ABCD", [2, 1, 3, 2], 2)
    assert step(raised).numbers["loss"] > step().numbers["loss"]


def test_item_28_one_pull_and_all_the_others_pushed_together_as_much():
    arrows = np.array(stages()["gradient"]["columns"][0]["values"])
    assert (arrows > 0).tolist() == [False, False, True, False]
    assert arrows.sum() == pytest.approx(0, abs=1e-12)
    assert arrows[2] == pytest.approx(step().numbers["pull"])
    assert stages()["gradient"]["columns"][0]["texts"] == ["−0.20973", "−0.010442", "0.4299", "−0.20973"]


def test_the_gradient_at_the_hidden_vector_is_the_slope_of_the_loss():
    biases = layer_biases(DEFAULT_LIVE.logits, HIDDEN)
    shown = [row[0] for row in stages()["inputs"]["texts"]]
    for j in range(3):
        ends = []
        for sign in (1, -1):
            hidden = np.array(HIDDEN)
            hidden[j] += sign * 1e-5
            ends.append(float(core.sparse_cross_entropy(core.dense(hidden, WEIGHTS[:4], biases), DEFAULT_LIVE.label)))
        assert float(shown[j].replace("−", "-")) == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-4)
