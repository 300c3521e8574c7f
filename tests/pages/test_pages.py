"""Every page through AppTest, opened as a stranger opens a link: the address is set before the first run."""

import csv
import importlib
import inspect
import io
import json
import math
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import core
from explainers import LANGUAGES, LESSONS, calibration
from explainers.presets import PRESETS
from explainers.step import fill
from explainers.table import table, table_csv
from explainers.text import prose, words
from tests.explainers.lives import DEFAULT_LIVE, WITHOUT_BOARD, ZERO
from ui.numbers import SHARED, class_names

ROOT = Path(__file__).parents[2]
PAGES = ("home", *LESSONS)
WITH_BOARD = tuple(slug for slug in PAGES if slug not in WITHOUT_BOARD)


def opened(slug, **query):
    """A page at this address, all that opens open; a lesson shows all its steps unless told."""
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    app.session_state["exact"] = app.session_state["more"] = True
    for key, value in ({"step": "all"} | query).items():
        app.query_params[key] = value
    if slug != "home":
        app.switch_page(f"pages/{slug}.py")
    return app.run()


def logits(app):
    return [box.value for box in app.number_input if box.key and box.key[0] == "z" and box.key[1:].isdigit()]


def said(app):
    return "\n".join(markdown.value for markdown in app.markdown)


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("predict", ["true", "false"])
def test_opens_in_each_language(slug, lang, predict):
    app = opened(slug, lang=lang, predict=predict)
    assert not app.exception
    assert f"# {prose(slug, lang).title}" in said(app)


@pytest.mark.parametrize("opens", ["exact", "more"])
def test_what_stands_behind_a_button_is_made_when_it_is_opened(opens):
    app = opened("softmax")
    shown = {box.key for box in (*app.number_input, *app.text_input)}
    assert {"z0", "classes"} <= shown
    app.session_state[opens] = False
    hidden = shown - {box.key for box in (*app.run().number_input, *app.text_input)}
    assert {"exact": "z0", "more": "classes"}[opens] in hidden


def sent(app):
    """What each list of pictures tells the browser, in order, but for that of a training."""
    told = [element.proto for element in app.get("bidi_component") if element.proto.bytes]
    return [json.loads(proto.bytes) for proto in told if not proto.id.endswith("picture-training")]


def drawn(app):
    """All pictures that the page sends to the browser, in order."""
    return [picture for data in sent(app) for picture in data["figures"]]


def bound(app):
    """Every control that the address holds."""
    elements = [element for kind in KINDS for element in app.get(kind)]
    return {element.proto.query_param_key: element for element in elements if element.proto.query_param_key}


KINDS = ("slider", "number_input", "text_input", "toggle", "radio", "selectbox", "button_group")


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_shows_what_the_lesson_gives_for_the_same_numbers(slug, lang):
    """Every sentence, formula and picture; so the defaults of the page are those of the lesson, too."""
    app = opened(slug, lang=lang, predict="false")
    steps = importlib.import_module(f"explainers.{slug}").explain(DEFAULT_LIVE)
    pictures = [figure for step in steps for figure in step.figures]
    if slug in WITHOUT_BOARD:
        assert json.dumps(drawn(app)) == json.dumps(pictures)
    else:
        assert json.dumps(drawn(app)[1:]) == json.dumps([*pictures, table(DEFAULT_LIVE, words(lang)["table"])])
        assert drawn(app)[0]["board"]
    shown = said(app)
    for step in steps:
        section = prose(slug, lang).sections[step.key]
        for template in (section.heading, section.body, step.formula, step.worked):
            assert fill(template, step.numbers) in shown, step.key


