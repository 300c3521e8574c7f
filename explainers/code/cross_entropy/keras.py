from keras import losses, ops

logits = ops.array([LOGITS]) / TEMPERATURE  # [batch_size, num_classes]
labels = ops.array([LABEL])  # [batch_size]
label_smoothing = LABEL_SMOOTHING

one_hot = ops.one_hot(labels, logits.shape[-1])
probs = ops.convert_to_numpy(ops.softmax(logits))

sparse = losses.SparseCategoricalCrossentropy(from_logits=True)
dense = losses.CategoricalCrossentropy(from_logits=True)
smoothed = losses.CategoricalCrossentropy(
    from_logits=True,
    label_smoothing=label_smoothing,
)
from_probs = losses.SparseCategoricalCrossentropy(from_logits=False)

print("sparse", ops.convert_to_numpy(sparse(labels, logits)).round(5))
print("dense", ops.convert_to_numpy(dense(one_hot, logits)).round(5))
print("smoothed", ops.convert_to_numpy(smoothed(one_hot, logits)).round(5))
print("from_probs", ops.convert_to_numpy(from_probs(labels, probs)).round(5))
