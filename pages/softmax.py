"""Lesson: from logits to probabilities."""

from explainers import softmax
from explainers.step import Live
from ui import open_page

page = open_page("softmax")


def body(live: Live) -> None:
    """The controls and the steps."""
    shift = page.slider("shift", -10.0, 10.0, 3.0, 0.5, at="shift-all")
    scale = page.slider("scale", 0.0, 4.0, 2.0, 0.1, at="shift-all")
    doubled = page.toggle("doubled", at="odds")
    dtype = page.choice("dtype", softmax.DTYPES, at="overflow")
    climb = page.slider("climb", 0.0, 800.0, 0.0, 1.0, at="overflow")
    page.show(
        softmax.explain(live, shift=shift, scale=scale, doubled=doubled, climb=climb, dtype=dtype, only=page.only),
        lambda: softmax.questions(live, shift=shift),
        lambda: softmax.challenges(live),
    )


page.lesson(body, columns=("z", "exp", "p"), zero_temperature=True)
