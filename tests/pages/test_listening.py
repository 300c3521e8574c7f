"""Tunes on the page: made, played, saved and pasted."""

import pytest

from explainers import LANGUAGES, listening
from explainers.step import fmt
from explainers.text import words
from tests.pages.test_pages import drawn, opened, press, said


def letters(app):
    return ["".join(figure["text"]) for figure in drawn(app) if figure["kind"] == "letters"]


def shown(text):
    return "".join(listening.visible(character) for character in text)


def test_another_draw_another_tune_and_the_address_says_which():
    app = opened("sequence", lang="en", predict="false", step="listen")
    assert letters(app) == [shown(listening.written(listening.DEFAULT))]
    press(app, "seq_throw")
    press(app, "seq_hot")
    app.radio("seq_kind").set_value("waltz").run()
    asked = listening.DEFAULT._replace(kind="waltz", how=listening.sampling(1.5, seed=1))
    assert letters(app) == [shown(listening.written(asked))]
    address = {"seq_kind": "waltz", "seq_temperature": "1.5", "seq_dice": "1"}
    again = opened("sequence", lang="zh", step="listen", predict="false", **address)
    assert letters(again) == letters(app)


@pytest.mark.parametrize("step", ["listen", "own"])
def test_sound_is_made_when_it_is_asked_for_and_not_before(step, monkeypatch):
    made = []
    sound = listening.sound
    monkeypatch.setattr(listening, "sound", lambda text: made.append(text) or sound(text))
    app = opened("sequence", lang="en", predict="false", step=step)
    assert not made
    assert not app.get("audio")
    press(app, "seq_play")
    assert len(made) == 1
    (audio,) = app.get("audio")
    assert audio.proto.url.endswith(".wav")
    assert not app.run().get("audio")


@pytest.mark.parametrize("step", ["listen", "own"])
def test_what_is_saved_is_what_is_shown(step, monkeypatch):
    given = {}

    def keep(self, label, data, file_name, **options):
        given[file_name] = data

    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.download_button", keep)
    app = opened("sequence", lang="en", predict="false", step=step)
    text = given["tune.abc"]()
    assert shown(text) == "".join(letters(app))
    assert given["tune.wav"]() == listening.sound(text)


def test_a_pasted_tune_is_scored_and_is_not_in_the_address():
    app = opened("sequence", lang="en", predict="false", step="own")
    text = "X:1\nT:Mine\nM:6/8\nL:1/8\nK:G Major\nGAB cde|"
    app.text_area("seq_abc").set_value(text).run()
    assert not app.exception
    assert not app.warning
    assert letters(app)[0] == shown(text)
    assert fmt(listening.summary(listening.scored(text).losses)["perplexity"]) in said(app)
    assert not any("Mine" in str(value) for value in app.query_params.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_bad_paste_keeps_its_text_and_says_what_is_wrong_and_where(lang):
    app = opened("sequence", lang=lang, predict="false", step="own")
    for text, part in (("Hello ❤", "`❤` (6)"), ("X:1\nM:C\nK:D\nAB&", "14"), ("", words(lang)["seq_abc_empty"])):
        app.text_area("seq_abc").set_value(text).run()
        assert not app.exception
        assert app.text_area("seq_abc").value == text
        assert any(part in warning.value for warning in app.warning)
    app.text_area("seq_abc").set_value("A" * 100_000).run()
    assert "100000" in app.warning[0].value
    next(button for button in app.button if button.label == words(lang)["seq_begun"]).click().run()
    assert not app.warning


def test_a_pasted_tune_outlives_the_turning_of_steps():
    app = opened("sequence", lang="en", predict="false", step="own")
    app.text_area("seq_abc").set_value("X:1\nM:C\nK:D\nDFAd|").run()
    app.selectbox("steps").select("surprise").run()
    app.selectbox("steps").select("own").run()
    assert app.text_area("seq_abc").value == "X:1\nM:C\nK:D\nDFAd|"
