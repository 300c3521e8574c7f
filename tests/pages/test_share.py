"""A teacher's link through AppTest: what it leaves out is not sent or not seen, and values stay."""

import csv
import importlib
import io
from urllib.parse import parse_qs

import pytest

from explainers import LANGUAGES, LESSONS
from explainers.step import fill
from explainers.text import prose, words
from tests.explainers.lives import DEFAULT_LIVE
from tests.pages.test_pages import KINDS, PAGES, bound, drawn, opened, said
from ui import share
from ui.numbers import SHARED

EVERY = (*PAGES, "practice")
CLOSED = "t,answers,code,language"


def unseen(app):
    """Names of the bound controls that are drawn out of sight."""

    def walk(block, hidden):
        for child in block.children.values():
            if hasattr(child, "children"):
                yield from walk(child, hidden or "-unseen-" in (getattr(child.proto, "id", None) or ""))
            elif hidden and child.type in KINDS:
                yield child.proto.query_param_key

    return {name for name in walk(app.main, False) if name}


def numbers_seen(app):
    """Names of the learner's numbers that a control shows."""
    return {element.key.removesuffix("_slider") for kind in KINDS for element in app.get(kind) if element.key} & {
        *SHARED
    }


def held(app, name):
    """What the address holds under a name."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[-1]


def labels(app, kind):
    return [element.proto.label for element in app.get(kind)]


@pytest.mark.parametrize("slug", EVERY)
def test_one_word_hides_every_control_and_none_loses_its_value(slug):
    free = opened(slug, predict="false", z0="5")
    app = opened(slug, predict="false", z0="5", hide="controls")
    assert not app.exception
    there = bound(app)
    assert {name: element.value for name, element in there.items()} == {n: e.value for n, e in bound(free).items()}
    assert unseen(app) == set(there) - {"code"}
    assert not unseen(free)
    assert not numbers_seen(app)
    assert drawn(app) == drawn(free)


@pytest.mark.parametrize("slug", LESSONS)
def test_each_control_of_a_lesson_hides_by_its_name(slug):
    names = sorted(set(bound(opened(slug, predict="false"))) - {"code"})
    assert len(names) > 5
    half = names[::2]
    assert unseen(opened(slug, predict="false", hide=",".join(half))) == set(half)


def test_what_is_hidden_of_the_board():
    usual = numbers_seen(opened("softmax"))
    assert usual >= {"label", "z0", "z1", "z2", "z3", "t", "seed", "classes", "predict"}
    assert usual - numbers_seen(opened("softmax", hide="t")) == {"t"}
    assert usual - numbers_seen(opened("softmax", hide="label")) == {"label"}
    assert usual - numbers_seen(opened("softmax", hide="numbers")) == {"label", "z0", "z1", "z2", "z3"}
    assert usual - numbers_seen(opened("softmax", hide="toolbar")) == {"seed", "classes", "predict"}
    assert unseen(opened("home", hide="h")) == {"h0", "h1", "h2"}
    assert unseen(opened("practice", hide="practice_seed")) == {"practice_seed"}


def test_a_hidden_control_has_the_value_of_the_link():
    app = opened("softmax", lang="en", predict="false", step="shift-all", hide="shift,t", shift="7", t="0.5")
    assert app.slider("shift").value == 7
    assert app.session_state["held"]["t"] == 0.5
    assert "p(z + 7)" in str(drawn(app))


@pytest.mark.parametrize("slug", EVERY)
@pytest.mark.parametrize("name", ["hide", "only"])
def test_a_hostile_list_shows_the_page_as_it_is(slug, name):
    usual = set(bound(opened(slug, step="")))
    for value in (
        "",
        ",,,,",
        "x" * 100_000,
        "<script>alert(1)</script>,\x00,😀,猫,hide,only,all,top,board,t t",
        ["x", "y"],
    ):
        app = opened(slug, step="", **{name: value})
        assert not app.exception, value
        assert not unseen(app)
        assert set(bound(app)) == usual


@pytest.mark.parametrize("slug", LESSONS)
def test_a_link_of_some_steps_turns_only_through_them(slug):
    text = prose(slug, "en")
    steps = [text.steps[0], text.steps[2], text.steps[-1]]
    link = {"lang": "en", "predict": "false", "only": ",".join([*reversed(steps), "nonsense"]), "hide": CLOSED}
    app = opened(slug, step="", **link)
    (turns,) = (box for box in app.selectbox if box.key == "steps")
    assert len(turns.options) == len(steps) + 1
    for _ in steps[1:]:
        app.button("next").click().run()
        assert not app.exception
        assert held(app, "only") == link["only"]
        assert held(app, "hide") == CLOSED
    assert held(app, "step") == steps[-1]
    assert not [button for button in app.button if button.key == "next"]
    assert opened(slug, **(link | {"step": text.steps[1]})).selectbox("steps").value == steps[0]


def test_a_link_of_one_step_has_no_list_and_no_way_to_another():
    app = opened("gradient", lang="en", predict="false", only="soft", step="")
    assert prose("gradient", "en").sections["soft"].heading in said(app)
    assert not [box for box in app.selectbox if box.key == "steps"]
    app = opened("softmax", lang="en", predict="false", only="challenges", step="")
    assert words("en")["challenges"] in said(app)
    assert not [button for button in app.button if (button.key or "").startswith("go-")]


@pytest.mark.parametrize("slug", EVERY)
def test_links_to_other_pages_hand_on_what_makes_sense_there(slug):
    links = [element.proto for element in opened(slug, lang="zh", hide=f"toolbar,{CLOSED}", only="x").get("page_link")]
    assert len(links) >= len(PAGES)
    assert all(parse_qs(link.query_string) == {"lang": ["zh"], "hide": ["answers,code,language"]} for link in links)


@pytest.mark.parametrize("slug", EVERY)
def test_the_language_can_be_locked_and_the_programs_left_out(slug):
    free, locked = opened(slug, lang="zh"), opened(slug, lang="zh", hide="language,code")
    for app, there in ((free, True), (locked, False)):
        keys = {group.key for group in app.button_group}
        assert ("language" in keys) == there
        assert ("code" in keys) == (there and slug in LESSONS)
        assert prose(slug, "zh").title in said(app)


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_answers_nothing_tells_the_truth_before_or_after_the_guess(slug, lang):
    """Neither the step behind a question nor its heading is sent, not even to those who ask for no questions."""
    text, lesson = prose(slug, lang), importlib.import_module(f"explainers.{slug}")
    questions = {question.key: question for question in lesson.questions(DEFAULT_LIVE)}
    steps = {step.key: step for step in lesson.explain(DEFAULT_LIVE)}
    app = opened(slug, lang=lang, hide="answers", predict="false", code="NumPy")
    for key, question in questions.items():
        name = f"{slug}-{key}"
        app.radio(f"guess-{name}").set_value(question.answer).run()
        app.button(f"commit-{name}").click().run()
        assert not app.exception
    options = [text.sections[f"ask-{key}"].options[q.answer] for key, q in questions.items()]
    answers = [
        f"{words(lang)['your_guess']}: {fill(o, q.numbers)}" for o, q in zip(options, questions.values(), strict=True)
    ]
    assert sorted(box.value for box in app.info) == sorted(answers)
    shown = said(app)
    for key, question in questions.items():
        assert fill(text.sections[f"ask-{key}"].body, question.numbers) not in shown
        assert fill(text.sections[key].body, steps[key].numbers) not in shown
        assert text.sections[key].heading not in "".join(app.selectbox("steps").options)
        assert not [figure for figure in steps[key].figures if figure in drawn(app)]
    assert words(lang)["truth"] not in shown
    assert not [button for button in app.button if button.label == words(lang)["skip"]]
    assert words(lang)["hint"] not in labels(app, "expander") + labels(app, "expandable")
    assert not {words(lang)["worksheet_get"], words(lang)["worksheet_get_solutions"]} & {
        *labels(app, "download_button")
    }
    assert "predict" not in bound(app)
    assert len(app.code) == 1
    assert words(lang)["code_prints"] not in [caption.value for caption in app.caption]


def test_with_answers_there_is_all_of_that():
    app = opened("softmax", lang="en", predict="false", code="NumPy")
    assert prose("softmax", "en").sections["shift-all"].heading in said(app)
    assert words("en")["worksheet_get_solutions"] in labels(app, "download_button")
    assert words("en")["hint"] in labels(app, "expander")
    assert "predict" in numbers_seen(app)
    assert len(app.code) == 2


def test_a_quiz_without_answers_tells_nothing_of_them(monkeypatch):
    given = {}
    monkeypatch.setattr("streamlit.download_button", lambda label, data, *_, **__: given.update({label: data}))
    app = opened("practice", lang="en", hide="answers", practice_seed="7", **{"from": "softmax"})
    marks = ("✅", "❌", words("en")["truth"], words("en")["practice_done"], words("en")["practice_paper"])
    for _ in range(100):
        assert not app.exception
        assert not [mark for mark in marks if mark in said(app)]
        assert not drawn(app)
        if not [button for button in app.button if button.key == "commit"]:
            break
        answer = next(radio for radio in app.radio if radio.key.startswith("answer-"))
        answer.set_value(0).run()
        app.button("commit").click().run()
    assert not app.session_state["deeds"]
    rows = list(csv.DictReader(io.StringIO(given[words("en")["practice_results"]])))
    assert rows
    assert fill(words("en")["practice_given"], {"count": str(len(rows))}) in said(app)
    assert set(rows[0]) == {"item", "lesson", "question", "given"}
    assert all(row["question"] in said(app) and row["given"] in said(app) for row in rows)


@pytest.mark.parametrize("slug", EVERY)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_panel_opens_on_every_page_and_names_every_control(slug, lang, monkeypatch):
    app = opened(slug, lang=lang, predict="false", step="", hide="t,answers")
    assert not app.code
    assert app.button("link").label == words(lang)["link"]
    app.button("link").click().run()
    assert not app.exception
    (address,) = (block.value for block in app.code)
    query = parse_qs(address.partition("?")[2])
    assert query["lang"] == [lang]
    assert query["hide"] == ["t,answers" if "t" in shared(slug, monkeypatch).controls else "answers"]
    assert app.toggle("link-answers").value
    assert not app.toggle("link-language").value


def shared(slug, monkeypatch):
    """What a page says of itself to the panel."""
    told = []
    with monkeypatch.context() as patch:
        patch.setattr(share, "panel", told.append)
        opened(slug, lang="en", predict="false").button("link").click().run()
    return told[0]


@pytest.mark.parametrize("slug", EVERY)
def test_no_control_bears_the_name_of_something_else_that_can_be_hidden(slug, monkeypatch):
    page = shared(slug, monkeypatch)
    assert page.controls
    assert not {share.CONTROLS, *share.EVERYWHERE} & {*page.controls}
    assert all(words(lang)[share.NAMED.get(name, name)] for name in page.controls for lang in LANGUAGES)
    assert {step for steps in page.controls.values() for step in steps} <= {*page.steps}
