"""The race: one model, one text, one start, one clock, and several losses to train it by.

The model is the smallest that reads: the previous word picks a row of the embedding, and every word is scored against
it, logits = weights @ embedding[previous] + biases. What differs between contestants is only how the loss looks at
those logits: at all of them (full softmax), or at the label's and a few others' (sampled softmax, NCE, negative
sampling).

Three things surprise. At equal steps and learning rate, sampled and full softmax draw the same curve: all that
sampling wins is time. The losses that contestants see of themselves must not be compared, neither with each other nor
with the truth, so each is measured by the *full* cross-entropy on pairs that it never saw. And a model trained without
log Q, or by negative sampling, is not lost: it has learnt log(p/q), and adding the log of the expected count gives the
probabilities back.

Read `Contestant`, `train_step` (the whole of training), then `race`. From the command line:

    python -m core.race --contestants full,sampled-loguniform-64 --seconds 10
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.adagrad import adagrad_update, adagrad_update_all
from core.bilinear import BilinearModel, Evaluation, evaluate, save_model, start_model
from core.checks import Floats, Ints
from core.corpus import Corpus, load_corpus, reference_losses, zipf_corpus
from core.cross_entropy import sparse_cross_entropy_with_grad
from core.dense import DenseGrad, dense, dense_grad
from core.sampled_grad import (
    nce_loss_with_grad,
    negative_sampling_loss_with_grad,
    sampled_softmax_loss_with_grad,
)
from core.samplers import FixedUnigramSampler, LogUniformSampler, Sampler, UniformSampler
from core.touched import SampledGrad, sum_rows

LEARNING_RATES = {"full": 4.0, "sampled": 1.0, "nce": 2.0, "negative": 1.0}
"""The best of each loss on the novels, with Adagrad."""
SAMPLERS: dict[str, Callable[[Ints], Sampler]] = {
    "loguniform": lambda counts: LogUniformSampler(len(counts)),
    "uniform": lambda counts: UniformSampler(len(counts)),
    "unigram": FixedUnigramSampler,
    "distorted": lambda counts: FixedUnigramSampler(counts, distortion=0.75),
}
"""How each is made from the counts of the words."""
NUM_VALIDATION = 4_000
"""On how many pairs."""
NOVELS = Path(__file__).parents[1] / "data" / "novels" / "novels.npz"
SQUARES_START = 0.1
"""Where Adagrad's sums of squares start, as in TensorFlow."""
CODE = re.compile(
    r"(?P<loss>full|sampled|nce|negative)(?:-(?P<sampler>loguniform|uniform|unigram))?"
    r"(?:-(?P<num_sampled>[1-9][0-9]{0,5}))?(?:-(?P<end>nologq|zero))?(?:@(?P<rate>[0-9]{1,3}(?:[.][0-9]{1,6})?))?"
)


