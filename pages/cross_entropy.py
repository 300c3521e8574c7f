"""Lesson: the label picks one term of the loss."""

from explainers import cross_entropy
from ui import open_page

page = open_page("cross_entropy")
live = page.numbers()
lift = page.slider("lift", 0.0, 10.0, 2.0, 0.5, at="wrong")
shuffle = page.slider("shuffle", 0.0, 20.0, 1.0, 1.0, at="shuffle")
vocabulary = page.choice("vocabulary", cross_entropy.VOCABULARIES, at="uniform")
mistake = page.choice("mistake", cross_entropy.MISTAKES, at="mistake")
drop = page.slider("drop", 0.0, 40.0, 8.0, 0.5, at="epsilon")
further = page.slider("further", 0.0, 8.0, 2.0, 0.5, at="accuracy")
smoothing = page.slider("smoothing", 0.0, 0.9, 0.1, 0.05, at="smoothing")
page.show(
    cross_entropy.explain(
        live,
        lift=lift,
        shuffle=int(shuffle),
        mistake=mistake,
        drop=drop,
        vocabulary=vocabulary,
        further=further,
        smoothing=smoothing,
    ),
    cross_entropy.questions(live, lift=lift),
    cross_entropy.challenges(live),
)
