"""Lesson: the race. Several losses train the same model on the same text, on the same clock."""

from explainers import race, snippets
from explainers.step import Live
from ui import open_page

page = open_page("race", board_at=())


def body(live: Live) -> None:
    """The controls and the steps."""
    group = page.choice("race_group", tuple(race.GROUPS), at=("curves", "own-loss"))
    over = page.choice("race_over", race.OVER, at="curves")
    chosen = page.several("race_who", {code: race.name(code) for code in race.everyone()}, race.FIVE, at="race")
    seconds = page.slider("race_seconds", race.SHORTEST, race.LONGEST, 10.0, 1.0, at="race")
    seed = int(page.slider("race_seed", 0.0, 999.0, 1.0, 1.0, at="race"))
    page.training(*race.command(chosen, seconds, seed), race.lanes, race.done, at="race", resumable=False)
    word = page.choice("race_word", race.words(), at="inside")
    mend = page.toggle("race_mend", at="inside")
    classes = page.choice("race_classes", race.vocabularies(), at="cost")
    phase = page.choice("race_phase", race.PHASES, at="cost")
    dim = int(page.slider("race_dim", 0.0, race.TABLE - 1.0, 4.0, 1.0, at="bottleneck"))
    chart = {"group": group, "over": over, "classes": classes}
    page.show(
        race.explain(live, **chart, word=word, mend=mend, phase=phase, dim=dim, only=page.only),
        lambda: race.questions(live),
        lambda: race.challenges(live, **chart, mend=mend, dim=dim),
        lambda: snippets.race(live),
    )


page.lesson(body)
