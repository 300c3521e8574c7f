"""Lesson: push all in proportion, pull one."""

from explainers import gradient, snippets
from explainers.step import Live
from ui import open_page

page = open_page("gradient")


def body(live: Live) -> None:
    """The controls and the steps."""
    way = ("descent", "simplex", "challenges")
    soften = page.slider("soften", 0.0, 0.9, 0.1, 0.05, at=("soft", *way))
    rate = page.slider("rate", 0.1, 20.0, 1.0, 0.1, at=way)
    num_steps = int(page.slider("num_steps", 1.0, 200.0, 20.0, 1.0, at=way))
    aim_soft = page.toggle("aim_soft", at=way)
    towards = soften if aim_soft else 0.0
    page.walk("step", lambda: gradient.descent(live, rate, 1, towards).logits, at=way)
    page.walk("run", lambda: gradient.descent(live, rate, num_steps, towards).logits, at=way)
    hidden = tuple(page.slider(f"hidden{k}", -3.0, 3.0, h, 0.1, at="dense") for k, h in enumerate(gradient.HIDDEN))
    weights_seed = int(page.slider("weights_seed", 0.0, 50.0, 0.0, 1.0, at="dense"))
    walk = {"rate": rate, "num_steps": num_steps, "soften": soften, "aim_soft": aim_soft}
    page.show(
        gradient.explain(live, hidden=hidden, weights_seed=weights_seed, **walk, only=page.only),
        lambda: gradient.questions(live),
        lambda: gradient.challenges(live, **walk),
        lambda: snippets.gradient(live),
    )


page.lesson(body, columns=("z", "p", "move"))
