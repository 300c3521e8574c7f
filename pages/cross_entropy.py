"""Lesson: the label picks one term of the loss."""

from explainers import calibration, cross_entropy, snippets
from explainers.step import Live
from ui import open_page

page = open_page("cross_entropy")


def body(live: Live) -> None:
    """The controls and the steps."""
    lift = page.slider("lift", 0.0, 10.0, 2.0, 0.1, at="wrong")
    batch_size = page.slider("batch_size", 1.0, 512.0, 64.0, 1.0, at="one-hot")
    positions = page.slider("positions", 1.0, 2000.0, 100.0, 1.0, at="one-hot")
    columns = page.choice("columns", cross_entropy.VOCABULARIES, at="one-hot")
    shuffle = page.slider("shuffle", 0.0, 99.0, 2.0, 1.0, at="shuffle")
    vocabulary = page.choice("vocabulary", cross_entropy.VOCABULARIES, at="uniform")
    mistake = page.choice("mistake", cross_entropy.MISTAKES, at="mistake")
    drop = page.slider("drop", 0.0, 120.0, 40.0, 1.0, at="epsilon")
    further = page.slider("further", 0.0, 8.0, 2.0, 0.1, at="accuracy")
    calibration_t = page.slider("calibration_t", calibration.LOWEST, calibration.HIGHEST, 1.0, 0.01, at="calibration")
    page.button("calibration_best", lambda: {"calibration_t": calibration.BEST}, at="calibration")
    loss_one = page.slider("loss_one", 0.0, 5.0, 1.0, 0.1, at="units")
    loss_two = page.slider("loss_two", 0.0, 5.0, 3.0, 0.1, at="units")
    smoothing = page.slider("smoothing", 0.0, 0.5, 0.1, 0.01, at=("smoothing", "challenges"))
    share = page.slider("share", 0.0, 1.0, 0.0, 0.05, at=("smoothing", "challenges"))
    page.show(
        cross_entropy.explain(
            live,
            lift=lift,
            batch_size=int(batch_size),
            positions=int(positions),
            columns=columns,
            shuffle=int(shuffle),
            vocabulary=vocabulary,
            mistake=mistake,
            drop=drop,
            further=further,
            calibration_t=calibration_t,
            loss_one=loss_one,
            loss_two=loss_two,
            smoothing=smoothing,
            share=share,
            only=page.only,
        ),
        lambda: cross_entropy.questions(live, lift=lift),
        lambda: cross_entropy.challenges(live, smoothing=smoothing, share=share),
        lambda: snippets.cross_entropy(live, smoothing=smoothing),
    )


page.lesson(body, columns=("z", "p", "loss"))
