import numpy as np

logits = np.array(LOGITS)
label = LABEL
temperature = TEMPERATURE

shifted = (logits - logits.max()) / temperature
probs = np.exp(shifted) / np.exp(shifted).sum()
one_hot = np.eye(len(logits))[label]

loss = np.log(np.exp(shifted).sum()) - shifted[label]
grad = (probs - one_hot) / temperature

print("loss", loss.round(5))
print("grad", grad.round(5))