@pytest.mark.parametrize("slug", PAGES)
def test_every_control_of_a_page_bears_what_an_address_can_hold(slug):
    own = set(bound(opened(slug, predict="false")))
    assert len(own) >= 3
    names = own | set(SHARED)
    for value in ("NaN", "inf", "-1e308", "9" * 5000, "", "<b>x</b>", "$\\frac{1}{0}$", "\x00", "😀", "true", "a,b"):
        app = opened(slug, **dict.fromkeys(names, value) | {"predict": "false"})
        assert not app.exception, value
        assert all(math.isfinite(slider.value) for slider in app.slider)


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize("end", ["min", "max"])
@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"classes": "a,b,c,d,e,f,g,h,i,j", "z0": "10000", "z1": "-10000", "t": "0.01"},
        {"classes": "a,b", "z0": "-10000", "z1": "10000", "t": "1000"},
    ],
    ids=["as they are", "ten and cold", "two and hot"],
)
def test_every_control_goes_from_end_to_end(slug, end, numbers):
    app = opened(slug, predict="false", **numbers)
    own = [slider for slider in app.slider if not slider.key.endswith("_slider")]
    for slider in own:
        slider.set_value(getattr(slider, end))
    for toggle in app.toggle:
        if toggle.key not in ("predict", "projector"):  # of the projected page only one step is drawn
            toggle.set_value(end == "max")
    for radio in app.radio:
        radio.set_value(radio.options[0 if end == "min" else -1])
    app.run()
    assert not app.exception
    assert drawn(app)
    assert [slider.value for slider in own] == [getattr(slider, end) for slider in own]


@pytest.mark.parametrize("slug", LESSONS)
def test_each_choice_can_be_made(slug):
    app = opened(slug, predict="false")
    before = [radio.key for radio in app.radio]
    for key in before:
        for option in app.radio(key).options:
            app.radio(key).set_value(option).run()
            assert not app.exception
            assert app.radio(key).value == option


HOSTILE = {
    "language": {"lang": "xx"},
    "huge numbers": {"z0": "9" * 10_000, "z1": "1e308", "t": "1e308", "label": "9" * 400, "seed": "9" * 50},
    "not numbers": {"z0": "NaN", "z1": "inf", "z2": "-inf", "t": "nan", "label": "nan", "seed": "x"},
    "negative": {"t": "-1", "label": "-1", "seed": "-1"},
    "html": {"classes": "<script>alert(1)</script>,<img src=x onerror=alert(1)>", "lang": "<b>"},
    "latex and markdown": {"classes": r"$\frac{1}{0}$,**bold**,[a](b),:material/home:,\text{,@p_y,a|b"},
    "no classes": {"classes": ""},
    "one class": {"classes": "one"},
    "a hundred classes": {"classes": ",".join(f"c{i}" for i in range(100))},
    "twins": {"classes": "a,a,a,b"},
    "emoji and nulls": {"classes": "\x00,😀,猫,a\nb"},
    "label beyond": {"classes": "a,b", "label": "7"},
    "many parameters": {f"p{i}": "x" for i in range(1000)},
    "emptied choices": {"label": "", "t": "", "mistake": "", "dtype": "", "vocabulary": "none"},
    "extreme": {"z0": "10000", "z1": "-10000", "t": "0.01"},
    "extreme hot": {"z0": "10000", "z1": "-10000", "t": "1000"},
    "zero": {"t": "0"},
    "next to zero": {"z0": "10000", "t": "1e-320"},
}


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_address_shows_a_page(slug, what):
    app = opened(slug, **({"predict": "false"} | HOSTILE[what]))
    assert not app.exception
    shown = logits(app)
    with_board = any("live" in data for data in sent(app))  # an address that is thrown away whole: the first step
    assert 2 <= len(shown) <= 10 or slug in WITHOUT_BOARD or not with_board
    assert all(math.isfinite(z) and abs(z) <= 10_000 for z in shown)


@pytest.mark.parametrize("slug", WITH_BOARD[1:])
@pytest.mark.parametrize("preset", PRESETS)
def test_each_example_sets_all_numbers(slug, preset):
    app = opened(slug, lang="zh", predict="false")
    app.selectbox("preset").select(preset).run()
    assert not app.exception
    expected = PRESETS[preset].named("zh")
    assert logits(app) == pytest.approx(list(expected.logits))
    assert app.number_input("label").value == expected.label
    assert class_names(app.text_input("classes").value) == expected.names


def test_a_slider_and_its_box_are_one_number():
    app = opened("softmax", predict="false")
    app.slider("z0_slider").set_value(4.5).run()
    assert app.number_input("z0").value == 4.5
    app.number_input("z0").set_value(1000.5).run()
    assert app.slider("z0_slider").value == 1000.5
    assert app.slider("z0_slider").max >= 1000.5
    app.button_group("label_name").set_value(3).run()
    assert app.number_input("label").value == 3
    assert not app.exception


