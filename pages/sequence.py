"""Lesson: labels [batch, time] on logits [batch, time, vocabulary]."""

from explainers import sequence, shape_lab
from explainers.step import Live
from ui import open_page

page = open_page("sequence")


def body(live: Live) -> None:
    """The controls and the steps."""
    shapes = {
        "labels_as": page.choice("seq_labels", tuple(shape_lab.LABELS), at="shapes"),
        "logits_as": page.choice("seq_logits", tuple(shape_lab.LOGITS), at="shapes"),
        "call": page.choice("seq_call", tuple(shape_lab.CALLS), at="shapes"),
        "off_by": int(page.slider("seq_off_by", -1.0, 1.0, 0.0, 1.0, at="shapes")),
    }
    tiles = {
        "padded": int(page.slider("seq_padded", 0.0, float(shape_lab.NUM_TILES), 2.0, 1.0, at="ignored")),
        "padding": page.choice("seq_padding", tuple(shape_lab.PADDING), at="ignored"),
    }
    second = int(page.slider("seq_second", 1.0, float(shape_lab.MOST), 20.0, 1.0, at="means"))
    page.show(
        sequence.explain(live, **shapes, **tiles, second=second, only=page.only),
        lambda: sequence.questions(live, second=second),
        lambda: sequence.challenges(live, **shapes, **tiles, second=second),
    )


page.lesson(body, columns=("z", "p", "nll"))
