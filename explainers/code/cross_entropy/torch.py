import torch
from torch.nn import functional as F

logits = torch.tensor(LOGITS) / TEMPERATURE
label = torch.tensor(LABEL)
label_smoothing = LABEL_SMOOTHING

one_hot = F.one_hot(label, len(logits)).float()
clipped = torch.softmax(logits, dim=-1).clamp(1e-7, 1 - 1e-7)

sparse = F.cross_entropy(logits, label)
dense = F.cross_entropy(logits, one_hot)
smoothed = F.cross_entropy(logits, label, label_smoothing=label_smoothing)
from_probs = F.nll_loss((clipped / clipped.sum()).log(), label)

print("sparse", sparse.numpy().round(5))
print("dense", dense.numpy().round(5))
print("smoothed", smoothed.numpy().round(5))
print("from_probs", from_probs.numpy().round(5))
