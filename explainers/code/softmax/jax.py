import jax
import jax.numpy as jnp

logits = jnp.array(LOGITS)
temperature = TEMPERATURE

probs = jax.nn.softmax(logits / temperature)
log_probs = jax.nn.log_softmax(logits / temperature)
logsumexp = jax.nn.logsumexp(logits / temperature)

print("probs", probs.round(5))
print("log_probs", log_probs.round(5))
print("logsumexp", logsumexp.round(5))
