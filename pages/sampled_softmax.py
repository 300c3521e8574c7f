"""Lesson: too many classes to score them all."""

from explainers import sampled_softmax as lesson
from explainers import snippets
from explainers.sampled_bench import FORMS, LAST_RUN, SAMPLED, SAMPLERS
from explainers.step import Live
from ui import open_page

page = open_page("sampled_softmax")


def body(live: Live) -> None:
    """The controls and the steps."""
    drawn, switched = ("urn", "tries", "apart", "five", "bench"), ("apart", "five", "rest", "bench", "study")
    classes = int(page.slider("ss_classes", 1_000.0, 200_000.0, 200_000.0, 1_000.0, at=("cost", "values")))
    sampled = int(page.slider("ss_sampled", 10.0, 5_000.0, 1_000.0, 10.0, at=("cost", "values")))
    phase = page.choice("ss_phase", lesson.PHASES, at="cost")
    run = int(page.slider("ss_run", 0.0, float(LAST_RUN), 0.0, 1.0, at="cost"))
    page.button("ss_measure", lambda: {"ss_run": float(run % LAST_RUN + 1)}, at="cost")
    small = lesson.Small(
        sampler=page.choice("ss_from", SAMPLERS, at=("urn", *switched)),
        num_sampled=int(page.slider("ss_few", 1.0, 20.0, 2.0, 1.0, at=("urn", "apart", "five"))),
        unique=page.toggle("ss_unique", default=True, at=("urn", "apart", "hits", *switched[1:])),
        draw=int(page.slider("ss_draw", 0.0, 999.0, 0.0, 1.0, at=drawn)),
    )
    page.button("ss_draw_again", lambda: {"ss_draw": float((small.draw + 1) % 1000)}, at=drawn)
    of_thousand = int(page.slider("ss_thousand", 50.0, 900.0, 100.0, 10.0, at="tries"))
    order = int(page.slider("ss_order", 0.0, 50.0, 0.0, 1.0, at="ids"))
    page.button("ss_shuffle", lambda: {"ss_order": float(order % 50 + 1)}, at="ids")
    small = small._replace(
        subtract_log_q=page.toggle("ss_log_q", default=True, at=switched),
        remove_accidental_hits=page.toggle("ss_hits", default=True, at=("apart", "hits", *switched[1:])),
    )
    many = page.toggle("ss_many", at="five")
    bench = {
        "num_sampled": page.choice("ss_num", SAMPLED, at=("bench", "study")),
        "form": page.choice("ss_form", FORMS, at=("bench", "study")),
    }
    code = {
        "weights": page.choice("ss_weights", lesson.WEIGHTS, at="copied"),
        "inputs": page.choice("ss_inputs", lesson.INPUTS, at="copied"),
    }
    costs = {"classes": classes, "sampled": sampled}
    more = {"phase": phase, "run": run, "of_thousand": of_thousand, "order": order, "many": many}
    page.show(
        lesson.explain(live, small=small, **costs, **more, **bench, **code, only=page.only),
        lambda: lesson.questions(live, **costs),
        lambda: lesson.challenges(live, small=small, **bench, **code),
        lambda: snippets.sampled_softmax(live, small=small),
    )


page.lesson(body, columns=("z", "p", "move"))
