"""The page of practice as it is used, and what lessons note for it."""

import io
import json
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from explainers import LANGUAGES, LESSONS, practice, quiz
from explainers.quiz import ITEMS
from explainers.step import fill
from explainers.text import prose, words
from explainers.worksheet import worksheet
from tests.explainers.lives import DEFAULT_LIVE
from tests.pages.test_pages import ROOT, drawn, opened, said


def at_practice(**query):
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page("pages/practice.py").run()


def answer(app, right):
    """Answer the question that is on; returns its item."""
    played = app.session_state["round"]
    item = ITEMS[played["items"][played["at"]]]
    seed = played["of"][0]
    truth = item.ask(seed).answer
    app.radio(f"answer-{seed}-{item.number}").set_value(truth if right else 1 - min(truth, 1)).run()
    app.button("commit").click().run()
    assert not app.exception
    return item


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_round_from_the_first_question_to_the_result(lang):
    app = at_practice(lang=lang, practice_seed="4")
    assert not app.exception
    wrong = []
    for number in range(quiz.ROUND):
        assert f"{number + 1}/{quiz.ROUND} · " in said(app)
        assert app.button("commit").disabled
        item = answer(app, right=number % 3 > 0)
        if number % 3 == 0:
            wrong.append(item.number)
        asked = item.ask(4)
        assert json.dumps(drawn(app)) == json.dumps(list(item.shown(asked).figures))
        truth = prose("practice", lang).sections[f"ask-{item.number}"].options[asked.answer]
        assert f"**{fill(truth, asked.numbers)}**" in said(app)
        assert ("✅" if number % 3 else "❌") in said(app)
        app.button("next").click().run()
    assert fill(words(lang)["practice_round"], {"right": "6", "count": "10"}) in said(app)
    assert practice.missed(app.session_state["deeds"]) == sorted(wrong)
    app.button("again").click().run()
    assert not app.exception
    assert app.session_state["round"]["of"][0] == 5
    assert set(app.session_state["round"]["items"][: len(wrong)]) == set(wrong)  # mistakes come first


def test_the_address_has_the_round_and_the_lessons():
    app = at_practice(lang="en", practice_seed="7", **{"from": "nce,race,nonsense"})
    assert app.session_state["round"]["items"] == quiz.deal(7, ("nce", "race"))
    app.button_group("practice_from").set_value(["race"]).run()
    assert "race" in app.query_params["from"]
    assert app.session_state["round"]["items"] == [46]
    app.button_group("practice_from").set_value([]).run()
    assert len(app.session_state["round"]["items"]) == quiz.ROUND


