import jax
import jax.numpy as jnp

logits = jnp.array(LOGITS) / TEMPERATURE
label = LABEL
label_smoothing = LABEL_SMOOTHING

log_probs = jax.nn.log_softmax(logits)
one_hot = jax.nn.one_hot(label, len(logits))
targets = (1 - label_smoothing) * one_hot + label_smoothing / len(logits)
clipped = jax.nn.softmax(logits).clip(1e-7, 1 - 1e-7)

sparse = -log_probs[label]
dense = -(one_hot * log_probs).sum()
smoothed = -(targets * log_probs).sum()
from_probs = -jnp.log(clipped[label] / clipped.sum())

print("sparse", sparse.round(5))
print("dense", dense.round(5))
print("smoothed", smoothed.round(5))
print("from_probs", from_probs.round(5))
