import tensorflow as tf
from keras import Variable, losses, ops

logits = Variable([LOGITS])  # [batch_size, num_classes]
labels = ops.array([LABEL])  # [batch_size]
temperature = TEMPERATURE

cross_entropy = losses.SparseCategoricalCrossentropy(from_logits=True)
with tf.GradientTape() as tape:
    loss = cross_entropy(labels, logits / temperature)
grad = tape.gradient(loss, logits.value)[0]

print("loss", loss.numpy().round(5))
print("grad", grad.numpy().round(5))
