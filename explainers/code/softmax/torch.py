import torch

logits = torch.tensor(LOGITS)
temperature = TEMPERATURE

probs = torch.softmax(logits / temperature, dim=-1)
log_probs = torch.log_softmax(logits / temperature, dim=-1)
logsumexp = torch.logsumexp(logits / temperature, dim=-1)

print("probs", probs.numpy().round(5))
print("log_probs", log_probs.numpy().round(5))
print("logsumexp", logsumexp.numpy().round(5))
