"""Lesson: labels [batch, time] on logits [batch, time, vocabulary], and a model of real tunes."""

from explainers import sequence
from explainers.step import Live
from ui import open_page

page = open_page("sequence", board_at=("block", "logits"))


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
    page.show(
        sequence.explain(live, **where, fallen=fallen, cells=cells, only=page.only),
        lambda: sequence.questions(live),
        lambda: sequence.challenges(live, fallen=fallen),
    )


page.lesson(body, columns=("z", "p", "loss"))
