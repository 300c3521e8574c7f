import torch
from torch.nn import functional as F

logits = torch.tensor(LOGITS, requires_grad=True)
label = torch.tensor(LABEL)
temperature = TEMPERATURE

loss = F.cross_entropy(logits / temperature, label)
loss.backward()

print("loss", loss.detach().numpy().round(5))
print("grad", logits.grad.numpy().round(5))
