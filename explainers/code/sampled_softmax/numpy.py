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
hits = labels[:, None] == sampled
sampled_logits[hits & REMOVE_ACCIDENTAL_HITS] = -np.inf

# [batch_size, 1 + num_sampled]
logits = np.column_stack([true_logits, sampled_logits])
shifted = logits - logits.max(axis=1, keepdims=True)
losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0]

print("losses", losses.round(5))
