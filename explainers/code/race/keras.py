import keras
import tensorflow as tf
from keras import ops

# [num_classes, dim]
weights = keras.Variable(WEIGHTS)
# [num_classes]
biases = ops.array(BIASES)
# [batch_size, dim]
inputs = ops.array(INPUTS)
# [batch_size]
labels = ops.array(LABELS)
# [num_sampled]
sampled = ops.array(SAMPLED)
# [batch_size], [num_sampled]
true_count = ops.array(TRUE_COUNT)
sampled_count = ops.array(SAMPLED_COUNT)
optimizer = keras.optimizers.SGD(learning_rate=LEARNING_RATE)


def sampled_softmax(weights):
    true_rows = ops.take(weights, labels, axis=0)
    true_logits = ops.sum(inputs * true_rows, axis=1)
    true_logits = true_logits + ops.take(biases, labels) - ops.log(true_count)
    sampled_logits = inputs @ ops.transpose(ops.take(weights, sampled, axis=0))
    sampled_logits = sampled_logits + ops.take(biases, sampled)
    sampled_logits = sampled_logits - ops.log(sampled_count)
    hits = labels[:, None] == sampled
    sampled_logits = ops.where(hits, float("-inf"), sampled_logits)
    # [batch_size, 1 + num_sampled]
    logits = ops.concatenate([true_logits[:, None], sampled_logits], axis=1)
    return -ops.mean(ops.log_softmax(logits)[:, 0])


with tf.GradientTape() as tape:
    loss = sampled_softmax(weights)
optimizer.apply(tape.gradient(loss, [weights.value]), [weights])

print("loss", loss.numpy().round(5))
print("weights", ops.convert_to_numpy(weights).round(5))
