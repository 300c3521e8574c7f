import tensorflow as tf

# [num_classes, dim]
weights = tf.constant(WEIGHTS)
# [num_classes]
biases = tf.constant(BIASES)
# [batch_size, dim]
inputs = tf.constant(INPUTS)
# [batch_size]
labels = tf.constant(LABELS, tf.int64)
# [num_sampled]
sampled = tf.constant(SAMPLED, tf.int64)
# [batch_size], [num_sampled]
true_count = tf.constant(TRUE_COUNT)
sampled_count = tf.constant(SAMPLED_COUNT)

losses = tf.nn.nce_loss(
    weights=weights,
    biases=biases,
    labels=labels[:, None],
    inputs=inputs,
    num_sampled=len(sampled),
    num_classes=len(weights),
    sampled_values=(sampled, true_count[:, None], sampled_count),
)

print("losses", losses.numpy().round(5))
