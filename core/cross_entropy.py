"""The label picks one term.

Cross-entropy is the surprise, in nats, at what came: minus the log of the probability that was given to the label.

    loss = -log probs[label] = logsumexp(logits) - logits[label]

Softmax never sees the label. The label is an address, used here and once more in the gradient:

    d loss / d logits = probs - one_hot(label)

one pull of size 1 - probs[label] on the label's logit and a push of size probs[j] on every other, together zero.

Read `sparse_cross_entropy` (labels are ids), `cross_entropy` (labels are distributions), their gradients, then what
goes wrong: probabilities with an epsilon, softmax twice, squared error. Sigmoid cross-entropy is in core/sigmoid.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.softmax import (
    cast_back,
    exp_blocks,
    shift_and_scale,
    softmax,
    softmax_jacobian,
    softmax_vjp,
    working_dtype,
)


def one_hot(labels: npt.ArrayLike, num_classes: int, *, dtype: npt.DTypeLike = np.float64) -> Floats:
    """Class ids as rows with a single 1.

    It is the same label in num_classes times the memory; the loss and the gradient are the same to the last digit. A
    [64, 100] batch of ids is 25.6 kB, its one-hot form over 200,000 classes 5.12 GB in float32.

    Args:
        labels: class ids in [0, num_classes), [...].
        num_classes: length of a row.
        dtype: of the result.

    Returns:
        [..., num_classes].

    Raises:
        ValueError: a label is not an integer or out of range. (TensorFlow's one_hot gives a row of zeros there, and so
            a loss of 0.)

    Example:
        >>> one_hot([2, 0], 4)
        array([[0., 0., 1., 0.],
               [1., 0., 0., 0.]])
    """
    ids = checks.integers("labels", labels)
    num_classes = checks.count("num_classes", num_classes, at_least=1)
    checks.class_ids("labels", ids, num_classes)
    rows: Floats = np.zeros((*ids.shape, num_classes), dtype)
    np.put_along_axis(rows, ids[..., None].astype(np.intp), 1, axis=-1)
    return rows


def smooth_labels(one_hot: npt.ArrayLike, label_smoothing: float) -> Floats:
    """Take a fraction of the label's 1 and share it out among *all* classes, the label too: (1 - ε) y + ε / K.

    The label gets 1 - ε + ε/K, not 1 - ε. The loss can no longer reach 0: its floor is the entropy of the smoothed
    label (0.5003 nats for 10 classes, ε = 0.1), and the best logit is a finite ln(q_label / q_other) above the others.

    Args:
        one_hot: labels as distributions, [..., num_classes].
        label_smoothing: ε in [0, 1].

    Returns:
        Like `one_hot`.

    Raises:
        ValueError: ε is not in [0, 1], or the rows are no distributions.

    Example:
        >>> smooth_labels([0.0, 0.0, 1.0, 0.0, 0.0], 0.1)
        array([0.02, 0.02, 0.92, 0.02, 0.02])
        >>> float(entropy(smooth_labels(np.eye(10)[0], 0.1)).round(4))
        0.5003

    Source: Szegedy et al. 2016, section 7; PyTorch and TensorFlow do it so. Some code uses ε / (K - 1).
    """
    label_probs = checks.distributions("one_hot", one_hot)
    epsilon = checks.fraction("label_smoothing", label_smoothing)
    smoothed: Floats = (1 - epsilon) * label_probs + epsilon / label_probs.shape[-1]
    return smoothed


def sparse_cross_entropy(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    class_weights: npt.ArrayLike | None = None,
    reduction: str = "none",
) -> Floats:
    """Cross-entropy of logits and class ids: logsumexp(logits) - logits[label].

    *Sparse* is the form of the label, an id, and says nothing about the data. An id is a name: permute the classes and
    the ids together and the loss stays. Every logit is in the loss, through logsumexp, though only one is looked up.

    A class masked by -inf costs nothing elsewhere; as the label it costs inf. Logits all equal cost ln num_classes,
    whatever they are: that is what an untrained model should start from.

    Args:
        logits: real numbers, [..., num_classes].
        labels: class ids in [0, num_classes), [...]: the shape of the logits without the classes.
        temperature: what the logits are divided by first.
        label_smoothing: ε in [0, 1]; the label becomes (1 - ε) one_hot + ε / num_classes.
        ignore_index: a label that marks positions to leave out: 0 loss, 0 gradient, not counted by the mean. It may be
            outside the range (PyTorch's -100) or a class (a padding id).
        class_weights: what the loss of each class is multiplied by, [num_classes]; not negative.
        reduction: "none", "sum", or "mean": the sum divided by the number of kept positions, or with class weights by
            the sum of the weights *of the labels*, as PyTorch does (Keras divides by the number of positions).
            All ignored: 0/0 = NaN, as PyTorch (Keras says 0). No warning.

    Returns:
        Loss in nats, [...], or one number when reduced. In the dtype of the logits.

    Raises:
        ValueError: a label is out of range or not an integer, shapes do not fit, a row has no softmax (NaN, +inf, or
            only -inf; ignored rows too), or an argument is not allowed.

    Example:
        >>> logits = [[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]]
        >>> sparse_cross_entropy(logits, [2, 0]).round(4)
        array([0.5619, 3.0762])
        >>> float(sparse_cross_entropy(logits, [2, 0], reduction="mean").round(4))
        1.8191
        >>> float(sparse_cross_entropy(logits, [2, -100], ignore_index=-100, reduction="mean").round(4))
        0.5619

    Source: CS231n notes, "Softmax classifier"; smoothing with weights and the mean: PyTorch `CrossEntropyLoss`.
    Sibling: `cross_entropy` takes distributions instead of ids; on one-hot rows it gives the same number.
    """
    loss, _ = _sparse(
        logits, labels, temperature, label_smoothing, ignore_index, class_weights, reduction, with_grad=False
    )
    return loss


def sparse_cross_entropy_grad(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    class_weights: npt.ArrayLike | None = None,
    reduction: str = "none",
) -> Floats:
    """Gradient of `sparse_cross_entropy` with respect to the logits: (probs - one_hot) / T.

    One pull, of size 1 - probs[label], and num_classes - 1 pushes, of size probs[j]: each row sums to zero. It stays
    finite where the loss is inf. With smoothing it can pull *down* a label that is more probable than its target.

    Args:
        logits: as in `sparse_cross_entropy`, and so are the others.
        labels: class ids.
        temperature: the gradient is with respect to the undivided logits, hence the 1/T.
        label_smoothing: ε.
        ignore_index: rows with this label get a gradient of 0, also when all are ignored and the mean is NaN.
        class_weights: [num_classes].
        reduction: of the reduced loss; "none" is each position's own loss, which is the gradient of the sum.

    Returns:
        Like `logits`.

    Raises:
        ValueError: as `sparse_cross_entropy`.

    Example:
        >>> sparse_cross_entropy_grad([2.0, -1.0, 3.0, 2.0], 2).round(4)
        array([ 0.2097,  0.0104, -0.4299,  0.2097])

    Source: CS231n notes, "Computing the analytic gradient".
    """
    _, grad = _sparse(
        logits, labels, temperature, label_smoothing, ignore_index, class_weights, reduction, with_grad=True
    )
    return grad


def sparse_cross_entropy_with_grad(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    class_weights: npt.ArrayLike | None = None,
    reduction: str = "none",
) -> tuple[Floats, Floats]:
    """`sparse_cross_entropy` and its gradient, both from one pass over the logits: what training calls.

    The exponentials that the loss sums up are the gradient but for a division, so making both costs little more than
    making one.

    Args:
        logits: as in `sparse_cross_entropy`, and so are the others.
        labels: class ids.
        temperature: what the logits are divided by first.
        label_smoothing: ε.
        ignore_index: a label that marks positions to leave out.
        class_weights: [num_classes].
        reduction: "none", "sum" or "mean".

    Returns:
        The loss, [...] or one number, and the gradient, like `logits`.

    Raises:
        ValueError: as `sparse_cross_entropy`.

    Example:
        >>> loss, grad = sparse_cross_entropy_with_grad([[2.0, -1.0, 3.0, 2.0]], [2])
        >>> loss.round(4), grad.round(4)
        (array([0.5619]), array([[ 0.2097,  0.0104, -0.4299,  0.2097]]))
    """
    return _sparse(logits, labels, temperature, label_smoothing, ignore_index, class_weights, reduction, with_grad=True)


def _sparse(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    temperature: float,
    label_smoothing: float,
    ignore_index: int | None,
    class_weights: npt.ArrayLike | None,
    reduction: str,
    *,
    with_grad: bool,
) -> tuple[Floats, Floats]:
    """The one loop behind the three functions above; without the gradient it makes no [..., num_classes] array.

    With w_c the class weights (1 if there are none), K classes and ε the smoothing, a position with label y costs

        loss = (1 - ε) w_y (-log p_y)  +  (ε/K) sum_c w_c (-log p_c)

    and its gradient with respect to logit j is

        (1/T) [ ((1 - ε) w_y + (ε/K) sum_c w_c) p_j  -  (1 - ε) w_y 1[j = y]  -  (ε/K) w_j ]
    """
    logits = checks.floats("logits", logits)
    num_classes = logits.shape[-1]
    label, kept = checks.labels(logits, labels, ignore_index)
    temperature = checks.positive("temperature", temperature)
    epsilon = checks.fraction("label_smoothing", label_smoothing)
    given = checks.class_weights(class_weights, num_classes)
    reduction = checks.reduction(reduction)

    rows = logits.reshape(-1, num_classes)
    dtype = working_dtype(rows)
    weights = np.ones(num_classes, dtype) if given is None else given.astype(dtype)
    weight = np.where(kept, weights[label], 0)  # of each position in the mean
    at_label = (1 - epsilon) * weight
    spread = np.where(kept, epsilon / num_classes, 0).astype(dtype)
    share = _share(reduction, weight.sum())

    losses = np.empty(len(rows), dtype)
    grad = np.empty(rows.shape if with_grad else (0, num_classes), dtype)
    for block, exps, largest, totals in exp_blocks(rows, temperature, out=grad if with_grad else None):
        here = np.arange(len(exps)), label[block]
        log_totals = np.log(totals)
        exponent = shift_and_scale(rows[block][here][:, None], largest, temperature)
        losses[block] = _times(at_label[block], (log_totals - exponent)[:, 0])
        if epsilon:
            exponents = shift_and_scale(rows[block], largest, temperature)
            losses[block] += _times(spread[block], _times(weights, log_totals - exponents).sum(axis=1))
        if with_grad:
            scale = np.where(kept[block], share / temperature, 0).astype(dtype)  # 0 even if share is 1/0
            with np.errstate(invalid="ignore"):
                pulls, mass = scale * at_label[block], scale * (at_label[block] + spread[block] * weights.sum())
                exps *= mass[:, None] / totals
                exps[here] -= pulls
                if epsilon:
                    exps -= (scale * spread[block])[:, None] * weights
    loss = _reduce(losses.reshape(logits.shape[:-1]), reduction, share)
    return cast_back(loss, logits), cast_back(grad.reshape(logits.shape), logits) if with_grad else grad


def cross_entropy(
    logits: npt.ArrayLike,
    label_probs: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    class_weights: npt.ArrayLike | None = None,
    allow_unnormalised: bool = False,
    reduction: str = "none",
) -> Floats:
    """Cross-entropy of logits and distributions: sum_c label_probs_c (-log probs_c).

    One-hot rows give `sparse_cross_entropy`; soft rows cost at least their own entropy, for
    cross-entropy = entropy(label_probs) + kl_divergence(label_probs, probs). A class whose label is 0 adds nothing,
    even where its logit is -inf (frameworks compute 0 · inf = NaN there).

    Args:
        logits: real numbers, [..., num_classes].
        label_probs: what the probabilities should be, like `logits`; each row sums to one.
        temperature: what the logits are divided by first.
        class_weights: what the term of each class is multiplied by, [num_classes].
        allow_unnormalised: take rows whatever they sum to.
        reduction: "none", "sum", or "mean": over the positions, also with class weights, as PyTorch does for soft
            labels (for ids it divides by the weights).

    Returns:
        Loss in nats, [...], or one number when reduced. In the dtype of the logits.

    Raises:
        ValueError: a row of labels does not sum to one or has a negative number, shapes do not fit, a row of logits
            has no softmax, or an argument is not allowed.

    Example:
        >>> logits = [2.0, -1.0, 3.0, 2.0]
        >>> float(cross_entropy(logits, [0.0, 0.0, 1.0, 0.0]).round(4))
        0.5619
        >>> float(cross_entropy(logits, softmax(logits)).round(4)), float(entropy(softmax(logits)).round(4))
        (1.0232, 1.0232)

    Source: CS231n notes, "Information theory view".
    """
    loss, _ = _dense(logits, label_probs, temperature, class_weights, allow_unnormalised, reduction, with_grad=False)
    return loss


def cross_entropy_grad(
    logits: npt.ArrayLike,
    label_probs: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    class_weights: npt.ArrayLike | None = None,
    allow_unnormalised: bool = False,
    reduction: str = "none",
) -> Floats:
    """Gradient of `cross_entropy` with respect to the logits: (probs - label_probs) / T.

    A soft label pulls back: the gradient is zero where the probabilities *are* the label, and turns round beyond it.
    For rows that sum to s it is (s · probs - label_probs) / T, the true derivative; TensorFlow's fused kernel takes s
    as 1 without looking.

    Args:
        logits: as in `cross_entropy`, and so are the others.
        label_probs: like `logits`.
        temperature: the gradient is with respect to the undivided logits.
        class_weights: [num_classes].
        allow_unnormalised: take rows whatever they sum to.
        reduction: of the reduced loss; "none" is each position's own loss.

    Returns:
        Like `logits`; each row sums to zero.

    Raises:
        ValueError: as `cross_entropy`.

    Example:
        >>> cross_entropy_grad([0.0, 0.0], [0.5, 0.5])
        array([0., 0.])
        >>> cross_entropy_grad(np.log([0.9, 0.1]), [0.8, 0.2]).round(4)  # too sure: the label's logit is pushed down
        array([ 0.1, -0.1])

    Source: CS231n notes; PyTorch `CrossEntropyLoss` for class weights.
    """
    _, grad = _dense(logits, label_probs, temperature, class_weights, allow_unnormalised, reduction, with_grad=True)
    return grad


def _dense(
    logits: npt.ArrayLike,
    label_probs: npt.ArrayLike,
    temperature: float,
    class_weights: npt.ArrayLike | None,
    allow_unnormalised: bool,
    reduction: str,
    *,
    with_grad: bool,
) -> tuple[Floats, Floats]:
    """The loop behind `cross_entropy` and its gradient: every class has a term, where `_sparse` looks up one."""
    logits = checks.floats("logits", logits)
    label_probs = checks.distributions("label_probs", label_probs, allow_unnormalised=allow_unnormalised)
    checks.same_shape("label_probs", label_probs, "logits", logits)
    temperature = checks.positive("temperature", temperature)
    weights = checks.class_weights(class_weights, logits.shape[-1])
    reduction = checks.reduction(reduction)

    rows = logits.reshape(-1, logits.shape[-1])
    dtype = working_dtype(rows)
    targets = label_probs.reshape(rows.shape).astype(dtype, copy=False)
    if weights is not None:
        targets = targets * weights.astype(dtype)
    share = _share(reduction, len(rows))

    losses = np.empty(len(rows), dtype)
    grad = np.empty(rows.shape if with_grad else (0, rows.shape[-1]), dtype)
    for block, exps, largest, totals in exp_blocks(rows, temperature, out=grad if with_grad else None):
        surprise = np.log(totals) - shift_and_scale(rows[block], largest, temperature)
        losses[block] = _times(targets[block], surprise).sum(axis=1)
        if with_grad:
            exps *= targets[block].sum(axis=1, keepdims=True) / totals
            exps -= targets[block]
            exps *= share / temperature
    loss = _reduce(losses.reshape(logits.shape[:-1]), reduction, share)
    return cast_back(loss, logits), cast_back(grad.reshape(logits.shape), logits) if with_grad else grad


def cross_entropy_hessian(logits: npt.ArrayLike, *, temperature: float = 1.0) -> Floats:
    """How the gradient of cross-entropy answers to each logit: (diag(p) - p pᵀ) / T².

    The label is not in it. It is the covariance of a one-hot draw from the probabilities, so it has no negative
    direction (the loss is convex in the logits) and one flat one: shifting all logits. It is the Jacobian of softmax
    divided by T once more.

    Args:
        logits: real numbers, [..., num_classes].
        temperature: what the logits are divided by first.

    Returns:
        [..., num_classes, num_classes].

    Raises:
        ValueError: as `softmax`.

    Example:
        >>> cross_entropy_hessian([0.0, 0.0]) @ [1.0, 1.0]
        array([0., 0.])

    Source: Boyd and Vandenberghe, section 3.1.5 (log-sum-exp).
    """
    temperature = checks.positive("temperature", temperature)
    return softmax_jacobian(logits, temperature=temperature) / temperature


def sparse_cross_entropy_from_probs(probs: npt.ArrayLike, labels: npt.ArrayLike, *, epsilon: float = 1e-7) -> Floats:
    """What Keras computes from probabilities and ids: clip, log, then the cross-entropy *of these logs*.

    The clip keeps log(0) away and puts a ceiling on the loss: a probability of 0 costs -ln 1e-7 = 16.118 and not inf,
    and its gradient is 0, so a model that is that wrong cannot learn. Log-softmax needs no epsilon.
    This is `from_logits=False`. Because the logs are taken as logits, a clipped row is divided by its new sum. Nothing
    is checked to be a probability, as in Keras: given logits it answers with a number that means nothing, which is the
    lesson.

    Args:
        probs: what should be probabilities, [..., num_classes].
        labels: class ids, [...].
        epsilon: the clip is to [epsilon, 1 - epsilon].

    Returns:
        Loss in nats, [...].

    Raises:
        ValueError: a label is out of range, shapes do not fit, a number is NaN, or epsilon is not in (0, 0.5).

    Example:
        >>> sparse_cross_entropy_from_probs([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]], [1, 2]).round(4)
        array([0.0513, 2.3026])
        >>> float(sparse_cross_entropy_from_probs([0.0, 1.0], 0).round(3)), float(-np.log(1e-7).round(3))
        (16.118, 16.118)

    Source: Keras 3, `keras.ops.sparse_categorical_crossentropy`.
    Sibling: `cross_entropy_from_probs` divides by the sum *before* it clips.
    """
    clipped, _, label, probs = _clipped(probs, labels, epsilon)
    at_label = np.take_along_axis(clipped, label, axis=-1)
    return cast_back((np.log(clipped.sum(axis=-1, keepdims=True)) - np.log(at_label))[..., 0], probs)


def sparse_cross_entropy_from_probs_grad(
    probs: npt.ArrayLike, labels: npt.ArrayLike, *, epsilon: float = 1e-7
) -> Floats:
    """Gradient of `sparse_cross_entropy_from_probs` with respect to the probabilities: 0 where they were clipped.

    Args:
        probs: [..., num_classes].
        labels: class ids, [...].
        epsilon: as there.

    Returns:
        Like `probs`.

    Raises:
        ValueError: as `sparse_cross_entropy_from_probs`.

    Example:
        >>> sparse_cross_entropy_from_probs_grad([[0.5, 0.5], [0.0, 1.0]], [0, 0])  # the second is stuck
        array([[-1.,  1.],
               [ 0.,  0.]])
    """
    clipped, inside, label, probs = _clipped(probs, labels, epsilon)
    grad = np.broadcast_to(1 / clipped.sum(axis=-1, keepdims=True), clipped.shape).copy()
    at_label = np.take_along_axis(grad, label, axis=-1) - 1 / np.take_along_axis(clipped, label, axis=-1)
    np.put_along_axis(grad, label, at_label, axis=-1)
    return cast_back(np.where(inside, grad, 0), probs)


def cross_entropy_from_probs(probs: npt.ArrayLike, one_hot: npt.ArrayLike, *, epsilon: float = 1e-7) -> Floats:
    """What Keras computes from probabilities and distributions: divide by the sum, clip, -sum(labels · log).

    Args:
        probs: what should be probabilities, [..., num_classes].
        one_hot: labels as distributions, one-hot or soft, like `probs`.
        epsilon: the clip is to [epsilon, 1 - epsilon].

    Returns:
        Loss in nats, [...].

    Raises:
        ValueError: a row of labels is no distribution, shapes do not fit, a number is NaN, or epsilon is not in
            (0, 0.5).

    Example:
        >>> probs = [0.05, 0.95, 0.0]  # the two forms differ in the seventh digit: one divides after clipping
        >>> f"{cross_entropy_from_probs(probs, [0, 1, 0]):.8f} {sparse_cross_entropy_from_probs(probs, 1):.8f}"
        '0.05129329 0.05129339'

    Source: Keras 3, `keras.ops.categorical_crossentropy`.
    """
    _, clipped, _, targets, probs = _normalised(probs, one_hot, epsilon)
    return cast_back(-(targets * np.log(clipped)).sum(axis=-1), probs)


def cross_entropy_from_probs_grad(probs: npt.ArrayLike, one_hot: npt.ArrayLike, *, epsilon: float = 1e-7) -> Floats:
    """Gradient of `cross_entropy_from_probs` with respect to the probabilities, back through the division too.

    Args:
        probs: [..., num_classes].
        one_hot: labels as distributions, like `probs`.
        epsilon: as there.

    Returns:
        Like `probs`.

    Raises:
        ValueError: as `cross_entropy_from_probs`.

    Example:
        >>> cross_entropy_from_probs_grad([0.1, 0.8, 0.1], [0, 0, 1]).round(4)
        array([ 1.,  1., -9.])
    """
    normalised, clipped, inside, targets, probs = _normalised(probs, one_hot, epsilon)
    upstream = -targets / clipped * inside
    total = probs.sum(axis=-1, keepdims=True, dtype=clipped.dtype)
    return cast_back((upstream - (upstream * normalised).sum(axis=-1, keepdims=True)) / total, probs)


def double_softmax_cross_entropy(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """The mistake: a softmax layer, and then a loss that applies softmax itself.

    It trains, which is why it goes unnoticed. But the second softmax gets "logits" between 0 and 1, so the best loss
    is ln(1 + (K - 1)/e), not 0 (see `double_softmax_range`), and the gradient is squeezed twice.

    Args:
        logits: real numbers, [..., num_classes].
        labels: class ids, [...].

    Returns:
        Loss in nats, [...].

    Raises:
        ValueError: as `sparse_cross_entropy`.

    Example:
        >>> perfect = [100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        >>> float(sparse_cross_entropy(perfect, 0)), float(double_softmax_cross_entropy(perfect, 0).round(4))
        (0.0, 1.4612)
    """
    return sparse_cross_entropy(softmax(logits), labels)


def double_softmax_cross_entropy_grad(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """Gradient of `double_softmax_cross_entropy` with respect to the logits: squeezed by the Jacobian of the first.

    Args:
        logits: real numbers, [..., num_classes].
        labels: class ids, [...].

    Returns:
        Like `logits`.

    Raises:
        ValueError: as `sparse_cross_entropy`.

    Example:
        >>> wrong = [10.0, 0.0]
        >>> sparse_cross_entropy_grad(wrong, 1).round(4), double_softmax_cross_entropy_grad(wrong, 1).round(4)
        (array([ 1., -1.]), array([ 0.0001, -0.0001]))
    """
    return softmax_vjp(logits, sparse_cross_entropy_grad(softmax(logits), labels))


def double_softmax_range(num_classes: int) -> tuple[float, float]:
    """The best and the worst loss, in nats, that `double_softmax_cross_entropy` can give.

    Best: the probabilities are one-hot at the label, so ln(e + K - 1) - 1 = ln(1 + (K - 1)/e). Worst: one-hot
    elsewhere, ln(e + K - 1).

    Args:
        num_classes: K.

    Returns:
        (best, worst).

    Raises:
        ValueError: num_classes is not at least 1.

    Example:
        >>> [round(double_softmax_range(num_classes)[0], 4) for num_classes in (2, 4, 10, 100, 1000)]
        [0.3133, 0.7437, 1.4612, 3.6222, 5.9095]
    """
    num_classes = checks.count("num_classes", num_classes, at_least=1)
    if num_classes == 1:
        return 0.0, 0.0  # there is nowhere else for the probability to go
    return float(np.log1p((num_classes - 1) / np.e)), float(np.log(np.e + num_classes - 1))


def squared_error(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """Sum of the squared differences of softmax(logits) and the one-hot label: the other loss one might think of.

    It is bounded by 2, so being confidently wrong hardly costs more than being wrong.

    Args:
        logits: real numbers, [..., num_classes].
        labels: class ids, [...].

    Returns:
        Between 0 and 2, no unit, [...].

    Raises:
        ValueError: as `sparse_cross_entropy`.

    Example:
        >>> squared_error([[0.0, 0.0], [-20.0, 20.0]], [0, 0])
        array([0.5, 2. ])

    Source: Brier 1950 (the Brier score of one forecast).
    """
    probs, difference = _difference(logits, labels)
    return cast_back((difference**2).sum(axis=-1), probs)


def squared_error_grad(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """Gradient of `squared_error` with respect to the logits; it vanishes where softmax saturates.

    Confidently wrong is where learning is needed most and this gradient is smallest: 2 (p - y) has to pass the
    Jacobian of softmax, which is near zero there. Cross-entropy's -1/p_y undoes exactly that factor and leaves p - y.

    Args:
        logits: real numbers, [..., num_classes].
        labels: class ids, [...].

    Returns:
        Like `logits`; each row sums to zero.

    Raises:
        ValueError: as `sparse_cross_entropy`.

    Example:
        >>> wrong = [-5.0, 5.0]
        >>> squared_error_grad(wrong, 0).round(4), sparse_cross_entropy_grad(wrong, 0).round(4)
        (array([-0.0002,  0.0002]), array([-1.,  1.]))

    Source: Goodfellow, Bengio and Courville, section 6.2.2.2.
    """
    _, difference = _difference(logits, labels)
    return softmax_vjp(logits, 2 * difference)


def entropy(probs: npt.ArrayLike) -> Floats:
    """The expected surprise of a distribution at itself: -sum p log p, with 0 log 0 = 0.

    0 when all is certain, ln num_classes when all are equal; the least that a cross-entropy with these labels can be.

    Args:
        probs: distributions, [..., num_classes].

    Returns:
        Nats, [...].

    Raises:
        ValueError: a row has a negative number or does not sum to one.

    Example:
        >>> float(bits(entropy([0.5, 0.5]))), float(entropy([1.0, 0.0]))
        (1.0, 0.0)

    Source: Shannon 1948, section 6.
    """
    probs = checks.distributions("probs", probs)
    wide = probs.astype(working_dtype(probs), copy=False)
    surprise = -np.log(np.where(wide > 0, wide, 1))
    return cast_back((wide * surprise).sum(axis=-1), probs)


def kl_divergence(probs: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """What it costs to expect `other` where `probs` is true: sum p log(p / other). Not symmetric.

    Never negative, 0 only where both agree, inf where `other` rules out what can happen. It is the part of
    cross-entropy that training can remove: cross-entropy = entropy(labels) + kl_divergence(labels, probs).

    Args:
        probs: what is true, [..., num_classes].
        other: what is expected, like `probs`.

    Returns:
        Nats, [...].

    Raises:
        ValueError: a row is no distribution, or the shapes differ.

    Example:
        >>> float(kl_divergence([1.0, 0.0], [0.5, 0.5]).round(4)), float(kl_divergence([0.5, 0.5], [1.0, 0.0]))
        (0.6931, inf)

    Source: Kullback and Leibler 1951.
    """
    probs = checks.distributions("probs", probs)
    other = checks.distributions("other", other)
    checks.same_shape("other", other, "probs", probs)
    wide = probs.astype(working_dtype(probs), copy=False)
    with np.errstate(divide="ignore"):
        ratio = np.log(np.where(wide > 0, wide, 1)) - np.log(np.where(wide > 0, other, 1), dtype=wide.dtype)
    return cast_back(_times(wide, ratio).sum(axis=-1), probs)


def perplexity(nats: npt.ArrayLike) -> Floats:
    """The exponential of a *mean* loss in nats: the number of faces of the fair die that is as hard to guess.

    Take the mean first: losses 1 and 3 make exp(2) = 7.389, not the mean of exp(1) and exp(3), 11.402. From bits it is
    2 to the power; 2 to the power of a loss in nats is a wrong number (19.12 where 70.61 is right).

    Args:
        nats: cross-entropy in nats, [...].

    Returns:
        Faces, [...]; inf where exp overflows.

    Raises:
        ValueError: not a number.

    Example:
        >>> float(perplexity(np.log(6)).round(4)), float(perplexity(np.mean([1.0, 3.0])).round(3))
        (6.0, 7.389)
    """
    nats = checks.floats("nats", np.atleast_1d(nats)).reshape(np.shape(nats))
    with np.errstate(over="ignore"):
        return np.exp(nats)


def bits(nats: npt.ArrayLike) -> Floats:
    """Nats in bits: divided by ln 2; 1 nat is 1.4427 bits.

    Args:
        nats: an entropy, a loss or a divergence in nats, [...].

    Returns:
        Bits, [...].

    Raises:
        ValueError: not a number.

    Example:
        >>> float(bits(np.log(8)).round(4)), float(bits(1.0).round(4))
        (3.0, 1.4427)
    """
    nats = checks.floats("nats", np.atleast_1d(nats)).reshape(np.shape(nats))
    return cast_back(nats / np.log(2), nats)


def _share(reduction: str, total: float) -> float:
    """What each position's loss is multiplied by before all are added: 1, or for a mean 1/total, 1/0 = inf too."""
    if reduction != "mean":
        return 1.0
    return 1 / float(total) if total else np.inf


def _reduce(losses: Floats, reduction: str, share: float) -> Floats:
    if reduction == "none":
        return losses
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(losses.sum() * losses.dtype.type(share))  # nothing kept: 0 · (1/0) = NaN


def _times(weight: Floats, value: Floats) -> Floats:
    """A product where a weight of 0 silences even inf: what is masked and not asked for costs nothing."""
    with np.errstate(invalid="ignore"):
        return np.where(weight > 0, weight * value, weight.dtype.type(0))


def _clipped(
    probs: npt.ArrayLike, labels: npt.ArrayLike, epsilon: float
) -> tuple[Floats, npt.NDArray[np.bool], npt.NDArray[np.intp], Floats]:
    """The probabilities clipped, where they were inside, the labels as [..., 1], and the probabilities as given."""
    probs, epsilon = _checked(probs, epsilon)
    label, _ = checks.labels(probs, labels, name="probs")
    clipped, inside = _clip(probs.astype(working_dtype(probs), copy=False), epsilon)
    return clipped, inside, label.reshape(*probs.shape[:-1], 1).astype(np.intp), probs


def _normalised(
    probs: npt.ArrayLike, one_hot: npt.ArrayLike, epsilon: float
) -> tuple[Floats, Floats, npt.NDArray[np.bool], Floats, Floats]:
    """The probabilities divided by their sum, then clipped, where they were inside, the labels, and as given."""
    probs, epsilon = _checked(probs, epsilon)
    targets = checks.distributions("one_hot", one_hot)
    checks.same_shape("one_hot", targets, "probs", probs)
    wide = probs.astype(working_dtype(probs), copy=False)
    total = wide.sum(axis=-1, keepdims=True)
    if not total.all():
        raise ValueError("probs must not sum to 0 in a row, got 0: there is nothing to divide by")
    clipped, inside = _clip(wide / total, epsilon)
    return wide / total, clipped, inside, targets.astype(wide.dtype, copy=False), probs


def _checked(probs: npt.ArrayLike, epsilon: float) -> tuple[Floats, float]:
    probs = checks.floats("probs", probs)
    if not np.isfinite(probs).all():
        raise ValueError(f"probs must be finite, got {probs[~np.isfinite(probs)][0]}")
    epsilon = checks.positive("epsilon", epsilon)
    if epsilon >= 0.5:
        raise ValueError(f"epsilon must be below 0.5, got {epsilon}")
    return probs, epsilon


def _clip(probs: Floats, epsilon: float) -> tuple[Floats, npt.NDArray[np.bool]]:
    low, high = probs.dtype.type(epsilon), probs.dtype.type(1 - epsilon)
    return np.clip(probs, low, high), (probs >= low) & (probs <= high)


def _difference(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Floats]:
    """softmax(logits), and the same minus the one-hot labels in the dtype that sums are made in."""
    probs = softmax(logits)
    label, _ = checks.labels(probs, labels)
    wide = probs.astype(working_dtype(probs), copy=False)
    return probs, wide - one_hot(label, probs.shape[-1], dtype=wide.dtype).reshape(wide.shape)
