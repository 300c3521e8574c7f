import torch
from torch.nn import functional as F

logits = torch.tensor(LOGITS)
probs = F.one_hot(logits.argmax(), len(logits)).float()
print("probs", probs.numpy())
