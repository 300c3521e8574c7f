from keras import ops

logits = ops.array(LOGITS)
temperature = TEMPERATURE

probs = ops.softmax(logits / temperature)
log_probs = ops.log_softmax(logits / temperature)
logsumexp = ops.logsumexp(logits / temperature)

print("probs", ops.convert_to_numpy(probs).round(5))
print("log_probs", ops.convert_to_numpy(log_probs).round(5))
print("logsumexp", ops.convert_to_numpy(logsumexp).round(5))
