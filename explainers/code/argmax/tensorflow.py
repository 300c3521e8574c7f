import tensorflow as tf

logits = tf.constant(LOGITS)
probs = tf.one_hot(tf.argmax(logits), len(logits))
print("probs", probs.numpy())
