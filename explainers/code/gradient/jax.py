import jax
import jax.numpy as jnp

logits = jnp.array(LOGITS)
label = LABEL
temperature = TEMPERATURE


def cross_entropy(logits):
    return -jax.nn.log_softmax(logits / temperature)[label]


loss, grad = jax.value_and_grad(cross_entropy)(logits)

print("loss", loss.round(5))
print("grad", grad.round(5))