HOSTILE = ["", "NaN", "-1", "1e999", "x" * 5000, "softmax.ffff", "~~~", "<b>", "\x00", "quiz.fffffffffffffffffffff"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_address_shows_a_round(value):
    app = at_practice(lang="en", practice_seed=value, done=value, step=value, **{"from": value})
    assert not app.exception
    assert f"1/{quiz.ROUND}" in said(app)


def test_a_code_is_taken_over_shown_and_forgotten():
    app = at_practice(lang="en", done=practice.code({"softmax/ask-odds", "quiz/3"}))
    assert app.session_state["deeds"] == {"softmax/ask-odds", "quiz/3"}
    assert "done" not in app.query_params
    assert practice.code(app.session_state["deeds"]) in app.code[0].value
    labels = [link.proto.label for link in app.get("page_link")]
    assert sum(label.startswith("✅") for label in labels) == 1
    app.button("forget").click().run()
    assert app.session_state["deeds"] == set()
    assert not app.code


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_question_and_challenge_leads_to_its_step(lang):
    links = [link.proto for link in at_practice(lang=lang).get("page_link")]
    found = {(link.page.rsplit("/", 1)[-1], parse_qs(link.query_string).get("step", [""])[0]) for link in links}
    for slug in LESSONS:
        for task in practice.tasks(slug, lang, DEFAULT_LIVE, set()):
            assert (slug, task.step) in found
    assert all(parse_qs(link.query_string)["lang"] == [lang] for link in links)


@pytest.mark.parametrize("number", sorted(ITEMS))
def test_the_address_of_an_item_shows_the_lesson_with_its_numbers(number):
    """The picture of the feedback and that of the lesson are one picture."""
    item = ITEMS[number]
    asked = item.ask(2)
    app = opened(item.lesson, lang="en", predict="false", **quiz.address(item, asked))
    assert not app.exception
    shown = [json.dumps(figure) for figure in drawn(app)]
    for figure in item.shown(asked).figures:
        assert json.dumps(figure) in shown


def test_what_is_done_in_a_lesson_is_noted():
    app = opened("softmax", lang="en", z0="0", z1="0.6931")
    assert app.session_state["deeds"] == {"softmax/challenge-twice"}
    app.button("skip-softmax-odds").click().run()
    assert app.session_state["deeds"] == {"softmax/challenge-twice"}
    app.radio("guess-softmax-shift-all").set_value(0).run()
    app.button("commit-softmax-shift-all").click().run()
    assert app.session_state["deeds"] == {"softmax/challenge-twice", "softmax/ask-shift-all"}


def test_a_challenge_is_noted_at_the_step_that_has_it():
    app = opened("nce", lang="en", predict="false", step="whole", nce_shift="0")
    assert app.session_state["deeds"] == {"nce/challenge-one"}
    assert len(app.toast) == 1
    assert len(opened("nce", lang="en", predict="false", step="whole").toast) == 0


def given_files(monkeypatch):
    given = {}

    def keep(label, data, file_name, mime, **options):
        given[file_name] = data

    monkeypatch.setattr("streamlit.download_button", keep)
    return given


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_practice_page_has_each_lesson_on_paper(slug, lang, monkeypatch):
    given = given_files(monkeypatch)
    assert not at_practice(lang=lang).exception
    for solutions, kind in ((False, "worksheet"), (True, "solutions")):
        made = given[f"{slug}-{kind}.html"]()
        assert made == worksheet(practice.on_paper(slug, lang, DEFAULT_LIVE), solutions=solutions)


STATES = {
    "softmax": ({"shift": "5", "doubled": "true", "dtype": "float32", "z0": "1.25"}, "shift-all"),
    "cross_entropy": ({"mistake": "right", "smoothing": "0.3"}, "mistake"),
    "sampled_softmax": ({"ss_classes": "50000", "ss_unique": "false"}, "cost"),
    "sequence": ({"seq_labels": "one_hot", "seq_padded": "4"}, "shapes"),
    "race": ({"race_dim": "9"}, "bottleneck"),
    "clinic": ({"clinic_case": "bits"}, "paste"),
}


def part(html, heading):
    """One step of a worksheet."""
    (found,) = [part for part in html.split("<h2>") if part.split("</h2>")[0].endswith(heading)]
    return found


@pytest.mark.parametrize("slug", STATES)
def test_a_lesson_is_printed_whole_and_as_it_stands_though_one_step_is_shown(slug, monkeypatch):
    given = given_files(monkeypatch)
    query, step = STATES[slug]
    heading = prose(slug, "en").sections[step].heading
    assert not opened(slug, lang="en", predict="false", **query, step="all").exception
    everything = given[f"{slug}-solutions.html"]()
    assert not opened(slug, lang="en", predict="false", **query, step=step).exception
    one = given[f"{slug}-solutions.html"]()
    default = worksheet(practice.on_paper(slug, "en", DEFAULT_LIVE), solutions=True)
    assert part(one, heading) == part(everything, heading) != part(default, heading)
    assert one.count("<h2>") == everything.count("<h2>") == default.count("<h2>")


def test_the_result_can_be_saved(monkeypatch):
    given = {}
    monkeypatch.setattr(
        "streamlit.download_button", lambda label, data, file_name, mime, **options: given.update({file_name: data})
    )
    app = at_practice(lang="en", practice_seed="1", **{"from": "race"})
    answer(app, right=True)
    app.button("next").click().run()
    assert "quiz.csv" in given
    assert io.StringIO(given["quiz.csv"]).read().splitlines()[1].startswith("46,race,")