@dataclass(frozen=True)
class Contestant:
    """A way to compute the loss, with its learning rate; `str` writes it as a code, `Contestant.parse` reads it.

    Example:
        >>> Contestant.parse("nce-64")  # doctest: +NORMALIZE_WHITESPACE
        Contestant(loss='nce', learning_rate=2.0, num_sampled=64, sampler='loguniform', subtract_log_q=True,
                   start_normalized=True)
        >>> str(Contestant("full", learning_rate=1.0))
        'full@1'
    """

    loss: str
    """One of full, sampled, nce, negative"""
    learning_rate: float
    num_sampled: int = 0
    """How many classes are drawn for a batch; 0 for the full softmax"""
    sampler: str = "loguniform"
    """One of SAMPLERS; NCE draws log-uniform, negative sampling by counts to the power of 3/4"""
    subtract_log_q: bool = True
    """Sampled softmax may, NCE does, negative sampling does not"""
    start_normalized: bool = False
    """NCE only: biases start at -ln num_classes, so that Z is about 1 before the first step; else at 0"""

    @classmethod
    def parse(cls, code: str) -> Contestant:
        """Read a code.

        Args:
            code: full, sampled-SAMPLER-N, sampled-SAMPLER-N-nologq, nce-N, nce-N-zero or negative-N, where SAMPLER is
                loguniform, uniform or unigram and N is num_sampled; then, if it is not the usual one, @ and the
                learning rate.

        Returns:
            Contestant.

        Raises:
            ValueError: it is none of these.
        """
        match = CODE.fullmatch(code)
        if match:
            loss = match["loss"]
            contestant = cls(
                loss,
                float(match["rate"] or LEARNING_RATES[loss]),
                int(match["num_sampled"] or 0),
                "distorted" if loss == "negative" else match["sampler"] or "loguniform",
                subtract_log_q=loss != "negative" and match["end"] != "nologq",
                start_normalized=loss == "nce" and match["end"] != "zero",
            )
            meant = str(contestant).partition("@")[0] == code.partition("@")[0]  # nothing said that has no meaning here
            if meant and contestant.learning_rate > 0:
                return contestant
        raise ValueError(
            "a contestant must be full, sampled-loguniform-64 (or -uniform-, -unigram-; with -nologq behind), nce-64"
            f" (with -zero behind) or negative-5, and may have @ and a learning rate at the end, got {code!r}"
        )

    def __str__(self) -> str:
        parts = [self.loss]
        if self.loss == "sampled":
            parts.append(self.sampler)
        if self.loss != "full":
            parts.append(str(self.num_sampled))
        if self.loss == "sampled" and not self.subtract_log_q:
            parts.append("nologq")
        if self.loss == "nce" and not self.start_normalized:
            parts.append("zero")
        rate = "" if self.learning_rate == LEARNING_RATES[self.loss] else f"@{self.learning_rate:g}"
        return "-".join(parts) + rate

    @property
    def unique(self) -> bool:
        """Whether repeats are dropped from the sample: as TensorFlow does by default, and word2vec never."""
        return self.loss != "negative"

    def log_expected_count(self, counts: npt.ArrayLike, *, seed: int = 0, num_draws: int = 20) -> Floats:
        """How often each class is to be expected in this contestant's samples, as a log.

        Added to the logits of a model that was trained without it, it gives the probabilities back. Log of the
        probability of a draw would not do: with unique draws, the count of the commonest words saturates at 1.

        Args:
            counts: how often each class comes, [num_classes].
            seed: of the draws, whose number of tries is random; this is their mean.
            num_draws: how many.

        Returns:
            [num_classes].

        Raises:
            ValueError: the full softmax draws nothing.

        Example:
            >>> counts = 10_000 // np.arange(1, 200)
            >>> contestant = Contestant.parse("sampled-unigram-30-nologq")
            >>> contestant.log_expected_count(counts)[[0, 1, 10, 100]].round(2)
            array([-0.  , -0.02, -0.65, -2.56])
        """
        if self.loss == "full":
            raise ValueError("contestant must be one that draws a sample, got full")
        array = checks.integers("counts", counts)
        sampler, rng = SAMPLERS[self.sampler](array), np.random.default_rng(seed)
        everything = np.arange(len(array))[:, None]
        draws = [
            sampler.sample(everything, self.num_sampled, unique=self.unique, rng=rng).true_expected_count[:, 0]
            for _ in range(num_draws)
        ]
        return np.asarray(np.log(np.mean(draws, axis=0)))


