import keras
from keras import ops

# [batch_size, num_steps, num_classes]
logits = ops.array(LOGITS)
# [batch_size, num_steps]
labels = ops.array(LABELS)
temperature = TEMPERATURE

cross_entropy = keras.losses.SparseCategoricalCrossentropy(
    from_logits=True,
    reduction=None,
)
losses = cross_entropy(labels, logits / temperature)

print("losses", ops.convert_to_numpy(losses).round(5))
print("mean", ops.convert_to_numpy(ops.mean(losses)).round(5))
