"""networks.json: losses, gradients and optimiser steps of feed-forward networks by PyTorch, in Float64.

Parameters are flat in the layout of the program: a dense layer is [outputs, 1 + inputs] by rows, the constant first;
batch normalisation its scales, then its shifts. Dropout's masks are made here a second time, by a Philox generator of
its own. Gradients are checked by central differences along a random direction.
"""

import numpy as np
import torch
from fixture import assert_close, write
from philox import philox

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
DROPOUT_STREAM = 34
ACTIVATIONS = {
    "identity": lambda v: v, "tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid,
    "leakyRelu": lambda v: torch.nn.functional.leaky_relu(v, 0.1),
}


def mask(rows, features, rate, seed, step, first, draws):
    """0 or 1 / (1 - rate), rows x features; the layer's draws start at `first` of the network's `draws`."""
    threshold = int(rate * 2**32)
    words = [[philox([step * draws + first + f // 4, DROPOUT_STREAM, row, 0], [seed, 0])[f % 4]
              for f in range(features)] for row in rows]
    return torch.tensor(np.where(np.array(words) < threshold, 0.0, 1 / (1 - rate)))


class Network:
    """Layers: ["dense", outputs, activation], ["normalization", activation], ["dropout", rate]."""

    def __init__(self, inputs, layers, random):
        self.layers, self.modules, self.blocks = layers, [], []
        width = inputs
        for kind, *settings in layers:
            module = None
            if kind == "dense":
                module = torch.nn.Linear(width, settings[0])
                width = settings[0]
            elif kind == "normalization":
                module = torch.nn.BatchNorm1d(width)
            else:
                self.blocks.append((width, settings[0]))
            if module is not None:
                for parameter in module.parameters():
                    parameter.data = torch.tensor(random.normal(size=tuple(parameter.shape)) / np.sqrt(width))
                self.modules.append(module)
            else:
                self.modules.append(None)

    def __call__(self, x, masks=()):
        masks = iter(masks)
        for (kind, *settings), module in zip(self.layers, self.modules):
            if kind == "dropout":
                x = x * next(masks) if self.training else x
            else:
                x = ACTIVATIONS[settings[-1]](module(x))
        return x

    training = True

    def train(self, on):
        self.training = on
        for module in filter(None, self.modules):
            module.train(on)

    def parameters(self):
        return [parameter for module in filter(None, self.modules) for parameter in module.parameters()]

    def flat(self, value=lambda parameter: parameter.data):
        """Parameters, or their gradients, in the program's layout."""
        parts = []
        for module in filter(None, self.modules):
            if isinstance(module, torch.nn.Linear):
                parts.append(torch.cat([value(module.bias)[:, None], value(module.weight)], 1).flatten())
            else:
                parts += [value(module.weight), value(module.bias)]
        return torch.cat(parts).detach().numpy().copy()

    def normalizations(self):
        return [module for module in self.modules if isinstance(module, torch.nn.BatchNorm1d)]

    def masks(self, rows, seed, step):
        counts = [(width + 3) // 4 for width, _ in self.blocks]
        return [mask(rows, width, rate, seed, step, sum(counts[:i]), sum(counts))
                for i, (width, rate) in enumerate(self.blocks)]


class OptimisticAdam:
    """Algorithm 1 of Daskalakis et al. (2018)."""

    def __init__(self, parameters, rate, betas, epsilon, decay):
        self.parameters, self.rate, self.betas, self.epsilon, self.decay = parameters, rate, betas, epsilon, decay
        self.state = [[torch.zeros_like(p), torch.zeros_like(p), torch.zeros_like(p)] for p in parameters]
        self.count = 0

    def step(self):
        self.count += 1
        (b1, b2), s = self.betas, self.count
        for p, state in zip(self.parameters, self.state):
            g = p.grad + self.decay * p.data
            state[0] = b1 * state[0] + (1 - b1) * g
            state[1] = b2 * state[1] + (1 - b2) * g * g
            new = (state[0] / (1 - b1**s)) / (torch.sqrt(state[1] / (1 - b2**s)) + self.epsilon)
            p.data += -2 * self.rate * new + self.rate * state[2]
            state[2] = new


def squared(output, target, weight):
    return (weight[:, None] * (output - target) ** 2).sum() / len(output)


def mixture_density(output, target, weight):
    logits, means, logs = output.chunk(3, dim=1)
    density = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=logits), torch.distributions.Normal(means, torch.exp(logs)))
    return -(weight * density.log_prob(target[:, 0])).sum() / len(output)


def softmax(output, target, weight):
    return (weight * torch.nn.functional.cross_entropy(output, target[:, 0].long(), reduction="none")).sum() / len(output)


def gradient_step(network, loss, x, target, weight, masks):
    """The loss with its gradients in the network and in x left behind, checked by central differences."""
    for parameter in network.parameters():
        parameter.grad = None
    x.grad = None
    buffers = [{k: v.clone() for k, v in n.state_dict().items()} for n in network.normalizations()]
    direction = [torch.tensor(np.random.default_rng(5).normal(size=tuple(p.shape))) for p in network.parameters()]

    def shifted(step):
        for parameter, change in zip(network.parameters(), direction):
            parameter.data += step * change
        value = loss(network(x, masks), target, weight).item()
        for parameter, change in zip(network.parameters(), direction):
            parameter.data -= step * change
        return value

    difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6
    for module, state in zip(network.normalizations(), buffers):
        module.load_state_dict(state)
    value = loss(network(x, masks), target, weight)
    value.backward()
    slope = sum((p.grad * change).sum().item() for p, change in zip(network.parameters(), direction))
    assert_close(difference, slope, 1e-6, "a central difference")
    return value.item()


def case(inputs, layers, loss, rows, targets, optimizer, optimistic=False, steps=3, seed=17):
    random = np.random.default_rng(4)
    network = Network(inputs, layers, random)
    x = torch.tensor(random.normal(size=(rows, inputs)), requires_grad=True)
    target = random.integers(0, layers[-1][1], (rows, 1)) if loss is softmax else random.normal(size=(rows, targets))
    target = torch.tensor(target, dtype=torch.float64)
    weight = torch.tensor(random.uniform(0.2, 2, size=rows))
    identifiers = random.integers(0, 2**31, size=rows)
    if optimistic:
        descent = OptimisticAdam(network.parameters(), *optimizer)
    else:
        rate, betas, epsilon, decay = optimizer
        descent = torch.optim.Adam(network.parameters(), lr=rate, betas=betas, eps=epsilon, weight_decay=decay)
    start, trace = network.flat(), []
    for step in range(steps):
        masks = network.masks(identifiers.tolist(), seed, step)
        with torch.no_grad():
            state = [{k: v.clone() for k, v in n.state_dict().items()} for n in network.normalizations()]
            outputs = network(x, masks).numpy().copy()
            for module, old in zip(network.normalizations(), state):
                module.load_state_dict(old)
        value = gradient_step(network, loss, x, target, weight, masks)
        record = {"loss": value, "gradient": network.flat(lambda p: p.grad)}
        if step == 0:
            record |= {"outputs": outputs, "inputGradient": x.grad.numpy().copy()}
        descent.step()
        record["parameters"] = network.flat()
        record["runningMeans"] = np.concatenate([[]] + [n.running_mean.numpy() for n in network.normalizations()])
        record["runningVariances"] = np.concatenate([[]] + [n.running_var.numpy() for n in network.normalizations()])
        trace.append(record)
    network.train(False)
    with torch.no_grad():
        used = network(x).numpy()
    return {"inputs": inputs, "layers": layers, "x": x.detach().numpy(), "targets": target.numpy(),
            "weights": weight.numpy(), "rowIdentifiers": identifiers, "seed": seed, "isOptimistic": optimistic,
            "optimizer": [optimizer[0], *optimizer[1], *optimizer[2:]], "start": start, "steps": trace,
            "evaluation": used}


def meta_em(rows=150, m=3, features=4, groups=2, weight_of_covariates=0.3, steps=4):
    """Eq. (4) of the paper with posteriors for labels and weighted rows: full-batch steps of Adam from given weights."""
    random = np.random.default_rng(6)
    encoder = Network(m, [["dense", 16, "tanh"], ["dense", features, "identity"]], random)
    heads = Network(features, [["dense", groups, "identity"]], random)
    decoder = Network(features, [["dense", 16, "relu"], ["dense", 16, "relu"], ["dense", m, "identity"]], random)
    networks = [encoder, heads, decoder]
    x, t = torch.tensor(random.normal(size=(rows, m))), torch.tensor(random.normal(size=rows))
    weight = torch.tensor(random.uniform(0.2, 2, size=rows))
    posteriors = torch.tensor(random.dirichlet(np.ones(groups), size=rows))
    descent = torch.optim.Adam([p for network in networks for p in network.parameters()], lr=1e-2)

    def flat():
        return np.concatenate([network.flat() for network in networks])

    start, losses = flat(), []
    for _ in range(steps):
        r = encoder(x)
        treatment = (posteriors * (heads(r) - t[:, None]) ** 2).sum(1)
        covariates = ((decoder(r) - x) ** 2).sum(1)
        loss = (weight * (treatment + weight_of_covariates * covariates)).sum() / rows
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    with torch.no_grad():
        raw = encoder(x).numpy()
    share = weight.numpy() / weight.sum().item()
    centers = share @ raw
    return {"x": x.numpy(), "t": t.numpy(), "weights": weight.numpy(), "posteriors": posteriors.numpy(),
            "lambda": weight_of_covariates, "learningRate": 1e-2, "start": start, "losses": losses, "parameters": flat(),
            "features": (raw - centers) / np.sqrt(share @ (raw - centers) ** 2)}


def main():
    activations = [["dense", 7, "tanh"], ["dense", 6, "leakyRelu"], ["dense", 5, "sigmoid"], ["dense", 6, "relu"],
                   ["dense", 2, "identity"]]
    shared = [["dense", 8, "identity"], ["normalization", "relu"], ["dropout", 0.4], ["dense", 6, "identity"],
              ["normalization", "tanh"], ["dropout", 0.25], ["dense", 2, "identity"]]
    density = [["dense", 8, "relu"], ["dense", 9, "identity"]]
    adam = (1e-2, (0.9, 0.999), 1e-8, 0.03)
    write("networks.json", {
        "activations": case(4, activations, squared, 150, 2, adam),
        "optimistic": case(4, activations, squared, 150, 2, (1e-2, (0.5, 0.9), 1e-8, 1e-3), optimistic=True),
        "shared": case(5, shared, squared, 150, 2, adam),
        "mixtureDensity": case(3, density, mixture_density, 140, 1, adam),
        "softmax": case(3, [["dense", 8, "tanh"], ["dense", 4, "identity"]], softmax, 140, 1, adam),
        "metaEM": meta_em(),
    }, packages=("numpy", "torch"))


if __name__ == "__main__":
    main()
