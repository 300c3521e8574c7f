"""What every lesson promises, in every language, for ordinary and extreme numbers, without Streamlit."""

import csv
import importlib
import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from explainers import LANGUAGES, LESSONS
from explainers.spoken import spoken
from explainers.step import Live, fill
from explainers.text import PROSE, prose, words
from tests.explainers.lives import DEFAULT_LIVE, LIVES, ZERO

SOURCE = next(iter(LANGUAGES))
UI = PROSE.parents[1] / "ui"
NAMES = re.compile(r"@([a-z][a-z0-9_]*)")


def lesson(slug):
    return importlib.import_module(f"explainers.{slug}")


def lives(slug):
    return {**LIVES, "zero": ZERO} if slug == "softmax" else LIVES


PAGES = ("home", *LESSONS)
CASES = [(slug, name) for slug in LESSONS for name in lives(slug)]
WITH_HOME = [(slug, name) for slug in PAGES for name in lives(slug)]
TEXTS = [(slug, lang) for slug in PAGES for lang in LANGUAGES]


def balanced(latex):
    """Braces and \\left ... \\right close in the order in which they open."""
    depth = 0
    for sign in re.findall(r"(?<!\\)[{}]", latex):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            return False
    return depth == 0 and latex.count(r"\left(") == latex.count(r"\right)")


def quoted(section):
    """The plain numbers of a section without those inside @names; "one" may be a word in one language only."""
    text = " ".join((section.heading, section.body, *section.options))
    return set(re.findall(r"\d+(?:[.,]\d+)*", NAMES.sub("", text))) - {"0", "1"}


def named(section):
    return Counter(set(NAMES.findall(" ".join((section.heading, section.body, *section.options)))))


def test_there_is_something_to_check():
    assert len(LESSONS) >= 3
    assert len(LANGUAGES) >= 2
    assert len(CASES) > 30
    assert len(WITH_HOME) > len(CASES)


def check_steps(slug, live):
    """Every step is a section, in order; every name in it resolves; what comes out can be set and sent."""
    steps = lesson(slug).explain(live)
    assert steps
    for lang in LANGUAGES:
        text = prose(slug, lang)
        keys = [step.key for step in steps]
        assert keys == [key for key in text.steps if key in keys]
        for step in steps:
            section = text.sections[step.key]
            notes = [(text.sections[note.key], note.numbers) for note in step.notes]
            said = [(part, numbers) for note, numbers in notes for part in (note.heading, note.body)]
            parts = (section.heading, section.body, step.formula, step.worked)
            for template, numbers in [*((part, step.numbers) for part in parts), *said]:
                filled = fill(template, numbers)
                assert not NAMES.search(filled)
                assert balanced(filled), filled
                assert filled.count("$") % 2 == 0
            for name, value in step.numbers.items():
                if isinstance(value, str) and not name.endswith(
                    "_code"
                ):  # put together by the lesson: no number may bypass `fmt`
                    assert not re.search(r"\b(nan|inf|None|np\.|array)\b|\de[-+]\d", value), (name, value)
                    assert name.endswith("_digits") or not re.search(r"\d\.\d{9}", value), (name, value)
    for picture in (picture for step in steps for picture in step.figures):
        json.dumps(picture, allow_nan=False)
        for part in [stage["picture"] for stage in picture.get("stages", ())] or [picture]:
            is_table = part["kind"] == "grid" and not part.get("small")
            assert is_table or all(re.search(r"\w", spoken(part, words(lang))) for lang in LANGUAGES)
    return steps


@pytest.mark.parametrize(("slug", "name"), WITH_HOME)
@pytest.mark.filterwarnings("error")
def test_steps_are_sections_in_order_and_every_name_resolves(slug, name):
    assert any(step.figures for step in check_steps(slug, lives(slug)[name]))


