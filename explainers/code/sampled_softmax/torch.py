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
hits = (labels[:, None] == sampled) & REMOVE_ACCIDENTAL_HITS
sampled_logits = sampled_logits.masked_fill(hits, float("-inf"))

# [batch_size, 1 + num_sampled]
logits = torch.column_stack([true_logits, sampled_logits])
true_column = torch.zeros_like(labels)
losses = F.cross_entropy(logits, true_column, reduction="none")

print("losses", losses.numpy().round(5))
