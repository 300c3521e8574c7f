import tensorflow as tf

logits = tf.constant(LOGITS) / TEMPERATURE
label = LABEL
label_smoothing = LABEL_SMOOTHING

one_hot = tf.one_hot(label, len(logits))
targets = (1 - label_smoothing) * one_hot + label_smoothing / len(logits)
clipped = tf.clip_by_value(tf.nn.softmax(logits), 1e-7, 1 - 1e-7)

sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
dense = tf.nn.softmax_cross_entropy_with_logits(one_hot, logits)
smoothed = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
from_probs = -tf.math.log(clipped[label] / tf.reduce_sum(clipped))

print("sparse", sparse.numpy().round(5))
print("dense", dense.numpy().round(5))
print("smoothed", smoothed.numpy().round(5))
print("from_probs", from_probs.numpy().round(5))
