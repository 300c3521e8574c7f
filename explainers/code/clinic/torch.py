import torch
from torch.nn import functional as F

# [num_positions, num_classes]
logits = torch.tensor(LOGITS)
# [num_positions]
labels = torch.tensor(LABELS)

losses = F.cross_entropy(logits, labels, reduction="none")
mean = F.cross_entropy(logits, labels)

print("losses", losses.numpy().round(5))
print("mean", mean.numpy().round(5))
