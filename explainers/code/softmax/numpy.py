import numpy as np

logits = np.array(LOGITS)
temperature = TEMPERATURE

scaled = logits / temperature
shifted = scaled - scaled.max()
exps = np.exp(shifted)
probs = exps / exps.sum()
log_probs = shifted - np.log(exps.sum())
logsumexp = scaled.max() + np.log(exps.sum())

print("probs", probs.round(5))
print("log_probs", log_probs.round(5))
print("logsumexp", logsumexp.round(5))
