import jax
import jax.numpy as jnp

# [batch_size, num_steps, num_classes]
logits = jnp.array(LOGITS)
# [batch_size, num_steps]
labels = jnp.array(LABELS)
temperature = TEMPERATURE

log_probs = jax.nn.log_softmax(logits / temperature)
picked = jnp.take_along_axis(log_probs, labels[..., None], axis=-1)
losses = -picked[..., 0]

print("losses", losses.round(5))
print("mean", losses.mean().round(5))
