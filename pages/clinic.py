"""Lesson: bring your own numbers, and be told what they are and what your call makes of them."""

from explainers import clinic
from explainers.diagnosis import CALLS, SAID
from explainers.step import Live
from ui import open_page

page = open_page("clinic", board_at=("row",))


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
    told = clinic.Told(
        case,
        **texts,
        **files,
        said=page.choice("clinic_said", SAID, default=example.said, at="paste"),
        call=page.choice("clinic_call", tuple(CALLS), default=example.call, at=("paste", "verdict")),
        reported=page.paste("clinic_reported", example.reported, of=case, at="paste", height=None),
        row=int(page.slider("clinic_row", 0.0, float(clinic.LAST_ROW), 0.0, 1.0, at="row")),
    )
    page.download("clinic_download", lambda: clinic.positions_csv(told), "losses.csv", at="positions")
    page.button("clinic_take", lambda: clinic.take_row(told), at="row")
    page.onward(("softmax", "cross_entropy", "gradient"), at="row")
    page.show(
        clinic.explain(live, told, only=page.only),
        lambda: clinic.questions(live),
        lambda: clinic.challenges(live, told),
    )


page.lesson(body, columns=("z", "p", "loss"))
