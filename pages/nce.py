"""Lesson: data or noise? NCE and negative sampling."""

from explainers import nce, snippets
from explainers.step import Live
from ui import open_page

page = open_page("nce")


def body(live: Live) -> None:
    """The controls and the steps."""
    k = int(page.slider("nce_k", 1.0, 20.0, 1.0, 1.0, at=("coins", "posterior")))
    draw = int(page.slider("nce_draw", 0.0, float(nce.MOST_COINS), 0.0, 1.0, at="coins"))
    right = int(page.slider("nce_right", 0.0, float(nce.MOST_COINS), 0.0, 1.0, at="coins"))
    page.button("nce_data", lambda: nce.sort_coin(live, k, draw, right, "data"), at="coins")
    page.button("nce_noise", lambda: nce.sort_coin(live, k, draw, right, "noise"), at="coins")
    code = ("apart", "rows", "defaults")
    num_sampled = int(page.slider("nce_num_sampled", 1.0, 8.0, 5.0, 1.0, at=code))
    sampler = page.choice("nce_sampler", nce.SAMPLERS, at=code[:2])
    seed = int(page.slider("nce_seed", 0.0, 999.0, float(nce.SEED), 1.0, at=code[:2]))
    page.button("nce_again", lambda: {"nce_seed": float((seed + 1) % 1000)}, at=code[:2])
    x = page.slider("nce_x", -nce.WIDEST_X, nce.WIDEST_X, 4.0, 0.5, at="logistic")
    side = page.choice("nce_side", nce.SIDES, at="logistic")
    vocabulary = page.choice("nce_vocabulary", nce.VOCABULARIES, at="big")
    start_sampled = int(page.slider("nce_start_sampled", 1.0, 1000.0, 1000.0, 1.0, at="big"))
    many = page.choice("nce_many", nce.MANY, at=("dimmer", "whole"))
    shift = page.slider("nce_shift", -nce.WIDEST_SHIFT, nce.WIDEST_SHIFT, 1.0, 0.05, at="whole")
    twin_k = int(page.slider("nce_twin_k", 1.0, 10.0, 5.0, 1.0, at="twins"))
    exponent = page.slider("nce_exponent", 0.0, 1.0, 0.75, 0.05, at=("twins", "exponent"))
    num_steps = int(page.slider("nce_steps", 0.0, float(nce.MOST_STEPS), 0.0, 1.0, at="twins"))
    page.button("nce_step", lambda: {"nce_steps": float(min(num_steps + 1, nce.MOST_STEPS))}, at="twins")
    page.button("nce_run", lambda: {"nce_steps": float(nce.MOST_STEPS)}, at="twins")
    page.button("nce_agree", lambda: {"nce_twin_k": float(len(live.names)), "nce_exponent": 0.0}, at="twins")
    game = {"draw": draw, "right": right, "k": k}
    sampled = {"num_sampled": num_sampled, "sampler": sampler, "seed": seed}
    start = {"vocabulary": vocabulary, "start_sampled": start_sampled}
    shared = {"x": x, "side": side, "many": many, "shift": shift, "exponent": exponent}
    walk = {"twin_k": twin_k, "num_steps": num_steps}
    page.show(
        nce.explain(live, **game, **sampled, **start, **shared, **walk, only=page.only),
        lambda: nce.questions(live),
        lambda: nce.challenges(live, **game, **shared),
        lambda: snippets.nce(live, **sampled),
    )


page.lesson(body, columns=("z", "p"))
