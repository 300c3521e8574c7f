"""Every page through AppTest, opened as a stranger opens a link: the address is set before the first run."""

import csv
import io
import math
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import core
from explainers import LANGUAGES, LESSONS
from explainers.presets import PRESETS
from explainers.text import prose, words
from ui.frame import _csv
from ui.numbers import class_names

ROOT = Path(__file__).parents[2]
PAGES = ("home", *LESSONS)


def opened(slug, **query):
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    for key, value in query.items():
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
}


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_address_shows_a_page(slug, what):
    app = opened(slug, **({"predict": "false"} | HOSTILE[what]))
    assert not app.exception
    shown = logits(app)
    assert 2 <= len(shown) <= 10
    assert all(math.isfinite(z) and abs(z) <= 10_000 for z in shown)


@pytest.mark.parametrize("slug", LESSONS)
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


@pytest.mark.parametrize("slug", LESSONS)
def test_links_carry_the_language_and_the_numbers(slug):
    app = opened(slug, lang="zh", z0="7.5", label="1", t="0.5", classes="x,y,z")
    links = [element.proto for element in app.get("page_link")]
    assert len(links) >= len(PAGES)
    for link in links:
        carried = {key: value for key, (value,) in parse_qs(link.query_string).items()}
        assert carried["lang"] == "zh"
        assert (carried["z0"], carried["label"], carried["t"]) == ("7.5", "1", "0.5")
        assert carried["classes"] == "x,y,z"


def test_the_table_that_downloads_is_core_at_full_precision():
    from explainers.table import calculation
    from tests.explainers.lives import DEFAULT_LIVE, ZERO

    titles, rows, _ = calculation(DEFAULT_LIVE)
    table = list(csv.DictReader(io.StringIO(_csv(titles, rows))))
    assert [row["class"] for row in table] == list(DEFAULT_LIVE.names)
    np.testing.assert_array_equal([float(row["p"]) for row in table], core.softmax(DEFAULT_LIVE.logits))
    np.testing.assert_allclose(
        [float(row["p − y"]) for row in table], core.sparse_cross_entropy_grad(DEFAULT_LIVE.logits, DEFAULT_LIVE.label)
    )
    assert [row[-2] for row in calculation(ZERO)[1]] == [0.0, 0.0, 1.0, 0.0]


def test_names_lose_what_would_be_markup():
    assert class_names("a, b ,, a,<i>,$x$") == ("a", "b", "i", "x")
    assert class_names("猫，狗、鸟") == ("猫", "狗", "鸟")
    assert class_names("x" * 1000) == ("x" * 16,)
    assert len(class_names(",".join(map(str, range(50))))) == 10
