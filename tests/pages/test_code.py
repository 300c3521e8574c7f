"""The row of frameworks under every lesson: nothing until one is chosen, then a program with the learner's numbers."""

import pytest

from explainers import LANGUAGES, LESSONS, clinic, snippets
from explainers.text import words
from tests.explainers.lives import DEFAULT_LIVE, live
from tests.pages.test_pages import opened


def codes(app):
    return [block.value for block in app.code]


@pytest.mark.parametrize("slug", LESSONS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_lesson_is_a_program_once_a_framework_is_chosen(slug, lang):
    app = opened(slug, lang=lang)
    program = snippets.clinic(clinic.Told()) if slug == "clinic" else getattr(snippets, slug)(DEFAULT_LIVE)
    assert not set(codes(app)) & {program.code(framework) for framework in snippets.FRAMEWORKS}
    for framework in snippets.FRAMEWORKS:
        app.button_group("code").set_value(framework).run()
        assert not app.exception
        assert codes(app)[-2:] == [program.code(framework), program.output(framework)]
        assert words(lang)["code_prints"] in [caption.value for caption in app.caption]


def test_no_program_is_made_until_a_framework_is_chosen(monkeypatch):
    def never(*_, **__):
        raise AssertionError("made for nobody")

    monkeypatch.setattr(snippets, "softmax", never)
    assert not opened("softmax").exception
    assert opened("softmax", code="JAX").exception


def test_the_program_follows_the_numbers_and_a_link_opens_it():
    app = opened("gradient", code="PyTorch", z0="-7.25", label="1", t="0.5")
    moved = live("ABCD", [-7.25, -1, 3, 2], 1, 0.5)
    assert codes(app)[-2:] == [snippets.gradient(moved).code("torch"), snippets.gradient(moved).output("torch")]
    app.number_input("z0").set_value(1.5).run()
    assert "1.5, -1.0, 3.0, 2.0" in codes(app)[-2]


def test_the_program_follows_the_controls_of_its_lesson():
    assert "label_smoothing = 0.3" in codes(opened("cross_entropy", code="JAX", smoothing="0.3"))[-2]
    program = snippets.nce(DEFAULT_LIVE, num_sampled=3, sampler="uniform", seed=4).code("keras")
    asked = {"nce_num_sampled": "3", "nce_sampler": "uniform", "nce_seed": "4"}
    assert codes(opened("nce", code="Keras", **asked))[-2] == program


def test_temperature_zero_is_another_program():
    assert "argmax" in codes(opened("softmax", code="PyTorch", t="0"))[-2]


def test_it_is_said_that_tensorflow_removes_one_copy_only():
    asked = {"ss_few": "6", "ss_unique": "false", "ss_draw": "1"}
    for framework, says in {"tensorflow": "code_differs", "torch": "code_float32"}.items():
        captions = [
            caption.value
            for caption in opened("sampled_softmax", lang="en", code=snippets.FRAMEWORKS[framework], **asked).caption
        ]
        assert words("en")[says] == captions[-1]


@pytest.mark.parametrize("hostile", ["", "numpy", "0", "../softmax", "x" * 5000])
def test_a_framework_that_there_is_not_shows_no_program(hostile):
    app = opened("softmax", code=hostile)
    assert not app.exception
    assert not codes(app)


def test_it_is_said_why_there_is_no_program():
    app = opened("clinic", lang="en", code="NumPy", clinic_case="own")
    assert not app.exception
    assert words("en")["code_none"] == app.caption[-1].value
