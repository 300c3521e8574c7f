import tensorflow as tf

# [num_positions, num_classes]
logits = tf.constant(LOGITS)
# [num_positions]
labels = tf.constant(LABELS)

losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
    labels=labels,
    logits=logits,
)

print("losses", losses.numpy().round(5))
print("mean", tf.reduce_mean(losses).numpy().round(5))
