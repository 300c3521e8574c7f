import tensorflow as tf

logits = tf.Variable(LOGITS)
label = LABEL
temperature = TEMPERATURE

with tf.GradientTape() as tape:
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=label,
        logits=logits / temperature,
    )
grad = tape.gradient(loss, logits)

print("loss", loss.numpy().round(5))
print("grad", grad.numpy().round(5))
