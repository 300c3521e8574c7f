import torch
from torch.nn import functional as F

# [num_classes, dim]
weights = torch.tensor(WEIGHTS)
# [num_classes]
biases = torch.tensor(BIASES)
# [batch_size, dim]
inputs = torch.tensor(INPUTS)
# [batch_size]
labels = torch.tensor(LABELS)
# [num_sampled]
sampled = torch.tensor(SAMPLED)
# [batch_size], [num_sampled]
true_count = torch.tensor(TRUE_COUNT)
sampled_count = torch.tensor(SAMPLED_COUNT)

true_logits = (inputs * weights[labels]).sum(dim=1) + biases[labels]
true_logits = true_logits - true_count.log()
sampled_logits = inputs @ weights[sampled].T + biases[sampled]
sampled_logits = sampled_logits - sampled_count.log()

# [batch_size, 1 + num_sampled]
logits = torch.column_stack([true_logits, sampled_logits])
is_data = torch.zeros_like(logits)
is_data[:, 0] = 1
each = F.binary_cross_entropy_with_logits(logits, is_data, reduction="none")
losses = each.sum(dim=1)

print("losses", losses.numpy().round(5))
