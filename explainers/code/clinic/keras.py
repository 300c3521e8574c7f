from keras import losses, ops

# [num_positions, num_classes]
logits = ops.array(LOGITS)
# [num_positions]
labels = ops.array(LABELS)

each = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
mean = losses.SparseCategoricalCrossentropy(from_logits=True)

print("losses", ops.convert_to_numpy(each(labels, logits)).round(5))
print("mean", ops.convert_to_numpy(mean(labels, logits)).round(5))
