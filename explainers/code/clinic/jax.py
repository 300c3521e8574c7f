import jax
import jax.numpy as jnp

# [num_positions, num_classes]
logits = jnp.array(LOGITS)
# [num_positions]
labels = jnp.array(LABELS)

log_probs = jax.nn.log_softmax(logits)
losses = -log_probs[jnp.arange(len(labels)), labels]

print("losses", losses.round(5))
print("mean", losses.mean().round(5))
