"""Lesson: bring your own numbers, and be told what they are and what your call makes of them."""

from explainers import clinic, fingerprints, snippets
from explainers.diagnosis import CALLS, SAID
from explainers.step import Live
from ui import open_page

page = open_page("clinic", board_at=("row",))


def curves() -> fingerprints.Chosen:
    """The controls of the steps about loss curves."""
    number = int(page.slider("fp_curve", 0.0, float(fingerprints.LAST_CURVE), 0.0, 1.0, at="name"))
    page.button("fp_next", lambda: fingerprints.following(number), at="name")
    guess = page.choice("fp_guess", fingerprints.options(number), at="name", named="fp_fault")
    fault = page.choice("fp_fault", fingerprints.FAULTS, default=fingerprints.DEFAULT.fault, at="mend")
    run = int(page.slider("fp_run", 0.0, float(fingerprints.LAST_RUN), 0.0, 1.0, at="mend"))
    page.button("fp_again", lambda: fingerprints.once_more(run), at="mend")
    mended = page.toggle("fp_mended", at="mend")
    page.onward((fingerprints.LESSONS_OF[fault],), at="mend")
    pasted = page.paste("fp_loss", fingerprints.example(), at="compare")
    classes = page.paste("fp_classes", fingerprints.DEFAULT.num_classes, at="compare", height=None)
    sampled = page.paste("fp_sampled", "", at="compare", height=None)
    return fingerprints.Chosen(number, guess, fault, mended, run, pasted, classes, sampled)


def body(live: Live) -> None:
    """The controls and the steps."""
    case = page.choice("clinic_case", (*clinic.CASES, clinic.OWN), at="paste", resets=("clinic_call", "clinic_said"))
    example = clinic.Told(case).example
    texts = {
        "predictions": page.paste("clinic_predictions", example.predictions, of=case, at="paste", height=160),
        "labels": page.paste("clinic_labels", example.labels, of=case, at="paste", height=160),
    }
    files = {
        "predictions_file": page.upload("clinic_predictions_file", types=("csv", "npy"), at="paste"),
        "labels_file": page.upload("clinic_labels_file", types=("csv", "npy"), at="paste"),
    }
    page.download("clinic_download", lambda: clinic.positions_csv(told), "losses.csv", at="positions")
    told = clinic.Told(
        case,
        **texts,
        **files,
        said=page.choice("clinic_said", SAID, default=example.said, at="paste"),
        call=page.choice("clinic_call", tuple(CALLS), default=example.call, at=("paste", "verdict")),
        reported=page.paste("clinic_reported", example.reported, of=case, at="paste", height=None),
        row=int(page.slider("clinic_row", 0.0, float(clinic.LAST_ROW), 0.0, 1.0, at="row")),
    )
    page.button("clinic_take", lambda: clinic.take_row(told), at="row")
    page.onward(("softmax", "cross_entropy", "gradient"), at="row")
    chosen = curves()
    page.show(
        clinic.explain(live, told, chosen, only=page.only),
        lambda: clinic.questions(live),
        lambda: clinic.challenges(live, told, chosen),
        lambda: snippets.clinic(told),
    )


page.lesson(body, columns=("z", "p", "loss"))
