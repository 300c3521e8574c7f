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
learning_rate = LEARNING_RATE

true_logits = (inputs * weights[labels]).sum(axis=1) + biases[labels]
true_logits -= np.log(true_count)
sampled_logits = inputs @ weights[sampled].T + biases[sampled]
sampled_logits -= np.log(sampled_count)
sampled_logits[labels[:, None] == sampled] = -np.inf

# [batch_size, 1 + num_sampled]
logits = np.column_stack([true_logits, sampled_logits])
exps = np.exp(logits - logits.max(axis=1, keepdims=True))
probs = exps / exps.sum(axis=1, keepdims=True)
loss = -np.log(probs[:, 0]).mean()

grad = probs / len(labels)
grad[:, 0] -= 1 / len(labels)
weights_grad = np.zeros_like(weights)
np.add.at(weights_grad, labels, grad[:, :1] * inputs)
np.add.at(weights_grad, sampled, grad[:, 1:].T @ inputs)
weights -= learning_rate * weights_grad

print("loss", loss.round(5))
print("weights", weights.round(5))
