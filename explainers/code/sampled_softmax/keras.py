from keras import ops

# [num_classes, dim]
weights = ops.array(WEIGHTS)
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

true_rows = ops.take(weights, labels, axis=0)
true_logits = ops.sum(inputs * true_rows, axis=1) + ops.take(biases, labels)
true_logits = true_logits - ops.log(true_count)
sampled_rows = ops.transpose(ops.take(weights, sampled, axis=0))
sampled_logits = inputs @ sampled_rows + ops.take(biases, sampled)
sampled_logits = sampled_logits - ops.log(sampled_count)
hits = ops.logical_and(labels[:, None] == sampled, REMOVE_ACCIDENTAL_HITS)
sampled_logits = ops.where(hits, float("-inf"), sampled_logits)

# [batch_size, 1 + num_sampled]
logits = ops.concatenate([true_logits[:, None], sampled_logits], axis=1)
losses = -ops.log_softmax(logits)[:, 0]

print("losses", ops.convert_to_numpy(losses).round(5))
