"""A text as a model sees it: word ids, and pairs of a word and the next.

Two corpora for the race of losses (core/race.py). One is read from a text: `tokenize`, then `text_corpus`. The other
is made up (`zipf_corpus`), and what it is good for is that its truth is known: no model can get below the entropy of
the teacher who wrote it, and what a loss makes of the probabilities can be held against them.

Ids are sorted by falling frequency, 0 the most frequent: the log-uniform sampler takes them for ranks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.bilinear import BilinearModel, evaluate
from core.checks import Floats, Ints
from core.samplers import generator
from core.softmax import softmax

BLOCK = 500
"""Tokens a block: every tenth block of a text is kept for validation."""
PRIOR = 300
"""How many pairs the bigram's word frequencies count for: the best of 30, 100, 300 and 1000 on the novels."""


class Corpus(NamedTuple):
    """Pairs of a word and the next, in two parts, and what is known of the words."""

    words: Sequence[str]
    """By falling frequency, [num_classes]"""
    train: Ints
    """(previous, next) ids to learn from, [num_train, 2]"""
    validation: Ints
    """The same, never learnt from, [num_validation, 2]"""
    teacher: BilinearModel | None = None
    """Who wrote it, if that is known"""

    @property
    def num_classes(self) -> int:
        """How many different words there are."""
        return len(self.words)

    def counts(self) -> Ints:
        """How often each word is the next one in the part to learn from, plus 1, [num_classes].

        Plus 1, so that a word that comes in the validation part alone has a probability, and a log.
        """
        return np.bincount(self.train[:, 1], minlength=self.num_classes) + 1

    def next_probs(self, previous: int) -> Floats:
        """What share of the words after this one each word is, in the part to learn from, [num_classes].

        Raises:
            ValueError: the id is out of range, or the word is never followed by any.
        """
        checks.class_ids("previous", np.asarray(previous), self.num_classes)
        following = self.train[self.train[:, 0] == previous, 1]
        if not len(following):
            raise ValueError(f"previous must be a word that is followed by another, got {self.words[previous]!r}")
        return np.bincount(following, minlength=self.num_classes) / len(following)

    def head_log_probs(self, size: int = 200) -> Floats:
        """A small table of what follows what: log-probabilities among the commonest words alone, [size, size].

        Row by row as `reference_losses` makes its bigram, so that no entry is 0: PRIOR pairs of the unigram mixed in.

        Raises:
            ValueError: there are not so many words.
        """
        size = checks.count("size", size, at_least=1)
        if size > self.num_classes:
            raise ValueError(f"size must be at most {self.num_classes}, the words there are, got {size}")
        pairs = self.train[(self.train < size).all(axis=1)]
        together = np.bincount(pairs @ [size, 1], minlength=size * size).reshape(size, size)
        unigram = self.counts()[:size] / self.counts()[:size].sum()
        smoothed = together + PRIOR * unigram
        return np.asarray(np.log(smoothed / smoothed.sum(axis=1, keepdims=True)))


def tokenize(text: str) -> list[str]:
    """Lower-cased words and the six marks . , ; : ! ?, in the order of the text; all else is dropped.

    "Mr." and "Mrs." end no sentence, so they lose their full stop first.

    Args:
        text: any.

    Returns:
        Words and marks, [num_tokens].

    Example:
        >>> tokenize("Mr. Stubb's whale--the _white_ one!")
        ['mr', "stubb's", 'whale', 'the', 'white', 'one', '!']
    """
    return re.findall(r"[a-z]+(?:'[a-z]+)?|[.,;:!?]", re.sub(r"\b(mrs?)\.", r"\1", text.lower()))


def ids_by_frequency(tokens: Sequence[str]) -> tuple[list[str], Ints]:
    """The different words, the most frequent first, and each token's place among them.

    Args:
        tokens: [num_tokens].

    Returns:
        Words, [num_classes], of equally frequent ones that first which came first; ids, [num_tokens].

    Example:
        >>> ids_by_frequency(["sea", "the", "whale", "the"])
        (['the', 'sea', 'whale'], array([1, 0, 2, 0]))
    """
    words = [word for word, _ in Counter(tokens).most_common()]
    place = {word: id for id, word in enumerate(words)}
    return words, np.array([place[token] for token in tokens], np.int64)


def text_corpus(words: Sequence[str], ids: npt.ArrayLike) -> Corpus:
    """Every word of a text with the next; of ten blocks of 500 tokens, the tenth is for validation.

    Blocks, for a word's neighbours are like it: pairs picked one by one would have been half learnt from the pairs
    around them.

    Args:
        words: as `ids_by_frequency` gives them, [num_classes].
        ids: the text, [num_tokens].

    Returns:
        Corpus; a pair belongs to the part in which its second word lies.

    Raises:
        ValueError: an id is out of range, or the text has no block for validation.

    Example:
        >>> corpus = text_corpus(["the", "whale"], np.arange(5000) % 2)
        >>> len(corpus.train), len(corpus.validation), corpus.validation[:2].tolist()
        (4499, 500, [[1, 0], [0, 1]])
    """
    tokens = checks.integers("ids", ids)
    checks.class_ids("ids", tokens, len(words))
    if tokens.ndim != 1 or len(tokens) <= 9 * BLOCK:
        raise ValueError(f"ids must be one row of more than {9 * BLOCK} tokens, got shape {tokens.shape}")
    pairs = np.stack([tokens[:-1], tokens[1:]], axis=1)
    held_out = np.arange(1, len(tokens)) // BLOCK % 10 == 9
    return Corpus(words, pairs[~held_out], pairs[held_out])


