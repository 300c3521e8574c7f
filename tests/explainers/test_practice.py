"""What was done, as a code: back and forth, garbage, and what there is to do."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers import LANGUAGES, LESSONS, practice
from explainers.practice import Given
from tests.explainers.lives import DEFAULT_LIVE, LIVES

KNOWN = sorted(f"{group}/{key}" for group, keys in practice.groups().items() for key in keys)


def test_all_lessons_and_all_items_are_known():
    assert set(practice.groups()) == {*LESSONS, practice.QUIZ, practice.MISSED}
    assert len(KNOWN) > 46 * 2 + 5 * len(LESSONS)


@given(st.sets(st.sampled_from(KNOWN)))
def test_a_code_says_what_was_done(deeds):
    code = practice.code(deeds)
    assert practice.deeds(code) == deeds
    assert all(c.isalnum() or c in "._~" for c in code)  # as it is in an address and in a cookie


def test_the_longest_code_is_short_enough_to_be_read():
    assert len(practice.code(KNOWN)) < 200 < practice.LONGEST
    assert practice.deeds(practice.code(KNOWN)) == set(KNOWN)


@given(st.one_of(st.text(), st.text(alphabet="softmaxquiz.~_-0123456789abcdef", max_size=60)))
def test_garbage_is_no_deed_and_no_error(text):
    assert practice.deeds(text) <= set(KNOWN)


@pytest.mark.parametrize(
    "text", ["", "softmax", "softmax.", "softmax.-1", "softmax.xyz", "os.1", "softmax.１", "~~~", "quiz.0"]
)
def test_what_is_no_code_says_nothing(text):
    assert practice.deeds(text) == set()


def test_a_code_of_a_lesson_that_grew_or_is_unknown_keeps_the_rest():
    assert practice.deeds("later.ff~quiz.1~softmax." + "f" * 60) == {
        "quiz/1",
        *(f"softmax/{key}" for key in practice.groups()["softmax"]),
    }
    assert practice.deeds("quiz.1~" + "x" * 10**6) == {"quiz/1"}


def test_the_last_answer_counts():
    wrong = practice.answered(set(), 7, right=False)
    assert practice.missed(wrong) == [7]
    right = practice.answered(wrong, 7, right=True)
    assert right == {"quiz/7"}
    assert practice.missed(practice.answered(right, 7, right=False)) == [7]


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_question_and_challenge_is_a_task_with_a_way_to_it(slug, lang):
    for live in LIVES.values():
        tasks = practice.tasks(slug, lang, live, {f"{slug}/{practice.groups()[slug][0]}"})
        assert sorted(task.deed for task in tasks) == sorted(f"{slug}/{key}" for key in practice.groups()[slug])
        assert sum(task.done for task in tasks) == 1
        steps = {step.key for step in practice.lesson(slug).explain(DEFAULT_LIVE)}
        assert {task.step for task in tasks} <= steps | {"challenges"}
        assert all("@" not in task.words for task in tasks)


def test_the_steps_that_have_a_challenge_of_their_own():
    assert practice.places("nce") >= {"coins", "dimmer"}
    assert practice.places("softmax") == frozenset()


def test_the_result_as_a_file():
    answers = [Given(7, "What, then?", "0.5", "0.25", False), Given(46, "q", "a", "a", True)]
    rows = list(csv.DictReader(io.StringIO(practice.results_csv(answers))))
    assert [row["item"] for row in rows] == ["7", "46"]
    assert rows[0] == {
        "item": "7",
        "lesson": "cross_entropy",
        "question": "What, then?",
        "given": "0.5",
        "truth": "0.25",
        "right": "0",
    }
    assert rows[1]["right"] == "1"
