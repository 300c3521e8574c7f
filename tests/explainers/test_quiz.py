"""A question for each of the 46 misconceptions: its words, its true option, the step that shows it, and the round."""

import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers import LANGUAGES, LESSONS, quiz
from explainers.quiz import ITEMS
from explainers.step import fill
from explainers.text import PROSE, prose, words
from tests.explainers.test_contract import SOURCE, named, quoted

SEEDS = range(12)


def test_there_is_an_item_for_each_misconception():
    assert sorted(ITEMS) == list(range(1, 47))
    assert {item.lesson for item in ITEMS.values()} <= set(LESSONS)
    for lang in LANGUAGES:
        assert list(prose("practice", lang).sections) == [f"ask-{number}" for number in sorted(ITEMS)]


@pytest.mark.parametrize("number", sorted(ITEMS))
@pytest.mark.filterwarnings("error")
def test_a_question_has_one_true_option_and_all_look_different(number):
    for seed in SEEDS:
        asked = ITEMS[number].ask(seed)
        for lang in LANGUAGES:
            section = prose("practice", lang).sections[f"ask-{number}"]
            options = [fill(option, asked.numbers) for option in section.options]
            assert 2 <= len(options) <= 4
            assert 0 <= asked.answer < len(options)
            assert len(set(options)) == len(options), (seed, options)
            assert fill(section.heading, asked.numbers)


@pytest.mark.parametrize("number", sorted(ITEMS))
def test_a_question_has_the_same_numbers_for_the_same_seed(number):
    first, second = (ITEMS[number].ask(5) for _ in range(2))
    assert (first.answer, dict(first.numbers), dict(first.settings)) == (
        second.answer,
        dict(second.numbers),
        dict(second.settings),
    )


@pytest.mark.parametrize("number", sorted(ITEMS))
@pytest.mark.filterwarnings("error")
def test_the_answer_is_a_step_of_the_lesson_with_a_picture(number):
    item = ITEMS[number]
    step = item.shown(item.ask(1))
    assert step.key == item.step
    assert step.figures
    for lang in LANGUAGES:
        assert fill(prose(item.lesson, lang).sections[item.step].heading, step.numbers)


SHOWN = {
    4: "soft",
    11: "p_plain",
    12: "loss",
    13: "loss_after",
    17: "loss_after",
    20: "of_tokens",
    21: "best",
    22: "garbage",
    23: "ceiling",
    24: "many",
    26: "order_right",
    27: "floor",
    29: "sampled_softmax",
    35: "forgotten_grad",
    38: "nce",
    39: "posterior_y",
    40: "ns_y",
    43: "q_rarest",
    44: "expected",
    46: "rank",
}
"""Items whose true option is a number of the step, and its name there."""


@pytest.mark.parametrize("number", sorted(set(SHOWN) - {12, 35}))
def test_the_true_option_is_what_the_step_says(number):
    """So a number in the question, one in the picture and one in the lesson are one number."""
    item = ITEMS[number]
    for seed in SEEDS:
        asked = item.ask(seed)
        option = prose("practice", SOURCE).sections[f"ask-{number}"].options[asked.answer]
        step = item.shown(asked)
        assert fill(f"@{SHOWN[number]}", step.numbers) in fill(option, asked.numbers)


def test_no_place_among_the_options_is_always_right():
    places = Counter(item.ask(1).answer for item in ITEMS.values())
    assert len(places) >= 3
    assert max(places.values()) < 0.6 * len(ITEMS)


def test_some_answers_depend_on_the_numbers():
    depending = [n for n, item in ITEMS.items() if len({item.ask(seed).answer for seed in range(40)}) > 1]
    assert {5, 9, 10, 15, 18, 19, 25} <= set(depending)


def test_a_question_without_its_truth_among_the_options_is_refused():
    assert quiz._pick(2.0, 1.0, 2.0000001) == 1
    assert quiz._pick(np.inf, 1.0, np.inf) == 1
    with pytest.raises(ValueError, match="none of the offered numbers"):
        quiz._pick(2.0, 1.0, 3.0)
    with pytest.raises(ValueError, match=r"slug must be one of softmax, .*, got 'os'"):
        quiz.lesson("os")


def test_a_translation_has_the_options_and_the_numbers_of_its_source():
    for lang in LANGUAGES:
        for key, section in prose("practice", lang).sections.items():
            other = prose("practice", SOURCE).sections[key]
            assert len(section.options) == len(other.options)
            assert named(section) == named(other), key
            assert quoted(section) == quoted(other), key
            assert not section.body  # the answer is shown


def test_chinese_keeps_to_the_glossary():
    said = (PROSE / "practice.zh.md").read_text(encoding="utf-8")
    with (PROSE / "glossary.csv").open(encoding="utf-8", newline="") as file:
        avoid = [wording for row in csv.DictReader(file) for wording in row["avoid"].split("|") if wording]
    assert avoid
    assert not [wording for wording in avoid if wording in said]
    assert all(words("zh")[key] for key in ("practice_quiz", "worksheet_get"))


@settings(max_examples=50)
@given(
    seed=st.integers(0, 999_999),
    lessons=st.sets(st.sampled_from(LESSONS)),
    missed=st.lists(st.sampled_from(sorted(ITEMS)), unique=True, max_size=12),
)
def test_a_round_has_mistakes_first_and_only_what_was_chosen(seed, lessons, missed):
    dealt = quiz.deal(seed, tuple(lessons), missed)
    there = [number for number in ITEMS if ITEMS[number].lesson in lessons]
    again = [number for number in missed if number in there]
    assert len(dealt) == len(set(dealt)) == min(quiz.ROUND, len(there))
    assert set(dealt) <= set(there)
    assert set(dealt[: len(again)]) == set(again[: quiz.ROUND]) or len(again) > quiz.ROUND
    assert dealt == quiz.deal(seed, tuple(lessons), missed)


def test_rounds_differ():
    assert len({tuple(quiz.deal(seed, LESSONS)) for seed in range(20)}) == 20


@pytest.mark.parametrize("seed", range(8))
def test_item_25_says_how_far_the_one_that_may_cross_goes(seed):
    asked = ITEMS[25].ask(seed)
    assert (asked.numbers["toward"] > asked.numbers["behind"]) == (asked.answer < 2)
