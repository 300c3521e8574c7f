import torch
from torch.nn import functional as F

# [batch_size, num_steps, num_classes]
logits = torch.tensor(LOGITS)
# [batch_size, num_steps]
labels = torch.tensor(LABELS)
temperature = TEMPERATURE

# [batch_size, num_classes, num_steps]
transposed = (logits / temperature).transpose(1, 2)
losses = F.cross_entropy(transposed, labels, reduction="none")

print("losses", losses.numpy().round(5))
print("mean", losses.mean().numpy().round(5))