any_logit = st.one_of(st.floats(-10_000, 10_000), st.integers(-3, 3).map(float), st.sampled_from([-10_000.0, 10_000.0]))
any_temperature = st.one_of(st.floats(0.01, 1000), st.sampled_from([0.01, 1.0, 1000.0]))


@st.composite
def any_lives(draw):
    logits = draw(st.lists(any_logit, min_size=2, max_size=10))
    names = tuple("ABCDEFGHIJ"[: len(logits)])
    return Live(names, np.array(logits), draw(st.integers(0, len(logits) - 1)), draw(any_temperature))


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.filterwarnings("error")
@settings(max_examples=25)
@given(live=any_lives())
def test_whatever_can_be_typed_is_explained_without_a_warning(slug, live):
    check_steps(slug, live)
    if slug != "home":
        for question in lesson(slug).questions(live):
            assert 0 <= question.answer < len(prose(slug, SOURCE).sections[f"ask-{question.key}"].options)
        for challenge in lesson(slug).challenges(live):
            assert challenge.done in (True, False)
            fill(prose(slug, SOURCE).sections[f"challenge-{challenge.key}"].body, challenge.numbers)


@pytest.mark.parametrize("name", LIVES)
def test_the_lessons_agree_with_one_call_of_core(name):
    live = LIVES[name]
    probs = core.softmax(live.logits, temperature=live.temperature)
    loss = core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature)
    grad = core.sparse_cross_entropy_grad(live.logits, live.label, temperature=live.temperature)

    def numbers(slug, key):
        return next(step.numbers for step in lesson(slug).explain(live) if step.key == key)

    assert numbers("softmax", "divide")["p_y"] == pytest.approx(probs[live.label], rel=1e-12, abs=0)
    assert numbers("cross_entropy", "address")["loss"] == pytest.approx(loss, rel=1e-12)
    assert numbers("gradient", "difference")["grad_y"] == pytest.approx(grad[live.label], rel=1e-12)
    assert numbers("home", "pipeline")["loss"] == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("slug", LESSONS)
def test_every_step_section_is_produced(slug):
    produced = {step.key for live in lives(slug).values() for step in lesson(slug).explain(live)}
    assert produced == set(prose(slug, SOURCE).steps)


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
    assert 3 <= len(challenges) <= 6
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
    assert 2 <= len(lesson(slug).questions(DEFAULT_LIVE)) <= 5
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
        assert named(section) == named(other), key
        assert quoted(section) == quoted(other), key


@pytest.mark.parametrize("slug", ["home", *LESSONS])
def test_chinese_is_chinese_and_keeps_to_the_glossary(slug):
    text = (PROSE / f"{slug}.zh.md").read_text(encoding="utf-8")
    assert len(re.findall(r"[一-鿿]", text)) > 50
    with (PROSE / "glossary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    avoid = [wording for row in rows for wording in row["avoid"].split("|") if wording]
    assert len(rows) >= 20
    assert avoid
    said = text + "\n".join(words("zh").values())
    assert not [wording for wording in avoid if wording in said]


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


def test_every_word_is_used_and_every_word_that_is_used_is_there():
    """Words are asked for by a literal key, by a control's name, or by a prefix and a code."""
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (PROSE.parents[1] / "app.py", *(PROSE.parents[1] / "pages").glob("*.py"), *UI.glob("*.py"))
    )
    known = set(words(SOURCE))
    asked = set(re.findall(r"words\[['\"](\w+)['\"]\]", source))
    asked |= set(
        re.findall(
            r'page\.(?:slider|choice|several|toggle|button|walk|paste|upload|audio|download)\(\s*"(\w+)"', source
        )
    )
    assert len(asked) > 20
    assert asked <= known
    prefixes = (
        "preset_",
        "said_",
        "names_",
        "stage_",
        "job_",
        "train_",
        "worksheet_",
        "hidden",
        *(f"{key}_" for key in asked),
    )
    assert not [key for key in known - asked if not key.startswith(prefixes)]