def train_step(
    model: BilinearModel,
    squares: BilinearModel,
    contestant: Contestant,
    sampler: Sampler | None,
    pairs: Ints,
    rng: np.random.Generator,
) -> float:
    """One batch: the loss, its gradient, and an Adagrad step on what was touched. This is where contestants differ.

    Args:
        model: is changed.
        squares: Adagrad's memory, like the model; is changed.
        contestant: whose loss.
        sampler: its sampler; None for the full softmax.
        pairs: (previous, next), [batch_size, 2].
        rng: for the sample.

    Returns:
        The loss that the contestant sees of itself, in nats.
    """
    previous, labels = pairs[:, 0], pairs[:, 1]
    inputs = model.embedding.take(previous, axis=0)
    grad: DenseGrad | SampledGrad
    if sampler is None:
        logits = dense(inputs, model.weights, model.biases)
        loss, logits_grad = sparse_cross_entropy_with_grad(logits, labels, reduction="mean")
        grad = dense_grad(inputs, model.weights, logits_grad)
    else:
        values = sampler.sample(labels[:, None], contestant.num_sampled, unique=contestant.unique, rng=rng)
        layer = model.weights, model.biases, labels[:, None], inputs, values
        if contestant.loss == "sampled":
            log_q = contestant.subtract_log_q
            loss, grad = sampled_softmax_loss_with_grad(*layer, subtract_log_q=log_q, reduction="mean")
        elif contestant.loss == "nce":
            loss, grad = nce_loss_with_grad(*layer, reduction="mean")
        else:
            loss, grad = negative_sampling_loss_with_grad(*layer, reduction="mean")
    _update(model, squares, previous, grad, contestant.learning_rate)
    return float(loss)


def _update(
    model: BilinearModel, squares: BilinearModel, previous: Ints, grad: DenseGrad | SampledGrad, learning_rate: float
) -> None:
    """Adagrad on output rows, biases and the embedding; tied, a row gets what comes from both ends in one step."""
    no_biases = np.zeros(len(previous), model.biases.dtype)
    read, read_grad, _ = sum_rows(previous, grad.inputs, no_biases)
    if isinstance(grad, DenseGrad):
        if model.tied:
            grad.weights[read] += read_grad
        adagrad_update_all(model.weights, squares.weights, grad.weights, learning_rate=learning_rate)
        adagrad_update_all(model.biases, squares.biases, grad.biases, learning_rate=learning_rate)
    else:
        ids, rows, biases = grad.ids, grad.weights, grad.biases
        if model.tied:
            ids, rows, biases = sum_rows(
                np.concatenate([ids, read]),
                np.concatenate([rows, read_grad]),
                np.concatenate([biases, no_biases[: len(read)]]),
            )
        adagrad_update(model.weights, squares.weights, ids, rows, learning_rate=learning_rate)
        adagrad_update(model.biases, squares.biases, ids, biases, learning_rate=learning_rate)
    if not model.tied:
        adagrad_update(model.embedding, squares.embedding, read, read_grad, learning_rate=learning_rate)


class Standing(NamedTuple):
    """Where one contestant is."""

    contestant: Contestant
    steps: int
    seconds: float
    """Of training alone: CPU seconds of this thread, measuring left out"""
    shown_loss: float | None
    """What it sees of itself: the mean of its own loss since it was last measured; None before the first step"""
    evaluation: Evaluation
    model: BilinearModel
    """The one it trains: it changes as the race goes on"""


class _Lane:
    """One contestant with all that it needs, so that nothing of another's can slow or change it."""

    def __init__(
        self, contestant: Contestant, corpus: Corpus, *, dim: int, batch_size: int, tied: bool, seed: int
    ) -> None:
        num_classes = corpus.num_classes
        self.contestant = contestant
        bias = -np.log(num_classes) if contestant.start_normalized else 0.0
        self.model = start_model(num_classes, dim, tied=tied, bias=bias, rng=np.random.default_rng([seed, 0]))
        embedding, weights, biases = (np.full_like(array, SQUARES_START) for array in self.model)
        self.squares = BilinearModel(embedding, embedding if tied else weights, biases)
        self.sampler = None if contestant.loss == "full" else SAMPLERS[contestant.sampler](corpus.counts())
        self.batches = _batches(corpus.train, batch_size, np.random.default_rng([seed, 1]))
        self.rng = np.random.default_rng([seed, 2])
        self.steps, self.seconds = 0, 0.0
        self.losses: list[float] = []

    def train(self, *, until_step: float, until_second: float) -> None:
        """Go on until either is reached."""
        while self.steps < until_step and self.seconds < until_second:
            start = time.thread_time()
            pairs = next(self.batches)
            self.losses.append(train_step(self.model, self.squares, self.contestant, self.sampler, pairs, self.rng))
            self.seconds += time.thread_time() - start
            self.steps += 1

    def standing(self, validation: Ints) -> Standing:
        """Measure, outside the clock."""
        shown_loss = float(np.mean(self.losses)) if self.losses else None
        self.losses = []
        return Standing(
            self.contestant, self.steps, self.seconds, shown_loss, evaluate(self.model, validation), self.model
        )


