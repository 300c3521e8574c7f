"""What the clinic claims: every finding has its words, every case its verdict, and a row goes on as it is."""

import csv
import io
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import core
from explainers import LANGUAGES, clinic
from explainers.diagnosis import CALLS
from explainers.paste import PasteError
from explainers.step import fill
from explainers.text import prose, words
from tests.explainers.lives import DEFAULT_LIVE

SOURCE = "\n".join(
    (Path(clinic.__file__).parent / f"{name}.py").read_text()
    for name in ("clinic", "diagnosis", "paste", "fingerprints")
)
SECTIONS = prose("clinic", "en").sections
FINDINGS = [key.removeprefix("finding-") for key in SECTIONS if key.startswith("finding-")]


def notes(told, key):
    (step,) = clinic.explain(DEFAULT_LIVE, told, only={key})
    return [note.key.removeprefix("finding-") for note in step.notes]


@pytest.mark.parametrize("case", [*clinic.CASES, clinic.OWN])
def test_whatever_is_called_on_a_case_has_its_words(case):
    for call, said in product(CALLS, ("unsure", "logits", "probabilities")):
        for step in clinic.explain(DEFAULT_LIVE, clinic.Told(case, call=call, said=said)):
            for lang in LANGUAGES:
                for note in step.notes:
                    section = prose("clinic", lang).sections[note.key]
                    assert "@" not in fill(f"{section.heading} {section.body}", note.numbers).replace("@ ", "")


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_that_has_words_is_made_somewhere(code):
    kind = code.split("_", 1)
    parts = {"error": kind[-1], "reported": kind[-1], "are": kind[-1], "fp": kind[-1], "because": kind[-1]}
    assert f'"{code}"' in SOURCE or f'"finding-{code}"' in SOURCE or f'"{parts.get(kind[0], "?")}"' in SOURCE


def test_every_error_of_a_paste_has_words():
    made = set(re.findall(r'(?:PasteError|_error)\("(\w+)"', SOURCE)) | {
        "closed",
        "unclosed",
        "ellipsis",
        "symbolic",
        "words",
    }
    assert len(made) > 12
    assert made <= {code.removeprefix("error_") for code in FINDINGS if code.startswith("error_")}


def test_the_cases_are_named_in_the_table_of_words():
    for lang in LANGUAGES:
        assert {f"clinic_case_{case}" for case in (*clinic.CASES, clinic.OWN)} <= set(words(lang))
        assert {f"clinic_call_{call}" for call in CALLS} <= set(words(lang))


@pytest.mark.parametrize("case", clinic.CASES)
def test_a_call_that_raises_shows_what_the_framework_said_of_this_very_case(case):
    found = clinic.CASES[case].found()
    verdict = notes(clinic.Told(case), "verdict")
    assert clinic.CASES[case].finding in verdict
    if not found.refused:
        assert verdict[0] in ("same", "silent", "unclear")
        return
    assert verdict[0] == "raises"
    said = clinic.recorded()["cases"][f"clinic/{case}/{clinic.CASES[case].call}"]
    (step,) = clinic.explain(DEFAULT_LIVE, clinic.Told(case), only={"verdict"})
    assert step.notes[0].numbers["message_code"] == f"{said['error']}: {said['message']}"
    assert step.notes[0].numbers["version_code"]


def test_other_numbers_get_the_message_of_the_same_refusal():
    told = clinic.Told(clinic.OWN, "[[1., 2.], [3., 4.]]", "[0, 9]", call="torch_cross_entropy")
    (step,) = clinic.explain(DEFAULT_LIVE, told, only={"verdict"})
    assert "out of bounds" in step.notes[0].numbers["message_code"]


def test_a_bad_paste_says_which_box_and_where_and_what_works():
    assert notes(clinic.Told(predictions="[1, x]"), "paste")[0] == "error_word"
    assert "works" in notes(clinic.Told(predictions="[1, x]"), "paste")
    for key in ("verdict", "positions", "row", "conventions"):
        assert notes(clinic.Told(labels="["), key) == ["nothing"]


