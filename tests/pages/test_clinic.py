"""The clinic as it is used: click a case, paste, upload, turn the steps."""

import io

import numpy as np
import pytest

from explainers import LANGUAGES, clinic
from explainers.step import fill
from explainers.text import prose
from tests.pages.test_pages import logits, opened, said
from ui.frame import MOST_CHARACTERS

OWN = {"clinic_case": clinic.OWN}


def finding(code, **numbers):
    section = prose("clinic", "en").sections[f"finding-{code}"]
    return fill(section.heading, numbers)


@pytest.mark.parametrize("case", clinic.CASES)
def test_each_case_is_one_click(case):
    app = opened("clinic", lang="en", predict="false")
    app.radio("clinic_case").set_value(case).run()
    assert not app.exception
    assert app.radio("clinic_call").value == clinic.CASES[case].call
    assert app.text_area(f"clinic_predictions {case}").value == clinic.CASES[case].predictions
    found = clinic.CASES[case].found()
    note = next(note for note in found.notes if note.key == f"finding-{clinic.CASES[case].finding}")
    assert finding(clinic.CASES[case].finding, **note.numbers) in said(app)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_link_opens_a_case_at_any_step(lang):
    app = opened("clinic", lang=lang, predict="false", step="verdict", clinic_case="twice")
    assert not app.exception
    assert prose("clinic", lang).sections["finding-twice"].heading in said(app)


def test_a_call_of_the_learner_yields_to_the_next_case():
    app = opened("clinic", lang="en", predict="false", clinic_case="twice")
    app.radio("clinic_call").set_value("keras_sparse").run()
    assert finding("twice") not in said(app)
    app.radio("clinic_case").set_value("nll").run()
    assert app.radio("clinic_call").value == "torch_nll"
    app.radio("clinic_case").set_value("twice").run()
    assert app.radio("clinic_call").value == "keras_sparse_logits"


def test_what_is_pasted_stays_while_the_steps_turn_and_is_never_in_the_address():
    app = opened("clinic", lang="en", predict="false", step="paste", **OWN)
    app.text_area("clinic_predictions own").set_value("[[1.25, 7.5], [3, 1], [0, 2]]").run()
    app.text_area("clinic_labels own").set_value("[2, 1, 1]").run()
    app.radio("clinic_call").set_value("torch_cross_entropy").run()
    app.button("next").click().run()
    assert not app.exception
    assert finding("off_by_one") in said(app)
    assert "is out of bounds." in said(app)
    app.button("next").click().run()
    assert finding("largest") in said(app)
    assert "7.5" not in str(app.query_params)
    app.selectbox("steps").set_value("paste").run()
    assert app.text_area("clinic_predictions own").value == "[[1.25, 7.5], [3, 1], [0, 2]]"


def test_a_row_goes_to_the_board():
    app = opened("clinic", lang="en", predict="false", step="row", clinic_case="not_a_number")
    assert logits(app) == [2.0, -1.0, 3.0, 2.0]
    app.slider("clinic_row").set_value(1.0).run()
    app.button("clinic_take").click().run()
    assert not app.exception
    assert logits(app) == [1.0, 0.0, 4.0]
    assert app.number_input("label").value == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 " * (MOST_CHARACTERS // 2), "many"),
        ("[[1, 2], [3]]", "ragged"),
        ("`$x$` <b>@y</b>", "sign"),
        ("[" * 50, "deep"),
    ],
)
def test_a_bad_paste_is_told_and_shown_as_text(text, code):
    app = opened("clinic", lang="en", predict="false", **OWN)
    app.text_area("clinic_predictions own").set_value(text)
    app.text_area("clinic_labels own").set_value(text).run()
    assert not app.exception
    assert app.text_area("clinic_labels own").max_chars == MOST_CHARACTERS
    shown = next(markdown.value for markdown in app.markdown if finding(f"error_{code}") in markdown.value)
    assert shown.count("`") % 2 == 0
    assert len(shown) < 500


def test_a_file_can_be_uploaded():
    file = io.BytesIO()
    np.save(file, np.array([[0.25, 0.75], [0.5, 0.5]], np.float32))
    app = opened("clinic", lang="en", predict="false", step="paste", clinic_case="log_probs")
    app.get("file_uploader")[0].set_value([("p.npy", file.getvalue(), "application/octet-stream")]).run()
    assert not app.exception
    assert finding("are_probs") in said(app)
