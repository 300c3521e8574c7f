import numpy as np

# [num_positions, num_classes]
logits = np.array(LOGITS)
# [num_positions]
labels = np.array(LABELS)

shifted = logits - logits.max(axis=1, keepdims=True)
logsumexp = np.log(np.exp(shifted).sum(axis=1))
losses = logsumexp - shifted[np.arange(len(labels)), labels]

print("losses", losses.round(5))
print("mean", losses.mean().round(5))