def test_a_print_with_an_ellipsis_says_how_to_print_all():
    told = clinic.Told(predictions="tensor([[1., 2.],\n        ...,\n        [3., 4.]])", labels="[0, 1]")
    (step,) = clinic.explain(DEFAULT_LIVE, told, only={"paste"})
    (note,) = (note for note in step.notes if note.key == "finding-print_all")
    assert "full" in note.numbers["print_code"]
    assert "elided" in notes(told, "verdict")


def test_a_file_takes_the_place_of_a_text():
    file = io.BytesIO()
    np.save(file, np.array([[0.0, 1.0], [2.0, 0.0]]))
    told = clinic.Told(labels="1\n1", predictions_file=("x.npy", file.getvalue()))
    assert clinic.look(told).found.right == pytest.approx(
        core.sparse_cross_entropy([[0.0, 1.0], [2.0, 0.0]], [1, 1], reduction="mean")
    )
    assert isinstance(clinic.look(clinic.Told(labels_file=("x.npy", b"no"))).errors["labels"], PasteError)


def test_the_positions_are_in_order_and_download_at_full_precision():
    told = clinic.Told("second_axis")
    found = clinic.look(told).found
    rows = list(csv.DictReader(io.StringIO(clinic.positions_csv(told))))
    losses = [float(row["loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert sorted(losses) == sorted(found.losses.reshape(-1).tolist())
    assert all(float(row["probability"]) == pytest.approx(np.exp(-float(row["loss"]))) for row in rows)
    assert len(list(csv.DictReader(io.StringIO(clinic.positions_csv(clinic.Told("padding")))))) == 2  # one is ignored


def test_a_row_goes_on_with_its_ten_largest_logits_and_its_label():
    logits = np.arange(30.0)
    told = clinic.Told(clinic.OWN, str(logits.tolist()), "3")
    live, row, left_out = clinic.row_live(clinic.look(told), 5)
    assert live.names == ("3", *map(str, range(21, 30)))
    assert (live.label, row, left_out) == (0, 0, 20)
    taken = clinic.take_row(told)
    assert taken["classes"] == ", ".join(live.names)
    assert [taken[f"z{i}"] for i in range(10)] == live.logits.tolist()


@pytest.mark.parametrize("case", clinic.CASES)
def test_what_is_taken_along_can_stand_on_the_board(case):
    taken = clinic.take_row(clinic.Told(case))
    assert all(np.isfinite(value) and abs(value) <= 1e4 for key, value in taken.items() if key != "classes")


def test_weights_divide_as_the_frameworks_do():
    means = clinic.weighted_means(clinic.CASES["healthy"].found())
    logits, labels = clinic.CASES["healthy"].arrays
    weights = np.arange(1.0, 5.0)
    expected = core.sparse_cross_entropy(logits, labels, class_weights=weights, reduction="mean")
    assert means["Σ w L / Σ w"] == pytest.approx(float(expected))
    assert means["Σ w L / N"] == pytest.approx(float(expected) * weights[labels].sum() / 2)


def test_the_challenges_can_be_done():
    def done(told, live=DEFAULT_LIVE):
        return {challenge.key for challenge in clinic.challenges(live, told) if challenge.done}

    assert not done(clinic.Told())
    assert "silent" in done(clinic.Told("ids_stretched"))
    assert "repair" in done(clinic.Told("no_softmax", call="tf_sparse"))
    assert "repair" not in done(clinic.Told("no_softmax"))
    own = clinic.Told(clinic.OWN, "[[1, 2], [3, 1], [0, 2]]", "[1, 0, 1]", call="tf_sparse")
    assert "own" in done(own)
    assert "take" in done(own, clinic.row_live(clinic.look(own), 0)[0])
