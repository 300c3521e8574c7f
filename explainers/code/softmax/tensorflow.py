import tensorflow as tf

logits = tf.constant(LOGITS)
temperature = TEMPERATURE

probs = tf.nn.softmax(logits / temperature)
log_probs = tf.nn.log_softmax(logits / temperature)
logsumexp = tf.reduce_logsumexp(logits / temperature)

print("probs", probs.numpy().round(5))
print("log_probs", log_probs.numpy().round(5))
print("logsumexp", logsumexp.numpy().round(5))
