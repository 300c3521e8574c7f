"""What every lesson promises, in every language, for ordinary and extreme numbers, without Streamlit."""

import csv
import importlib
import json
import re
from collections import Counter

import pytest

from explainers import LANGUAGES, LESSONS, figures
from explainers.step import fill
from explainers.text import PROSE, prose, words
from tests.explainers.lives import DEFAULT_LIVE, LIVES, ZERO

SOURCE = next(iter(LANGUAGES))
NAMES = re.compile(r"@([a-z][a-z0-9_]*)")


def lesson(slug):
    return importlib.import_module(f"explainers.{slug}")


def lives(slug):
    return {**LIVES, "zero": ZERO} if slug == "softmax" else LIVES


CASES = [(slug, name) for slug in LESSONS for name in lives(slug)]
TEXTS = [(slug, lang) for slug in ("home", *LESSONS) for lang in LANGUAGES]


def test_there_is_something_to_check():
    assert len(LESSONS) >= 3
    assert len(LANGUAGES) >= 2
    assert len(CASES) > 30


@pytest.mark.parametrize(("slug", "name"), CASES)
@pytest.mark.filterwarnings("error")
def test_steps_are_sections_in_order_and_every_name_resolves(slug, name):
    steps = lesson(slug).explain(lives(slug)[name])
    assert steps
    for lang in LANGUAGES:
        text = prose(slug, lang)
        keys = [step.key for step in steps]
        assert keys == [key for key in text.steps if key in keys]
        for step in steps:
            section = text.sections[step.key]
            for template in (section.heading, section.body, step.formula, step.worked):
                filled = fill(template, step.numbers)
                assert not NAMES.search(filled)
                assert filled.count("{") == filled.count("}")
                assert filled.count("$") % 2 == 0


@pytest.mark.parametrize("slug", LESSONS)
def test_every_step_section_is_produced(slug):
    produced = {step.key for live in lives(slug).values() for step in lesson(slug).explain(live)}
    assert produced == set(prose(slug, SOURCE).steps)


@pytest.mark.parametrize(("slug", "name"), CASES)
@pytest.mark.filterwarnings("error")
def test_pictures_are_plain_data_with_words_for_who_cannot_see_them(slug, name):
    pictures = [picture for step in lesson(slug).explain(lives(slug)[name]) for picture in step.figures]
    assert pictures
    for picture in pictures:
        json.dumps(picture, allow_nan=False)
        assert figures.alt(picture)


@pytest.mark.parametrize(("slug", "name"), CASES)
@pytest.mark.filterwarnings("error")
def test_questions_have_an_answer_among_their_options(slug, name):
    live = lives(slug)[name]
    steps = {step.key for step in lesson(slug).explain(live)}
    for question in lesson(slug).questions(live):
        assert question.key in steps
        for lang in LANGUAGES:
            section = prose(slug, lang).sections[f"ask-{question.key}"]
            assert 0 <= question.answer < len(section.options)
            for template in (section.heading, section.body, *section.options):
                assert not NAMES.search(fill(template, question.numbers))


@pytest.mark.parametrize(("slug", "name"), CASES)
@pytest.mark.filterwarnings("error")
def test_challenges_have_a_task_and_a_hint(slug, name):
    challenges = lesson(slug).challenges(lives(slug)[name])
    assert 3 <= len(challenges) <= 5
    for lang in LANGUAGES:
        written = [key for key in prose(slug, lang).sections if key.startswith("challenge-")]
        assert written == [f"challenge-{challenge.key}" for challenge in challenges]
        for challenge in challenges:
            section = prose(slug, lang).sections[f"challenge-{challenge.key}"]
            assert not NAMES.search(fill(section.heading, challenge.numbers))
            assert fill(section.body, challenge.numbers)


@pytest.mark.parametrize("slug", LESSONS)
def test_nothing_is_done_before_the_learner_did_it(slug):
    assert not any(challenge.done for challenge in lesson(slug).challenges(DEFAULT_LIVE))


@pytest.mark.parametrize("slug", LESSONS)
def test_each_lesson_asks_two_or_three_questions_first(slug):
    assert 2 <= len(lesson(slug).questions(DEFAULT_LIVE)) <= 4
    asked = [key for key in prose(slug, SOURCE).sections if key.startswith("ask-")]
    assert asked == [f"ask-{question.key}" for question in lesson(slug).questions(DEFAULT_LIVE)]


@pytest.mark.parametrize(("slug", "lang"), TEXTS)
def test_a_translation_has_the_sections_and_the_numbers_of_its_source(slug, lang):
    source, text = prose(slug, SOURCE), prose(slug, lang)
    assert text.title
    assert text.lead
    assert list(text.sections) == list(source.sections)
    for key, section in text.sections.items():
        assert section.heading
        other = source.sections[key]
        assert len(section.options) == len(other.options)
        assert Counter(set(NAMES.findall(section.heading + section.body))) == Counter(
            set(NAMES.findall(other.heading + other.body))
        ), key


@pytest.mark.parametrize("slug", ["home", *LESSONS])
def test_chinese_is_chinese_and_keeps_to_the_glossary(slug):
    text = (PROSE / f"{slug}.zh.md").read_text(encoding="utf-8")
    assert len(re.findall(r"[一-鿿]", text)) > 50
    with (PROSE / "glossary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    avoid = [wording for row in rows for wording in row["avoid"].split("|") if wording]
    assert len(rows) >= 20
    assert avoid
    assert not [wording for wording in avoid if wording in text]


def test_every_word_is_there_in_every_language():
    with (PROSE / "words.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 30
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        assert all(row[lang].strip() for lang in LANGUAGES), row["key"]
        assert None not in row, row["key"]
    for lang in LANGUAGES:
        assert set(words(lang)) == {row["key"] for row in rows}