def press(app, word):
    next(button for button in app.button if button.label == words("en")[word]).click().run()
    assert not app.exception


def test_classes_can_be_added_removed_drawn_and_reset():
    app = opened("cross_entropy", lang="en", predict="false", label="3")
    press(app, "class_more")
    assert len(logits(app)) == 5
    for _ in range(3):
        press(app, "class_fewer")
    assert len(logits(app)) == 2
    assert app.number_input("label").value == 1
    press(app, "random")
    first = logits(app)
    assert app.number_input("seed").value == 1
    press(app, "random")
    assert logits(app) != first
    app.number_input("seed").set_value(0).run()
    press(app, "random")
    assert logits(app) == first
    press(app, "reset")
    assert logits(app) == list(PRESETS["notes"].logits)


def test_the_best_temperature_is_one_press_away():
    app = opened("cross_entropy", lang="en", predict="false", step="calibration")
    assert app.slider("calibration_t").value == 1
    press(app, "calibration_best")
    assert app.slider("calibration_t").value == calibration.BEST
    assert fill("**@ece**", {"ece": calibration.measured(calibration.BEST)[1][2]}) in said(app)


def test_a_guess_is_asked_for_before_the_answer_and_shown_beside_it():
    app = opened("softmax", lang="en")
    heading = prose("softmax", "en").sections["shift-all"].heading
    assert heading not in said(app)
    app.radio("guess-softmax-shift-all").set_value(0).run()
    app.button("commit-softmax-shift-all").click().run()
    assert heading in said(app)
    (box,) = app.info
    options = prose("softmax", "en").sections["ask-shift-all"].options
    assert options[0] in box.value
    assert f"**{options[1]}**" in box.value
    app.button("skip-softmax-odds").click().run()
    assert prose("softmax", "en").sections["odds"].heading in said(app)
    assert len(app.info) == 1


def test_a_challenge_is_ticked_when_the_numbers_do_it():
    assert "✅" not in said(opened("softmax", predict="false"))
    assert "✅ Make B exactly twice" in said(opened("softmax", lang="en", predict="false", z0="0", z1="0.6931"))


@pytest.mark.parametrize("slug", PAGES)
def test_links_carry_the_language(slug):
    links = [element.proto for element in opened(slug, lang="zh").get("page_link")]
    assert len(links) >= len(PAGES)
    assert all(parse_qs(link.query_string) == {"lang": ["zh"]} for link in links)


def test_the_table_that_downloads_is_core_at_full_precision():
    rows = list(csv.DictReader(io.StringIO(table_csv(DEFAULT_LIVE))))
    assert [row["class"] for row in rows] == list(DEFAULT_LIVE.names)
    np.testing.assert_array_equal([float(row["p"]) for row in rows], core.softmax(DEFAULT_LIVE.logits))
    np.testing.assert_allclose(
        [float(row["p − y"]) for row in rows], core.sparse_cross_entropy_grad(DEFAULT_LIVE.logits, DEFAULT_LIVE.label)
    )
    assert table_csv(ZERO).splitlines()[0] == "class,z,p,y,p − y"
    assert [row.split(",")[3] for row in table_csv(ZERO).splitlines()[1:]] == ["0.0", "0.0", "1.0", "0.0"]


@pytest.mark.parametrize("slug", LESSONS)
def test_one_step_at_a_time(slug):
    """Each step alone is what it is among all of them; the way on leads through all of them to the challenges."""
    text = prose(slug, "en")
    app = opened(slug, lang="en", predict="false", step="")
    seen = []
    while app.button and any(button.key == "next" for button in app.button):
        heading = [line for line in said(app).splitlines() if line.startswith("### ")]
        assert len(heading) == 1
        seen.append(heading[0].split(" · ")[1])
        app.button("next").click().run()
        assert not app.exception
    wanted = [text.sections[key].heading for key in text.steps]
    if slug == "softmax":  # temperature zero has no step of its own while the temperature is not zero
        wanted[wanted.index(text.sections["argmax"].heading)] = text.sections["temperature"].heading
    assert seen == wanted
    assert words("en")["challenges"] in said(app)
    assert "challenges" in app.query_params["step"]


