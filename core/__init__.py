"""The mathematics of the app: NumPy in, NumPy out, and nothing else.

Read it in this order, in one sitting: `softmax` (logits to probabilities), `cross_entropy` (the label picks one term),
`sigmoid` (one question a logit), `dense` (where logits come from), `descent` (down the slope). `checks` says what bad
input is; leave it for last.

Conventions: `logits` are [..., num_classes] with any leading shape; `labels` are class ids, [...]; losses are in nats.
float64 unless float32 or float16 is given, which is kept. A gradient stands beside its function, is called
`<function>_grad`, and is shaped like the logits (or what the function takes instead).
"""

from core.cross_entropy import (
    bits,
    cross_entropy,
    cross_entropy_from_probs,
    cross_entropy_from_probs_grad,
    cross_entropy_grad,
    cross_entropy_hessian,
    double_softmax_cross_entropy,
    double_softmax_cross_entropy_grad,
    double_softmax_range,
    entropy,
    kl_divergence,
    one_hot,
    perplexity,
    smooth_labels,
    sparse_cross_entropy,
    sparse_cross_entropy_from_probs,
    sparse_cross_entropy_from_probs_grad,
    sparse_cross_entropy_grad,
    sparse_cross_entropy_with_grad,
    squared_error,
    squared_error_grad,
)
from core.dense import DenseGrad, TiedGrad, dense, dense_grad, tied_grad
from core.descent import Descent, descend
from core.sigmoid import log_sigmoid, sigmoid, sigmoid_cross_entropy, sigmoid_cross_entropy_grad
from core.softmax import (
    SoftmaxSteps,
    exp_overflow,
    exp_underflow,
    log_softmax,
    log_softmax_jacobian,
    log_softmax_vjp,
    logsumexp,
    naive_softmax,
    odds,
    softmax,
    softmax_jacobian,
    softmax_steps,
    softmax_vjp,
)

__all__ = [
    "DenseGrad",
    "Descent",
    "SoftmaxSteps",
    "TiedGrad",
    "bits",
    "cross_entropy",
    "cross_entropy_from_probs",
    "cross_entropy_from_probs_grad",
    "cross_entropy_grad",
    "cross_entropy_hessian",
    "dense",
    "dense_grad",
    "descend",
    "double_softmax_cross_entropy",
    "double_softmax_cross_entropy_grad",
    "double_softmax_range",
    "entropy",
    "exp_overflow",
    "exp_underflow",
    "kl_divergence",
    "log_sigmoid",
    "log_softmax",
    "log_softmax_jacobian",
    "log_softmax_vjp",
    "logsumexp",
    "naive_softmax",
    "odds",
    "one_hot",
    "perplexity",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_grad",
    "smooth_labels",
    "softmax",
    "softmax_jacobian",
    "softmax_steps",
    "softmax_vjp",
    "sparse_cross_entropy",
    "sparse_cross_entropy_from_probs",
    "sparse_cross_entropy_from_probs_grad",
    "sparse_cross_entropy_grad",
    "sparse_cross_entropy_with_grad",
    "squared_error",
    "squared_error_grad",
    "tied_grad",
]