def _batches(pairs: Ints, batch_size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Pairs in random order, each once before any comes again."""
    while True:
        order = rng.permutation(len(pairs))
        for start in range(0, len(pairs) - batch_size + 1, batch_size):
            yield pairs[order[start : start + batch_size]]


def validation_slice(corpus: Corpus) -> Ints:
    """The pairs that contestants are measured on: NUM_VALIDATION, evenly spread, the same in every race."""
    held_out = corpus.validation
    return held_out[np.linspace(0, len(held_out) - 1, min(NUM_VALIDATION, len(held_out))).astype(np.int64)]


def race(
    contestants: Sequence[Contestant],
    corpus: Corpus,
    *,
    num_steps: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    dim: int = 64,
    batch_size: int = 128,
    tied: bool = False,
    num_standings: int = 40,
) -> Iterator[Standing]:
    """Train all contestants in turn, and say after each turn where that one is.

    All start from the same weights (NCE's biases may differ) and see the same batches in the same order. By steps, the
    same seed gives the same curves on any machine, give or take rounding. By seconds, each gets the same share of the
    clock and takes as many steps as it can. The clock is the CPU time of this thread: it stands still while models are
    measured and while others train, and a busy machine makes nobody slower than the rest.

    Args:
        contestants: who runs, at least one, none twice.
        corpus: what they read.
        num_steps: how many steps each takes; or
        seconds: how long each may train.
        seed: of the start, the batches and the samples.
        dim: of the embedding.
        batch_size: pairs a step.
        tied: one matrix for embedding and output weights.
        num_standings: into how many turns the race is cut.

    Yields:
        Standing of each contestant before the first step, then of one after the other, num_standings times each.

    Raises:
        ValueError: an argument is not allowed, or a model has broken down: its learning rate was too high.
    """
    if not contestants or len(set(contestants)) < len(contestants):
        raise ValueError(f"contestants must be at least one and none twice, got {', '.join(map(str, contestants))}")
    if (num_steps is None) == (seconds is None):
        raise ValueError(f"one of num_steps and seconds must be given, got {num_steps} and {seconds}")
    steps = np.inf if num_steps is None else checks.count("num_steps", num_steps, at_least=1)
    clock = np.inf if seconds is None else checks.positive("seconds", seconds)
    dim, batch_size = checks.count("dim", dim, at_least=1), checks.count("batch_size", batch_size, at_least=1)
    if batch_size > len(corpus.train):
        raise ValueError(f"batch_size must be at most {len(corpus.train)}, the pairs there are, got {batch_size}")
    num_standings = checks.count("num_standings", num_standings, at_least=1)
    validation = validation_slice(corpus)
    lanes = [_Lane(each, corpus, dim=dim, batch_size=batch_size, tied=tied, seed=seed) for each in contestants]
    for turn in range(num_standings + 1):
        share = turn / num_standings
        for lane in lanes:
            lane.train(until_step=steps * share if share else 0, until_second=clock * share if share else 0)
            yield lane.standing(validation)


class Cost(NamedTuple):
    """What one step of training takes, counted and not measured, in numbers (floats) and multiply-adds."""

    multiply_adds: int
    """Of the matrix products: the logits, and the gradients of inputs and weights, alike"""
    logits: int
    """Numbers made for the loss"""
    gradient: int
    """Numbers in the gradient of weights and biases; at most, for repeats are summed"""
    parameters: int
    """Embedding, weights and biases; Adagrad keeps as many again"""
    inference: int
    """Multiply-adds to score all classes for one input, which no sampled loss saves"""


def step_cost(
    contestant: Contestant, num_classes: int, *, dim: int = 64, batch_size: int = 128, tied: bool = False
) -> Cost:
    """Count what a training step takes: the full softmax grows with num_classes, a sampled loss with num_sampled.

    Args:
        contestant: whose step.
        num_classes: how many words.
        dim: of the embedding.
        batch_size: pairs a step.
        tied: one matrix for embedding and output weights.

    Returns:
        Cost.

    Example:
        >>> step_cost(Contestant.parse("full"), 200_000).multiply_adds
        4915200000
        >>> step_cost(Contestant.parse("sampled-loguniform-64"), 200_000).multiply_adds
        1597440
    """
    full = contestant.loss == "full"
    scored = num_classes if full else contestant.num_sampled + 1
    rows = num_classes if full else contestant.num_sampled + batch_size
    return Cost(
        multiply_adds=3 * batch_size * scored * dim,
        logits=batch_size * scored,
        gradient=rows * (dim + 1),
        parameters=num_classes * (dim * (1 if tied else 2) + 1),
        inference=num_classes * dim,
    )


def curves(told: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Events put together as what a chart needs and what is stored: a column a quantity.

    Args:
        told: what `events` yields, all of it or as far as it has come.

    Returns:
        "start", the event; "curves", for each contestant's code its columns of equal length (steps, seconds,
        shown_loss, loss, log_z_mean, log_z_std, head_share); "mended_loss", by code, of those it was measured for.
        Numbers are rounded to four decimals, which is finer than any claim.
    """
    start: dict[str, Any] = {}
    columns: dict[str, dict[str, list[Any]]] = {}
    mended = {}
    for event in told:
        if event["event"] == "start":
            start = event
        elif event["event"] == "standing":
            of_one = columns.setdefault(event["contestant"], {})
            for name, value in event.items():
                if name not in ("event", "contestant"):
                    of_one.setdefault(name, []).append(round(value, 4) if isinstance(value, float) else value)
        else:
            found = {final["contestant"]: final["mended_loss"] for final in event["final"]}
            mended = {code: round(loss, 4) for code, loss in found.items() if loss is not None}
    return {"start": start, "curves": columns, "mended_loss": mended}


def events(argv: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The race as the command runs it, as dicts that JSON can hold.

    First `start`: the options, sizes, and under "lines" the losses of those who learn nothing (`reference_losses`).
    Then `standing` after `standing`, flat: contestant (its code), steps, seconds, shown_loss, and the four numbers of
    Evaluation. Last `end`: for each contestant what it ended at, and where a model was trained without log Q, its
    loss once that is added (`mended_loss`, else None).

    Args:
        argv: options as on the command line, those of `python -m core.race --help`.

    Yields:
        Dicts with the key "event".

    Raises:
        SystemExit: an option is not allowed; argparse has said why.
        ValueError: as `race`.
    """
    options = _options(argv)
    contestants = [Contestant.parse(code) for code in options.contestants.split(",")]
    corpus = _corpus(options.corpus, options.seed)
    validation = validation_slice(corpus)
    yield {
        "event": "start",
        "contestants": [str(contestant) for contestant in contestants],
        **{name: getattr(options, name) for name in ("corpus", "seconds", "num_steps", "seed", "dim", "batch_size")},
        "tied": options.tied,
        "num_classes": corpus.num_classes,
        "num_train": len(corpus.train),
        "num_validation": len(validation),
        "lines": reference_losses(corpus, validation),
    }
    last: dict[Contestant, Standing] = {}
    for standing in race(
        contestants,
        corpus,
        num_steps=options.num_steps,
        seconds=options.seconds,
        seed=options.seed,
        dim=options.dim,
        batch_size=options.batch_size,
        tied=options.tied,
        num_standings=options.num_standings,
    ):
        last[standing.contestant] = standing
        yield {"event": "standing", **_flat(standing)}
    if options.folder:
        for standing in last.values():
            save_model(standing.model, Path(options.folder) / f"{standing.contestant}.npz")
    yield {
        "event": "end",
        "final": [_flat(standing) | {"mended_loss": _mended_loss(standing, corpus)} for standing in last.values()],
    }


def _flat(standing: Standing) -> dict[str, Any]:
    return {
        "contestant": str(standing.contestant),
        "steps": standing.steps,
        "seconds": round(standing.seconds, 4),
        "shown_loss": standing.shown_loss,
        **standing.evaluation._asdict(),
    }


def _mended_loss(standing: Standing, corpus: Corpus) -> float | None:
    if standing.contestant.subtract_log_q:
        return None
    log_q = standing.contestant.log_expected_count(corpus.counts())
    return evaluate(standing.model, validation_slice(corpus), add=log_q).loss


def _corpus(name: str, seed: int) -> Corpus:
    if name == "synthetic":
        return zipf_corpus(rng=np.random.default_rng(seed))
    return load_corpus(NOVELS if name == "novels" else name)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m core.race", description="Train one small language model by several losses, on the same clock."
    )
    add = parser.add_argument
    add("--contestants", default="full,sampled-loguniform-64,nce-64,negative-5", help="codes, with commas between")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, help="CPU seconds that each may train (10, if nothing is said)")
    length.add_argument("--num-steps", type=int, help="steps that each takes, instead")
    add("--seed", type=int, default=0)
    add("--dim", type=int, default=64, help="length of the embedding's rows")
    add("--batch-size", type=int, default=128)
    add("--num-standings", type=int, default=40, help="how often each is measured")
    add("--tied", action="store_true", help="one matrix for the embedding and the output weights")
    add("--corpus", default="novels", help="novels, synthetic, or an .npz file of ids and words")
    add("--folder", help="leave each model's weights there")
    add("--write", metavar="FILE", help="write the curves there, as JSON")
    add("--json", action="store_true", help="print a line of JSON an event, instead of a table")
    options = parser.parse_args(argv)
    if options.seconds is None and options.num_steps is None:
        options.seconds = 10.0
    if options.seed < 0:
        parser.error(f"--seed must not be negative, got {options.seed}")
    try:
        for code in options.contestants.split(","):
            Contestant.parse(code)
    except ValueError as error:
        parser.error(str(error))
    return options


def _row(event: dict[str, Any]) -> str:
    shown = "" if event["shown_loss"] is None else f"{event['shown_loss']:.3f}"
    mended = event.get("mended_loss")
    return (
        f"{event['contestant']:30}{event['steps']:8,}{event['seconds']:9.2f} s{event['loss']:8.3f}{shown:>10}"
        f"{event['log_z_mean']:9.2f} ± {event['log_z_std']:.2f}{event['head_share']:8.3f}"
        + ("" if mended is None else f"  with log Q added {mended:.3f}")
    )


def _table(event: dict[str, Any]) -> str:
    if event["event"] == "start":
        lines = "  ".join(f"{name} {loss:.3f}" for name, loss in event["lines"].items())
        return f"{lines}\n{'contestant':30}{'steps':>8}{'clock':>11}{'loss':>8}{'shown':>10}{'ln Z':>16}{'head':>8}"
    if event["event"] == "standing":
        return _row(event)
    return "\n".join(["final", *(_row(final) for final in event["final"])])


def main(argv: Sequence[str]) -> None:
    """Print a table or lines of JSON, and write the run if it is asked for."""
    options = _options(argv)
    told = []
    try:
        for event in events(argv):
            told.append(event)
            print(json.dumps(event) if options.json else _table(event), flush=True)
    except (ValueError, OSError) as error:
        raise SystemExit(f"python -m core.race: error: {error}") from error
    if options.write:
        Path(options.write).write_text(json.dumps(curves(told), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # a second thread brings nothing here and would not be counted
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # but NumPy has read it already: begin again
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    main(sys.argv[1:])
