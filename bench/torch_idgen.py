"""Training of a conditional model in PyTorch, one thread: what `giv-dist benchmark idgen --model` is held against.

usage: torch_idgen.py mixture|flow [--width 64] [--steps N]

The same network, minibatches, precision and optimiser: a mixture of 6 normal laws of a number given another by two layers of
48 tanh, or the flow of a vector given another by two layers of 256 leaky rectifiers. Rows are picked from tensors in memory,
without a data loader. Prints {"trainingPerRow": {..}} as JSON. Needs PyTorch, which `make setup` leaves out for its size:
pip install torch==2.13.0.
"""
import argparse
import json
import math

import torch

from numpy_idgen import times

BATCH, COMPONENTS, FREQUENCIES = 256, 6, 4


def network(widths, activation):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]): layers += [torch.nn.Linear(inputs, outputs), activation]
    return torch.nn.Sequential(*layers[:-1])


def mixture_loss(out, y):
    shares, means, logs = out.split(COMPONENTS, 1)
    z = (y - means) / logs.exp()
    return -torch.logsumexp(torch.log_softmax(shares, 1) - logs - z**2 / 2 - math.log(2 * math.pi) / 2, 1).mean()


def flow_input(x, y):
    """The input of the network, and what it is to give."""
    time, noise = torch.rand(len(y), 1, dtype=y.dtype), torch.randn_like(y)
    angles = math.pi * 2. ** torch.arange(FREQUENCIES, dtype=y.dtype) * time
    return torch.cat([(1 - time) * noise + time * y, time, angles.sin(), angles.cos(), x], 1), y - noise


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=["mixture", "flow"])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    is_flow = arguments.model == "flow"
    width, steps = arguments.width if is_flow else 1, arguments.steps or (200 if is_flow else 1000)
    n = steps * BATCH
    x = torch.randn(n, width)
    y = x + torch.randn(n, width)

    def train():
        model = (network([width + 1 + 2 * FREQUENCIES + width, 256, 256, width], torch.nn.LeakyReLU(.1)) if is_flow
                 else network([1, 48, 48, 3 * COMPONENTS], torch.nn.Tanh()))
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        order = torch.randperm(n)
        for step in range(steps):
            own = order[step * BATCH:(step + 1) * BATCH]
            for group in optimizer.param_groups: group["lr"] = 3e-3 * (1 + math.cos(math.pi * step / steps)) / 2
            if is_flow:
                inputs, target = flow_input(x[own], y[own])
                loss = ((model(inputs) - target)**2).mean()
            else:
                loss = mixture_loss(model(x[own]), y[own])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    print(json.dumps({"trainingPerRow": times(train, n)}))


if __name__ == "__main__":
    main()
