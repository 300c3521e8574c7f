"""Where a next token is chosen: not in the loss, but here, when text is made.

A model gives logits and no more. In training the next token is known, and the loss looks it up. Only when there is no
text to compare with must one be chosen: `next_probs` makes probabilities of the logits, `choose` draws from them, and
`generate` feeds back what was drawn, again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.softmax import softmax, working_dtype


class NextToken(Protocol):
    """A model that `generate` can ask: ids [batch_size, num_steps] in, logits [..., num_classes] and a state out."""

    def logits(self, ids: npt.ArrayLike, state: Any = None) -> tuple[Floats, Any]:
        """The logits after each id, and what to hand in with the ids that follow."""


def next_probs(
    logits: npt.ArrayLike, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Floats:
    """What the next token is drawn from: softmax, made sharper or flatter, and with its tail cut off.

    In this order: the temperature divides the logits; `top_k` keeps the k largest; `top_p` keeps, of what is then
    left, the fewest tokens that together have at least that probability; the rest gets 0 and the kept sum to one. The
    order matters: a high temperature flattens what `top_p` measures, so it keeps more.

    Ties: with `top_k`, all that equal the k-th largest are kept, so there may be more than k. With `top_p`, and where
    the temperature is 0, the lower id goes first.

    Args:
        logits: real numbers, [..., num_classes]; -inf masks a class.
        temperature: below 1 sharper, above 1 flatter; 0 is argmax, all on the largest logit.
        top_k: how many to keep, at least 1; None or more than num_classes keeps all.
        top_p: in (0, 1]; None or 1 keeps all.

    Returns:
        Probabilities, like `logits`.

    Raises:
        ValueError: a row has no softmax, or an argument is not allowed.

    Example:
        >>> logits = np.log([0.5, 0.25, 0.15, 0.1])
        >>> next_probs(logits, temperature=0.5).round(3)
        array([0.725, 0.181, 0.065, 0.029])
        >>> next_probs(logits, top_k=2).round(3)
        array([0.667, 0.333, 0.   , 0.   ])
        >>> next_probs(logits, top_p=0.8).round(3)
        array([0.556, 0.278, 0.167, 0.   ])
        >>> next_probs(logits, temperature=0)
        array([1., 0., 0., 0.])

    Source: Hugging Face transformers, `TemperatureLogitsWarper`, `TopKLogitsWarper`, `TopPLogitsWarper`, in this
    order; top-p is nucleus sampling, Holtzman et al. 2020, section 3.1.
    """
    logits = checks.floats("logits", logits)
    if temperature != 0 and not (isinstance(temperature, (int, float, np.number)) and temperature > 0):
        raise ValueError(f"temperature must be 0 or positive, got {temperature}")
    if top_k is not None:
        top_k = checks.count("top_k", top_k, at_least=1)
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be in (0, 1], got {top_p}")
    probs = softmax(logits, temperature=temperature or 1.0)
    if temperature == 0:
        largest = logits.argmax(axis=-1, keepdims=True)
        probs[:] = 0
        np.put_along_axis(probs, largest, 1, axis=-1)
        return probs
    keep = np.ones(logits.shape, bool)
    if top_k is not None and top_k < logits.shape[-1]:
        keep &= logits >= np.partition(logits, -top_k, axis=-1)[..., -top_k, None]
    if top_p is not None and top_p < 1:
        order = np.argsort(-np.where(keep, logits, -np.inf), axis=-1, kind="stable")
        sorted_probs = np.take_along_axis(_share(probs, keep), order, axis=-1)
        before = np.cumsum(sorted_probs, axis=-1, dtype=np.float64) - sorted_probs
        nucleus = np.empty_like(keep)
        np.put_along_axis(nucleus, order, before < top_p, axis=-1)
        keep &= nucleus
    return _share(probs, keep)


def choose(probs: npt.ArrayLike, rng: np.random.Generator) -> Ints:
    """Draw one class from each row of probabilities: throw a dart at a ruler cut into their lengths.

    Args:
        probs: rows that sum to one, [..., num_classes]. A class of probability 0 is never drawn.
        rng: where the one dart a row comes from.

    Returns:
        Class ids, [...].

    Raises:
        ValueError: a row does not sum to one, or has a negative number.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> np.bincount([choose([0.7, 0.0, 0.3], rng) for _ in range(1000)])
        array([678,   0, 322])

    Source: inverse transform sampling: the first class whose cumulative probability exceeds a uniform number.
    """
    probs = checks.distributions("probs", probs)
    ruler = np.cumsum(probs, axis=-1, dtype=np.float64)
    dart = rng.random((*probs.shape[:-1], 1)) * ruler[..., -1:]
    ids: Ints = (ruler <= dart).sum(axis=-1)
    return ids


def generate(
    model: NextToken,
    prompt_ids: npt.ArrayLike,
    length: int,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: Sequence[int] = (),
) -> Ints:
    """Let a model go on: it reads the prompt, chooses, reads what it chose, chooses, ...

    This is the one place where a model's own choice becomes its input. In training it always reads the true text
    (teacher forcing).

    Args:
        model: has `logits(ids, state)`; each call gets only the ids that are new, and the state does the remembering.
        prompt_ids: what it reads first, at least one id, [num_prompt].
        length: how many ids to choose at most.
        rng: what is drawn from; where the temperature is 0 the draw is certain.
        temperature: as in `next_probs`, and so are the next two.
        top_k: how many to keep.
        top_p: how much probability to keep.
        stop: ids after which to end early, such as those of an empty line; they are part of the answer.

    Returns:
        The ids chosen, without the prompt, [at most length].

    Raises:
        ValueError: the prompt is empty or no list of ids, or an argument is not allowed.

    Example:
        >>> class Next:  # after i comes i + 1
        ...     def logits(self, ids, state=None):
        ...         return np.log(np.eye(10)[(np.asarray(ids) + 1) % 10] + 1e-9), None
        >>> generate(Next(), [3], 9, np.random.default_rng(0), stop=[8, 9])
        array([4, 5, 6, 7, 8, 9])
    """
    prompt = checks.integers("prompt_ids", prompt_ids)
    if prompt.ndim != 1:
        raise ValueError(f"prompt_ids must be one row of ids, got shape {prompt.shape}")
    length = checks.count("length", length, at_least=0)
    ending = list(stop)
    chosen: list[int] = []
    new_ids, state = prompt[None], None
    while len(chosen) < length and not (ending and chosen[-len(ending) :] == ending):
        logits, state = model.logits(new_ids, state)
        probs = next_probs(logits[0, -1], temperature=temperature, top_k=top_k, top_p=top_p)
        chosen.append(int(choose(probs, rng)))
        new_ids = np.array([chosen[-1:]])
    return np.array(chosen, int)


def _share(probs: Floats, keep: npt.NDArray[np.bool]) -> Floats:
    """The kept classes' shares of what they have together."""
    kept = np.where(keep, probs, 0).astype(working_dtype(probs), copy=False)
    shares: Floats = (kept / kept.sum(axis=-1, keepdims=True)).astype(probs.dtype, copy=False)
    return shares
