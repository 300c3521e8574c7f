"""Train a small network on few handwritten digits, far too long, and store what it says about digits it never saw.

    python -m data.digits.make

Fifty digits, five of each, are enough to be right five times in six and to be wrong with great confidence: once every
training digit is right, the loss still falls as the logits grow, so they grow. Needs scikit-learn, for the data alone;
data/README.md says how to run it and what comes out.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import core

SEED = 0
TRAIN_EACH, NUM_TEST = 5, 1000
DIM, NUM_HIDDEN, NUM_CLASSES = 64, 32, 10
RATE, NUM_STEPS = 1.0, 20_000
DECIMALS = 3
FILE = Path(__file__).with_name("predictions.npz")


def split(labels, rng):
    """Ids of the training, validation and test digits: five of each class, the rest, and a thousand."""
    order = rng.permutation(len(labels))
    few = np.concatenate([order[labels[order] == digit][:TRAIN_EACH] for digit in range(NUM_CLASSES)])
    rest = order[~np.isin(order, few)]
    return few, rest[:-NUM_TEST], rest[-NUM_TEST:]


def hidden(inputs, weights, biases):
    """The hidden vectors, [batch_size, NUM_HIDDEN]."""
    return np.tanh(core.dense(inputs, weights, biases))


def train(inputs, labels, rng):
    """Plain gradient descent on all training digits at once; the weights and biases of both layers."""
    below = [rng.normal(0, DIM**-0.5, (NUM_HIDDEN, DIM)), np.zeros(NUM_HIDDEN)]
    above = [rng.normal(0, NUM_HIDDEN**-0.5, (NUM_CLASSES, NUM_HIDDEN)), np.zeros(NUM_CLASSES)]
    for _ in range(NUM_STEPS):
        vectors = hidden(inputs, *below)
        logits_grad = core.sparse_cross_entropy_grad(core.dense(vectors, *above), labels, reduction="mean")
        grad_above = core.dense_grad(vectors, above[0], logits_grad)
        grad_below = core.dense_grad(inputs, below[0], grad_above.inputs * (1 - vectors**2))
        for layer, grad in ((above, grad_above), (below, grad_below)):
            layer[0] -= RATE * grad.weights
            layer[1] -= RATE * grad.biases
    return below, above


def main():
    """Train, store, and say what was stored."""
    rng = np.random.default_rng(SEED)
    images, labels = load_digits(return_X_y=True)
    inputs = images / 16
    parts = dict(zip(("train", "validation", "test"), split(labels, rng), strict=True))
    below, above = train(inputs[parts["train"]], labels[parts["train"]], rng)
    stored = {}
    for part, ids in parts.items():
        logits = core.dense(hidden(inputs[ids], *below), *above)
        logits = np.round(logits, DECIMALS).astype(np.float32)  # finer than any claim, coarser than any machine's error
        loss = core.sparse_cross_entropy(logits, labels[ids], reduction="mean")
        right = (logits.argmax(axis=-1) == labels[ids]).mean()
        confidence = core.softmax(logits).max(axis=-1).mean()
        print(f"{part}: {len(ids)} digits, {right:.4f} right, {confidence:.4f} sure, loss {loss:.5f}")
        stored |= {f"{part}_logits": logits, f"{part}_labels": labels[ids].astype(np.uint8)}
    np.savez_compressed(FILE, **stored)
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
