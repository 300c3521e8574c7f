import tensorflow as tf

# [batch_size, num_steps, num_classes]
logits = tf.constant(LOGITS)
# [batch_size, num_steps]
labels = tf.constant(LABELS)
temperature = TEMPERATURE

losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
    labels=labels,
    logits=logits / temperature,
)

print("losses", losses.numpy().round(5))
print("mean", tf.reduce_mean(losses).numpy().round(5))
