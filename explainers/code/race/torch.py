import torch
from torch.nn import functional as F

# [num_classes, dim]
weights = torch.tensor(WEIGHTS, requires_grad=True)
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
optimizer = torch.optim.SGD([weights], lr=LEARNING_RATE)

true_logits = (inputs * weights[labels]).sum(dim=1) + biases[labels]
true_logits = true_logits - true_count.log()
sampled_logits = inputs @ weights[sampled].T + biases[sampled]
sampled_logits = sampled_logits - sampled_count.log()
hits = labels[:, None] == sampled
sampled_logits = sampled_logits.masked_fill(hits, float("-inf"))

# [batch_size, 1 + num_sampled]
logits = torch.column_stack([true_logits, sampled_logits])
loss = F.cross_entropy(logits, torch.zeros_like(labels))
loss.backward()
optimizer.step()

print("loss", loss.detach().numpy().round(5))
print("weights", weights.detach().numpy().round(5))
