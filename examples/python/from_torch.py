# SPDX-License-Identifier: MIT
"""A module of PyTorch runs and streams here, and its weights go back."""
import sys

import numpy as np

import rnnc

try:
    import torch
except ImportError:
    print("PyTorch is not here")
    sys.exit(77)

# [module]
module = torch.nn.Sequential(
    torch.nn.Embedding(50, 16),
    torch.nn.GRU(16, 32, num_layers=2, batch_first=True),
    torch.nn.Linear(32, 50))
net = rnnc.from_torch(module)
# [module]

# [same]
words = np.array([[3, 1, 4, 1, 5], [9, 2, 6, 0, 0]])
run = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.output]), net.weights)
run.input(net.input, rnnc.Sequence(words, [5, 3]))
run.forward()
ours = run.get(net.output)
# [same]

embed, gru, linear = module
theirs = linear(gru(embed(torch.from_numpy(words)))[0]).detach().numpy()
assert np.abs(ours[0] - theirs[0]).max() < 1e-5
assert np.abs(ours[1, :3] - theirs[1, :3]).max() < 1e-5

# [back]
net.weights["2.bias"] = np.zeros(50)
state = rnnc.to_torch(net, module)
# [back]
assert not module[2].bias.detach().numpy().any()
print(len(state), "tensors back")
