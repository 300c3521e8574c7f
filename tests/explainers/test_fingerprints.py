"""Loss curves: what is stored is what core trains, each is recognised and no other, and any paste is answered."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import faulty
from explainers import LANGUAGES, LESSONS, fingerprints
from explainers.fingerprints import FAULTS, OPEN, Chosen, count, fits, hidden, options, read_curve, trained
from explainers.paste import PasteError
from explainers.step import fill
from explainers.text import prose, words

LENGTH = 60


def recognised(losses, recipe):
    return [fit.fault for fit in fits(losses, recipe.num_classes, recipe.num_sampled or np.nan)]


def said(step):
    """All that is said below a step, in each language; every name must resolve."""
    for lang in LANGUAGES:
        for note in step.notes:
            section = prose("clinic", lang).sections[note.key]
            fill(f"{section.heading} {section.body}", note.numbers)
    return [note.key.removeprefix("finding-") for note in step.notes]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("mended", [False, True])
def test_core_trains_what_is_stored(fault, mended):
    stored = trained(fault)
    run = faulty.train(fault, mended=mended, num_steps=LENGTH)
    np.testing.assert_allclose((stored.mended if mended else stored.losses)[:LENGTH], run.losses, atol=6e-5, rtol=1e-6)
    assert len(stored.losses) == len(stored.mended) == faulty.recipe(fault).num_steps


def test_accuracies_are_stored_where_the_fault_is_seen_in_them():
    run = faulty.train("rising", num_steps=LENGTH)
    np.testing.assert_allclose(trained("rising").accuracies[:LENGTH], run.accuracies, atol=6e-5)
    assert np.isnan(trained("twice").accuracies).all()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.filterwarnings("error")
def test_each_fault_is_recognised_and_no_other(fault, seed):
    assert recognised(trained(fault, seed).losses, faulty.recipe(fault)) == [fault]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_mended_training_is_healthy(fault, seed):
    mended = faulty.recipe(fault, mended=True)._replace(num_sampled=0)
    bad_start_stays = fault == "epsilon"
    assert recognised(trained(fault, seed).mended, mended) == ["bad_start" if bad_start_stays else "healthy"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sparse_log_is_recognised_like_the_whole_curve(fault):
    """Every third value, four digits: what a log keeps."""
    kept = np.round(trained(fault, 1).losses[::3], 4)
    assert recognised(kept, faulty.recipe(fault)) == [fault]


@pytest.mark.parametrize(
    "losses",
    [
        np.full(50, 1.0),
        np.linspace(2.3, 2.25, 50) - 0.5,
        np.linspace(-1, -5, 50),
        np.full(50, 40.0),
        2.9 - np.linspace(0, 0.1, 50),
    ],
)
def test_none_fits_where_none_fits(losses):
    assert fits(losses, 10, np.nan) == []
    text = "\n".join(map(str, losses))
    assert said(fingerprints.compare(Chosen(pasted=text))) == ["no_fit"]


def test_item_21_the_same_end_is_innocent_with_another_number_of_classes():
    losses = trained("twice").losses
    assert "twice" not in [fit.fault for fit in fits(losses, 100, np.nan)]


def test_reasons_are_numbers_of_the_curve():
    (fit,) = fits(trained("twice").losses, 10, np.nan)
    (_, start), (_, end) = fit.reasons
    assert start == {"value": 2.3026, "sign": "ln V", "tell": pytest.approx(np.log(10))}
    assert end["tell"] == pytest.approx(1.4612, abs=5e-5)
    assert end["value"] == pytest.approx(trained("twice").losses[-40:].mean())
    (fit,) = fits(trained("float16").losses, 10, np.nan)
    assert int(fit.reasons[0][1]["at"]) == np.isfinite(trained("float16").losses).argmin() + 1


# ---- the steps ----


def test_every_fault_has_its_words_its_line_and_its_lesson():
    assert set(fingerprints.TELLS) == set(fingerprints.LESSONS_OF) == set(FAULTS)
    assert set(fingerprints.LESSONS_OF.values()) <= set(LESSONS)
    for lang in LANGUAGES:
        assert {f"fp_fault_{fault}" for fault in (*FAULTS, OPEN)} <= set(words(lang))
        for fault in FAULTS:
            section = prose("clinic", lang).sections[f"finding-fp_{fault}"]
            assert ("@item" in section.body) == (fault in fingerprints.ITEMS)


def test_every_fault_comes_once_before_one_comes_again():
    assert sorted(hidden(number) for number in range(len(FAULTS))) == sorted(FAULTS)
    assert sorted(hidden(number) for number in range(len(FAULTS), 2 * len(FAULTS))) == sorted(FAULTS)
    assert hidden(fingerprints.LAST_CURVE) in FAULTS


@pytest.mark.parametrize("number", range(len(FAULTS)))
@pytest.mark.filterwarnings("error")
def test_a_curve_keeps_its_name_until_it_is_named(number):
    fault = hidden(number)
    choices = options(number)
    assert choices[0] == OPEN
    assert fault in choices
    assert len(set(choices)) == 5
    before = fingerprints.name(Chosen(curve=number))
    assert not before.notes
    assert fault not in json.dumps(before.figures)
    for guess in choices[1:]:
        step = fingerprints.name(Chosen(curve=number, guess=guess))
        assert said(step) == ["named" if guess == fault else "misnamed", f"fp_{fault}"]
        assert {fault, guess} <= {line["text"] for line in step.figures[0]["lines"]}
        (challenge,) = fingerprints.challenges(Chosen(curve=number, guess=guess))
        assert challenge.done == (guess == fault)


def test_a_name_that_is_no_option_is_none():
    other = next(fault for fault in FAULTS if fault not in options(0))
    for guess in (other, "", "<b>"):
        assert fingerprints.name(Chosen(guess=guess)) == fingerprints.name(Chosen())


def test_the_line_is_drawn_in_when_the_curve_is_named():
    number = next(number for number in range(len(FAULTS)) if hidden(number) == "twice")
    lines = fingerprints.name(Chosen(curve=number, guess="twice")).figures[0]["lines"]
    assert "ln(1 + (V − 1)/e) = 1.4612" in {line["text"] for line in lines}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("run", [0, 5])
@pytest.mark.filterwarnings("error")
def test_a_fault_is_taken_out_stored_and_live(fault, run):
    alone = fingerprints.mend(Chosen(fault=fault, run=run))
    both = fingerprints.mend(Chosen(fault=fault, run=run, mended=True))
    assert said(both) == [f"fp_{fault}"]
    assert "✓" not in {line["text"] for line in alone.figures[0]["lines"]}
    assert "✓" in {line["text"] for line in both.figures[0]["lines"]}
    json.dumps(both.figures, allow_nan=False)
    for latex in (both.formula, both.worked):
        fill(latex, both.numbers)


def test_item_19_the_question_is_answered_by_the_training():
    (question,) = fingerprints.questions()
    assert question.answer == 1
    assert np.isfinite(trained("ignored").losses[-1])
    assert np.isnan(trained("ignored").losses).any()


# ---- pastes ----

VALUES = [2.3026, 1.9, float("nan"), 1.5, 1.25, 1e-3]


def history():
    return str({"accuracy": [0.1] * 6, "loss": VALUES, "val_loss": [9.0] * 6})


def table(heading):
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(heading)
    writer.writerows([n * 10, loss, 9.0][: len(heading)] for n, loss in enumerate(VALUES))
    return file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(str, VALUES)),
        json.dumps(VALUES),
        history(),
        history().replace("2.3026", "np.float64(2.3026)"),
        json.dumps({"loss": VALUES, "val_loss": [9.0] * 6}),
        json.dumps([{"step": n, "loss": None if loss != loss else loss} for n, loss in enumerate(VALUES)]),
        table(["step", "loss"]),
        table(["step", "loss", "val_loss"]),
        table(["Wall time", "Value", "Step"]),
        table(["Step", "calm-sky-7 - loss", "calm-sky-7 - val_loss"]),
        "array([[0, 2.3026], [1, 1.9], [2, nan], [3, 1.5], [4, 1.25], [5, 0.001]])",
        "\n".join(
            f"Epoch {n}/6\n60/60 - 1s - 4ms/step - accuracy: 0.1 - loss: {x} - val_loss: 9"
            for n, x in enumerate(VALUES)
        ),
        "\n".join(f"step {n}, train_loss={x}, lr 0.1" for n, x in enumerate(VALUES)),
        "\n".join(f"loss: tensor({x}, grad_fn=<NllLossBackward0>)" for x in VALUES),
        "\n".join(f"{{'loss': {x}, 'grad_norm': 3.1, 'epoch': 0.1}}" for x in VALUES),
    ],
)
def test_curves_as_people_have_them(text):
    np.testing.assert_allclose(read_curve(text), VALUES)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("1\n2\n3", "few"),
        ("loss: 1", "few"),
        ("[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]", "axes"),
        ("2.3\n1.9\nx\n1\n1", "word"),
        ("1" * 1_000_001, "size"),
    ],
)
def test_what_is_no_curve_is_said(text, code):
    with pytest.raises(PasteError) as raised:
        read_curve(text)
    assert raised.value.code == code
    assert said(fingerprints.compare(Chosen(pasted=text))) == [f"error_{code}", "curve_works"]


def test_classes_as_people_write_them():
    assert [count(text) for text in ("10", " 50,257 ", "2e5", "10_000")] == [10, 50257, 200_000, 10_000]
    assert all(np.isnan(count(text)) for text in ("", "many", "0", "-3", "nan", "inf", "1e99"))


def test_the_example_is_a_curve_that_fits():
    assert said(fingerprints.compare(Chosen()))[0] == "fp_twice"


def test_item_24_without_a_number_of_classes_the_start_says_nothing():
    assert said(fingerprints.compare(Chosen(num_classes="?")))[0] == "no_classes"


pieces = st.sampled_from(
    ["loss", ": ", "=", "nan", "inf", "-1e400", "1e308", "2.3", ",", "\n", "[", "]", "step", "{", "'", '"', "0", "\t"]
)
anything = st.one_of(
    st.text(max_size=60),
    st.lists(pieces, max_size=60).map("".join),
    st.lists(st.floats(), min_size=3, max_size=60).map(lambda values: "\n".join(map(str, values))),
    st.lists(st.floats(0, 5), min_size=5, max_size=60).map(json.dumps),
)


@settings(max_examples=400)
@given(anything, st.sampled_from(["10", "2", "", "1e9", "x"]), st.sampled_from(["", "5", "1000", "1e9"]))
@pytest.mark.filterwarnings("error")
def test_whatever_is_pasted_is_answered(text, num_classes, num_sampled):
    step = fingerprints.compare(Chosen(pasted=text, num_classes=num_classes, num_sampled=num_sampled))
    assert said(step)
    json.dumps(step.figures, allow_nan=False)
