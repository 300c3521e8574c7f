import numpy as np

logits = np.array(LOGITS)
probs = np.eye(len(logits))[logits.argmax()]
print("probs", probs)
