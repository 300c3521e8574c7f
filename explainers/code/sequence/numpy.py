import numpy as np

# [batch_size, num_steps, num_classes]
logits = np.array(LOGITS)
# [batch_size, num_steps]
labels = np.array(LABELS)
temperature = TEMPERATURE

scaled = logits / temperature
shifted = scaled - scaled.max(axis=-1, keepdims=True)
logsumexp = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
log_probs = shifted - logsumexp
picked = np.take_along_axis(log_probs, labels[..., None], axis=-1)
losses = -picked[..., 0]

print("losses", losses.round(5))
print("mean", losses.mean().round(5))
