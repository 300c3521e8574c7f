import numpy as np

logits = np.array(LOGITS) / TEMPERATURE
label = LABEL
label_smoothing = LABEL_SMOOTHING

shifted = logits - logits.max()
log_probs = shifted - np.log(np.exp(shifted).sum())
one_hot = np.eye(len(logits))[label]
targets = (1 - label_smoothing) * one_hot + label_smoothing / len(logits)
clipped = np.exp(log_probs).clip(1e-7, 1 - 1e-7)

sparse = -log_probs[label]
dense = -(one_hot * log_probs).sum()
smoothed = -(targets * log_probs).sum()
from_probs = -np.log(clipped[label] / clipped.sum())

print("sparse", sparse.round(5))
print("dense", dense.round(5))
print("smoothed", smoothed.round(5))
print("from_probs", from_probs.round(5))
