import numpy as np

# [num_classes, dim]
weights = np.array(WEIGHTS)
# [num_classes]
biases = np.array(BIASES)
# [batch_size, dim]
inputs = np.array(INPUTS)
# [batch_size]
labels = np.array(LABELS)
# [num_sampled]
sampled = np.array(SAMPLED)
# [batch_size], [num_sampled]
true_count = np.array(TRUE_COUNT)
sampled_count = np.array(SAMPLED_COUNT)

true_logits = (inputs * weights[labels]).sum(axis=1) + biases[labels]
true_logits -= np.log(true_count)
sampled_logits = inputs @ weights[sampled].T + biases[sampled]
sampled_logits -= np.log(sampled_count)

# [batch_size, 1 + num_sampled]
logits = np.column_stack([true_logits, sampled_logits])
is_data = np.zeros_like(logits)
is_data[:, 0] = 1
log1p = np.log1p(np.exp(-np.abs(logits)))
losses = (logits.clip(0) - logits * is_data + log1p).sum(axis=1)

print("losses", losses.round(5))
