import tensorflow as tf

# [num_classes, dim]
weights = tf.Variable(WEIGHTS)
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
learning_rate = LEARNING_RATE

with tf.GradientTape() as tape:
    losses = tf.nn.sampled_softmax_loss(
        weights=weights,
        biases=biases,
        labels=labels[:, None],
        inputs=inputs,
        num_sampled=len(sampled),
        num_classes=weights.shape[0],
        sampled_values=(sampled, true_count[:, None], sampled_count),
    )
    loss = tf.reduce_mean(losses)
grad = tape.gradient(loss, weights)  # tf.IndexedSlices
step = tf.IndexedSlices(learning_rate * grad.values, grad.indices)
weights.scatter_sub(step)

print("loss", loss.numpy().round(5))
print("weights", weights.numpy().round(5))
