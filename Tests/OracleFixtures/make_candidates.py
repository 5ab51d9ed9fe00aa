"""candidates.json: instruments made of candidates. Losses and gradients of AutoIV by PyTorch in Float64, with the
parameters flat in the layout of the program; weights of the others by numpy."""

import numpy as np
import torch
from fixture import assert_close, write

torch.set_default_dtype(torch.float64)
HIDDEN, WIDTH = 16, 0.1
SHAPES = {"z": (3, 1), "c": (3, 1), "tz": (1, 2), "yz": (1, 2), "tc": (1, 2), "yc": (1, 2), "cz": (1, 2),
          "t": (2, 1), "y": (2, 1)}


def networks(flat):
    """By name: a function of inputs [n, inputs]."""
    found, place = {}, 0
    for name, (inputs, outputs) in SHAPES.items():
        first = flat[place:place + HIDDEN * (1 + inputs)].reshape(HIDDEN, 1 + inputs)
        place += first.numel()
        second = flat[place:place + outputs * (1 + HIDDEN)].reshape(outputs, 1 + HIDDEN)
        place += second.numel()

        def network(a, first=first, second=second):
            hidden = torch.nn.functional.elu(first[:, 0] + a @ first[:, 1:].T)
            return second[:, 0] + hidden @ second[:, 1:].T
        found[name] = network
    assert place == flat.numel()
    return found


def log_density(network, a, b):
    mean, raw = network(a).T
    return torch.distributions.Normal(mean, torch.exp(torch.tanh(raw) / 2)).log_prob(b[:, 0])


def losses(flat, frozen, x, t, y, partners):
    """The three phases; the parts that a phase does not move are those of `frozen`."""
    own, held = networks(flat), networks(frozen)
    z, c = held["z"](x), held["c"](x)
    densities = -sum(log_density(own[q], a, b).mean() for q, a, b in [
        ("tz", z, t), ("yz", z, y), ("tc", c, t), ("yc", c, y), ("cz", z, c)])
    z, c = own["z"](x), own["c"](x)

    def bound(q, a, b, weights=None):
        difference = log_density(held[q], a, b) - log_density(held[q], a, b[partners])
        return difference.mean() if weights is None else (weights * difference).sum()
    near = torch.softmax(torch.exp(-((t - t[partners]) ** 2)[:, 0] / (2 * WIDTH ** 2)), 0)
    information = (-bound("tz", z, t) - bound("tc", c, t) - bound("yc", c, y) + bound("yz", z, y, near)
                   + bound("cz", z, c))
    first = own["t"](torch.cat([z, c], 1))
    second = own["y"](torch.cat([first, c], 1))
    stages = ((t - first) ** 2).mean() + ((y - second) ** 2).mean()
    return {"densities": densities, "information": information, "stages": stages}


def auto():
    random = np.random.default_rng(5)
    n = 150
    x = torch.tensor(random.normal(size=(n, 3)))
    t = (x[:, :1] - x[:, 1:2] / 2 + torch.tensor(random.normal(size=(n, 1)))) / 1.5
    y = (t ** 2 / 2 + x[:, 2:] + torch.tensor(random.normal(size=(n, 1)))) / 2
    partners = random.permutation(n)
    count = sum(HIDDEN * (1 + i) + o * (1 + HIDDEN) for i, o in SHAPES.values())
    start = torch.tensor(np.round(random.normal(size=count) * 0.4, 3))
    phases = {}
    for name in ["densities", "information", "stages"]:
        flat = start.clone().requires_grad_()
        loss = losses(flat, start, x, t, y, partners)[name]
        loss.backward()
        direction = torch.tensor(random.normal(size=count))
        ends = [losses(start + h * direction, start, x, t, y, partners)[name].item() for h in (1e-5, -1e-5)]
        assert_close((ends[0] - ends[1]) / 2e-5, (flat.grad * direction).sum().item(), 1e-6, name)
        phases[name] = {"loss": loss.item(), "gradient": flat.grad.numpy()}
    return {"candidates": x.numpy().T, "t": t.numpy()[:, 0], "y": y.numpy()[:, 0], "partners": partners,
            "parameters": start.numpy(), "phases": phases}


def combined():
    """Foreign candidates w beside covariates x, with row weights: the shares of `was` and the choice of `mode`."""
    random = np.random.default_rng(6)
    n, count = 400, 5
    x = np.round(random.normal(size=(n, 2)), 4)
    w = np.round(random.normal(size=(n, count)) + 0.3 * x[:, :1], 4)
    u = random.normal(size=n)
    t = np.round(w @ [0.9, 0.5, 0.7, 0.6, 0.4] + x[:, 0] + u + random.normal(size=n), 4)
    # The last two move y directly.
    y = np.round(1.5 * t + x[:, 1] - u + w @ [0, 0, 0, 2.0, -1.5] + 0.3 * random.normal(size=n), 4)
    weights = np.round(random.uniform(0.5, 1.5, n), 3)
    weights *= n / weights.sum()

    def covariance(a, b):
        a, b = a - np.average(a, weights=weights), b - np.average(b, weights=weights)
        return (weights * a * b).sum() / n
    correlations = np.array([covariance(w[:, j], t) / np.sqrt(covariance(w[:, j], w[:, j]) * covariance(t, t))
                             for j in range(count)])
    root = np.sqrt(weights)
    controls = np.column_stack([np.ones(n), x]) * root[:, None]

    def left(column):
        return column * root - controls @ np.linalg.lstsq(controls, column * root, rcond=None)[0]
    estimates = np.array([left(w[:, j]) @ left(y) / (left(w[:, j]) @ left(t)) for j in range(count)])
    order = np.argsort(estimates)
    window = (count + 1) // 2
    spans = [estimates[order[i + window - 1]] - estimates[order[i]] for i in range(count - window + 1)]
    mode = order[int(np.argmin(spans)) + window // 2]
    return {"x": x.T, "w": w.T, "t": t, "y": y, "weights": weights, "was": correlations / correlations.sum(),
            "estimates": estimates, "mode": int(mode)}


write("candidates.json", {"auto": auto(), "combined": combined()}, ["numpy", "torch"])
