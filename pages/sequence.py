"""Lesson: labels [batch, time] on logits [batch, time, vocabulary], and a model of real tunes."""

from explainers import sequence, shape_lab
from explainers.step import Live
from ui import open_page
from ui.listening import settings

page = open_page("sequence", board_at=("block", "logits", "ignored", "means"))


def body(live: Live) -> None:
    """The controls and the steps."""
    fallen = int(page.slider("seq_fallen", 0.0, float(sequence.FALLEN), 0.0, 1.0, at="block"))
    page.button("seq_fall", lambda: {"seq_fallen": float((fallen + 1) % (sequence.FALLEN + 1))}, at="block")
    where = {
        "sequence": int(page.slider("seq_b", 0.0, sequence.NUM_SEQUENCES - 1.0, 0.0, 1.0, at="block")),
        "time": int(page.slider("seq_t", 0.0, sequence.NUM_STEPS - 1.0, 2.0, 1.0, at="block")),
    }
    cells = page.choice("seq_cells", sequence.CELLS, at="block")
    page.button("seq_example", sequence.take_seed_example, at="block")
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
    tiles |= {"second": second, "settings": settings(page)}
    page.show(
        sequence.explain(live, **where, fallen=fallen, cells=cells, **shapes, **tiles, only=page.only),
        lambda: sequence.questions(live, second=second),
        lambda: sequence.challenges(live, fallen=fallen, **shapes, **tiles),
    )


page.lesson(body, columns=("z", "p", "loss"))
