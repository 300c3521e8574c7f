import jax
import jax.numpy as jnp

logits = jnp.array(LOGITS)
probs = jax.nn.one_hot(logits.argmax(), len(logits))
print("probs", probs)
