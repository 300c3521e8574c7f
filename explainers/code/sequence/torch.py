import torch
from torch.nn import functional as F

# [batch_size, num_steps, num_classes]
logits = torch.tensor(LOGITS)
# [batch_size, num_steps]
labels = torch.tensor(LABELS)
temperature = TEMPERATURE

losses = F.cross_entropy(
    (logits / temperature).transpose(1, 2),  # [batch_size, num_classes, num_steps]
    labels,
    reduction="none",
)

print("losses", losses.numpy().round(5))
print("mean", losses.mean().numpy().round(5))
