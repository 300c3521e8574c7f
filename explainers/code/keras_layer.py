"""Sampled softmax in training, all classes otherwise."""

import keras
import tensorflow as tf


class SampledSoftmax(keras.layers.Layer):
    """The last layer: losses with labels, else logits."""

    def __init__(self, num_classes, num_sampled, **options):
        super().__init__(**options)
        self.num_classes = num_classes
        self.num_sampled = num_sampled

    def build(self, hidden_shape, labels_shape=None):
        # [num_classes, dim], the transpose of a Dense kernel
        shape = (self.num_classes, hidden_shape[-1])
        self.rows = self.add_weight(name="rows", shape=shape)
        self.bias = self.add_weight(
            name="bias",
            shape=(self.num_classes,),
            initializer="zeros",
        )

    def logits(self, hidden):
        return tf.matmul(hidden, self.rows, transpose_b=True) + self.bias

    def call(self, hidden, labels=None, training=False):
        if labels is None:  # prediction
            return self.logits(hidden)
        if not training:  # evaluation: the full loss
            return tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=labels,
                logits=self.logits(hidden),
            )
        return tf.nn.sampled_softmax_loss(
            weights=self.rows.value,  # [num_classes, dim]
            biases=self.bias.value,  # [num_classes]
            labels=labels[:, None],  # [batch, num_true]
            inputs=hidden,  # [batch, dim], not logits
            num_sampled=self.num_sampled,
            num_classes=self.num_classes,
        )


def models(num_features, dim, num_classes, num_sampled):
    """One for fit and evaluate, one for predict."""
    features = keras.Input((num_features,))
    labels = keras.Input((), dtype="int64")
    hidden = keras.layers.Dense(dim, activation="tanh")(features)
    last = SampledSoftmax(num_classes, num_sampled)
    trained = keras.Model([features, labels], last(hidden, labels))
    # the labels are an input already; the output is the loss
    trained.compile("adam", loss=lambda labels, losses: losses)
    return trained, keras.Model(features, last(hidden))
