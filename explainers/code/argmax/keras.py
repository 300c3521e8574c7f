from keras import ops

logits = ops.array(LOGITS)
probs = ops.one_hot(ops.argmax(logits), len(logits))
print("probs", ops.convert_to_numpy(probs))
