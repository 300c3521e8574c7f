"""An answer that is copied often."""

import tensorflow as tf


def loss(dense, hidden, labels, num_sampled, num_classes):
    """Called with a Dense layer and what goes into it."""
    logits = dense(hidden)
    return tf.nn.sampled_softmax_loss(
        weights=dense.kernel,
        biases=dense.bias,
        labels=labels[:, None],
        inputs=logits,
        num_sampled=num_sampled,
        num_classes=num_classes,
    )
