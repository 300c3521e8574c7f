"""Lesson: from logits to probabilities."""

from explainers import snippets, softmax
from explainers.step import Live
from ui import open_page

page = open_page("softmax")


def body(live: Live) -> None:
    """The controls and the steps."""
    shift = page.slider("shift", -10.0, 10.0, 3.0, 0.5, at="shift-all")
    scale = page.slider("scale", 0.0, 4.0, 2.0, 0.1, at="shift-all")
    doubled = page.toggle("doubled", at="odds")
    along = page.choice("along", softmax.AXES, at="axis")
    dtype = page.choice("dtype", softmax.DTYPES, at=("overflow", "ways", "accumulate"))
    climb = page.slider("climb", -800.0, 800.0, 0.0, 1.0, at=("overflow", "ways", "challenges"))
    ones = int(page.slider("ones", 100.0, 200_000.0, 200_000.0, 100.0, at="accumulate"))
    cosine_classes = page.choice("cosine_classes", softmax.COSINE_CLASSES, at=("cosine", "challenges"))
    cosine_scale = page.slider("cosine_scale", 0.0, 12.0, 1.0, 0.1, at=("cosine", "challenges"))
    walk = {"shift": shift, "scale": scale, "doubled": doubled, "along": along}
    digits = {"dtype": dtype, "climb": climb, "ones": ones}
    cosine = {"cosine_classes": cosine_classes, "cosine_scale": cosine_scale}
    page.show(
        softmax.explain(live, **walk, **digits, **cosine, only=page.only),
        lambda: softmax.questions(live, shift=shift, dtype=dtype, ones=ones),
        lambda: softmax.challenges(live, climb=climb, **cosine),
        lambda: snippets.softmax(live),
    )


page.lesson(body, columns=("z", "exp", "p"), zero_temperature=True)
