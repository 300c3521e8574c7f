import jax
import jax.numpy as jnp

# [num_classes, dim]
weights = jnp.array(WEIGHTS)
# [num_classes]
biases = jnp.array(BIASES)
# [batch_size, dim]
inputs = jnp.array(INPUTS)
# [batch_size]
labels = jnp.array(LABELS)
# [num_sampled]
sampled = jnp.array(SAMPLED)
# [batch_size], [num_sampled]
true_count = jnp.array(TRUE_COUNT)
sampled_count = jnp.array(SAMPLED_COUNT)
learning_rate = LEARNING_RATE


def sampled_softmax(weights):
    true_logits = (inputs * weights[labels]).sum(axis=1) + biases[labels]
    true_logits = true_logits - jnp.log(true_count)
    sampled_logits = inputs @ weights[sampled].T + biases[sampled]
    sampled_logits = sampled_logits - jnp.log(sampled_count)
    hits = labels[:, None] == sampled
    sampled_logits = jnp.where(hits, -jnp.inf, sampled_logits)
    # [batch_size, 1 + num_sampled]
    logits = jnp.column_stack([true_logits, sampled_logits])
    return -jax.nn.log_softmax(logits)[:, 0].mean()


loss, grad = jax.value_and_grad(sampled_softmax)(weights)
weights = weights - learning_rate * grad

print("loss", loss.round(5))
print("weights", weights.round(5))