def zipf_corpus(
    num_classes: int = 10_000,
    num_pairs: int = 500_000,
    dim: int = 16,
    *,
    spread: float = 0.4,
    rng: np.random.Generator,
) -> Corpus:
    """A made-up corpus whose truth is known: frequencies fall like 1/rank, and what comes next depends on the word.

    A teacher gives word k the bias -ln(k + 1) and random weights; the previous word is drawn by the biases alone, the
    next from the teacher's softmax. Pairs are independent of each other.

    Args:
        num_classes: how many words.
        num_pairs: how many pairs; a tenth of them is for validation.
        dim: of the teacher.
        spread: standard deviation of the teacher's weights; at 0 the previous word says nothing about the next.
        rng: where the randomness comes from.

    Returns:
        Corpus, with its teacher. The words are their own numbers.

    Raises:
        ValueError: a size is too small.

    Example:
        >>> corpus = zipf_corpus(1000, 20_000, rng=np.random.default_rng(0))
        >>> {name: round(loss, 2) for name, loss in reference_losses(corpus, corpus.validation).items()}
        {'uniform': 6.91, 'unigram': 5.36, 'bigram': 5.04, 'truth': 4.46}
    """
    num_classes = checks.count("num_classes", num_classes, at_least=2)
    num_pairs, dim = checks.count("num_pairs", num_pairs, at_least=10), checks.count("dim", dim, at_least=1)
    generator(rng)
    biases = -np.log(np.arange(1.0, num_classes + 1))
    teacher = BilinearModel(
        rng.standard_normal((num_classes, dim)), spread * rng.standard_normal((num_classes, dim)), biases
    )
    previous = np.sort(rng.choice(num_classes, num_pairs, p=softmax(biases)))
    following = np.empty_like(previous)
    contexts, starts = np.unique(previous, return_index=True)
    for context, start, end in zip(contexts, starts, [*starts[1:], num_pairs], strict=True):
        cumulative = np.cumsum(np.exp(teacher.log_probs(context)))
        places = rng.random(end - start) * cumulative[-1]
        following[start:end] = np.searchsorted(cumulative, places, side="right")
    by_frequency = np.argsort(-np.bincount(following, minlength=num_classes), kind="stable")
    rank = np.argsort(by_frequency)
    pairs = rng.permutation(rank[np.stack([previous, following], axis=1)])
    teacher = BilinearModel(*(array[by_frequency] for array in teacher))
    num_held_out = num_pairs // 10
    words = [str(id) for id in range(num_classes)]
    return Corpus(words, pairs[num_held_out:], pairs[:num_held_out], teacher)


def reference_losses(corpus: Corpus, pairs: Ints) -> dict[str, float]:
    """The cross-entropy of models that count and don't learn: the lines that a race is read against.

    Args:
        corpus: what they count in.
        pairs: what they are measured on, [num_pairs, 2].

    Returns:
        Nats: "uniform" knows how many words there are, ln num_classes; "unigram" how frequent each is; "bigram" what
        came after the previous word, PRIOR pairs of the unigram mixed in; and "truth", if the corpus has a teacher,
        who knows all: no model is better than that, but by luck on few pairs.

    Source: MacKay and Bauman Peto 1995, equation 10, for the bigram.
    """
    previous, labels = pairs[:, 0], pairs[:, 1]
    counts, num_classes = corpus.counts(), corpus.num_classes
    unigram = counts[labels] / counts.sum()
    seen = np.sort(corpus.train @ [num_classes, 1])
    wanted = pairs @ [num_classes, 1]
    together = np.searchsorted(seen, wanted, side="right") - np.searchsorted(seen, wanted)
    alone = np.bincount(corpus.train[:, 0], minlength=num_classes)[previous]
    bigram = (together + PRIOR * unigram) / (alone + PRIOR)
    losses = {
        "uniform": float(np.log(num_classes)),
        "unigram": float(-np.log(unigram).mean()),
        "bigram": float(-np.log(bigram).mean()),
    }
    if corpus.teacher is not None:
        losses["truth"] = evaluate(corpus.teacher, pairs).loss
    return losses


def load_corpus(path: str | Path) -> Corpus:
    """A text from an .npz file: `ids`, whole numbers [num_tokens], and `words`, in UTF-8 with line breaks between.

    Args:
        path: of the file, as `save_text` wrote it.

    Returns:
        Corpus.

    Raises:
        OSError: there is no such file.
        ValueError: it holds something else.
    """
    with np.load(path) as file:
        return text_corpus(file["words"].tobytes().decode().split("\n"), file["ids"].astype(np.int64))


def save_text(path: str | Path, words: Sequence[str], ids: npt.ArrayLike) -> None:
    """Write what `load_corpus` reads, in two bytes a token.

    Raises:
        ValueError: there are more words than two bytes can count.
    """
    if len(words) > 1 << 16:
        raise ValueError(f"words must be at most {1 << 16}, got {len(words)}")
    tokens = checks.integers("ids", ids).astype(np.uint16)
    np.savez_compressed(path, ids=tokens, words=np.frombuffer("\n".join(words).encode(), np.uint8))