def test_temperature_zero_turns_to_argmax_whatever_the_step():
    for step in ("temperature", "divide", "argmax"):
        assert prose("softmax", "en").sections["argmax"].heading in said(opened("softmax", lang="en", t="0", step=step))


def test_undo_takes_back_what_was_done_last():
    app = opened("gradient", lang="en", predict="false")
    app.number_input("z0").set_value(5.0).run()
    app.selectbox("preset").select("pets").run()
    press(app, "step")
    press(app, "undo")
    assert logits(app) == [3.0, 1.7, -1.0]
    press(app, "undo")
    assert logits(app) == [5.0, -1.0, 3.0, 2.0]
    press(app, "undo")
    press(app, "undo")
    assert logits(app) == [2.0, -1.0, 3.0, 2.0]


def test_the_board_shows_the_way_of_a_step_and_of_a_run_once():
    app = opened("gradient", lang="en", predict="false", num_steps="30")
    press(app, "run")
    told = [data["live"] for data in sent(app) if "live" in data]
    assert np.shape(told[0]["motion"]) == (31, 4)
    assert told[0]["motion"][-1] == pytest.approx(told[0]["logits"], abs=1e-3)
    assert "motion" not in next(data["live"] for data in sent(app.run()) if "live" in data)


@pytest.mark.parametrize("slug", WITH_BOARD)
def test_the_button_downloads_the_table_of_the_numbers_on_the_page(slug, monkeypatch):
    given = {}

    def keep(label, data, file_name, mime, **options):
        given.update(data=data, file_name=file_name)

    monkeypatch.setattr("streamlit.download_button", keep)
    app = opened(slug, lang="en", z0="7.25", label="1", t="0.5", classes="x,y,z")
    assert not app.exception
    rows = list(csv.DictReader(io.StringIO(given["data"]())))
    assert given["file_name"] == f"{slug}.csv"
    probs = core.softmax([7.25, -1.0, 3.0], temperature=0.5)
    assert [row["class"] for row in rows] == ["x", "y", "z"]
    assert [float(row["p"]) for row in rows] == probs.tolist()
    assert [float(row["y"]) for row in rows] == [0, 1, 0]


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_question_is_asked_and_answered(slug, lang):
    """All guesses are committed, then the page shows all steps, and a truth beside each guess."""
    app = opened(slug, lang=lang)
    asked = [key for key in prose(slug, lang).sections if key.startswith("ask-")]
    assert len(app.radio) >= len(asked) >= 2
    for key in asked:
        name = f"{slug}-{key.removeprefix('ask-')}"
        assert app.button(f"commit-{name}").disabled
        app.radio(f"guess-{name}").set_value(len(prose(slug, lang).sections[key].options) - 1).run()
        app.button(f"commit-{name}").click().run()
        assert not app.exception
    assert len(app.info) == len(asked)
    assert all(words(lang)["truth"] in box.value for box in app.info)
    assert len(drawn(app)) == len(drawn(opened(slug, lang=lang, predict="false")))


def test_names_lose_what_would_be_markup():
    assert class_names("a, b ,, a,<i>,$x$") == ("a", "b", "i", "x")
    assert class_names("猫，狗、鸟") == ("猫", "狗", "鸟")
    assert class_names("x" * 1000) == ("x" * 16,)
    assert len(class_names(",".join(map(str, range(50))))) == 10


@pytest.mark.parametrize("slug", LESSONS)
def test_the_challenges_have_what_they_need_beside_them_or_lead_to_it(slug):
    """Every keyword that decides a challenge can be set on the spot, or each challenge leads to a step."""
    app = opened(slug, lang="en", step="challenges", predict="false")
    challenges = importlib.import_module(f"explainers.{slug}").challenges
    wanted = set(inspect.signature(challenges).parameters) - {"live"}
    hidden = "".join(html.proto.body for html in app.get("html"))
    assert ".st-key-controls-challenges" not in hidden
    if wanted <= set(bound(app)):
        return
    for challenge in challenges(DEFAULT_LIVE):
        there = opened(slug, lang="en", step="challenges", predict="false")
        there.button(f"go-{challenge.key}").click().run()
        assert not there.exception
        assert prose(slug, "en").sections[challenge.at].heading in said(there)
