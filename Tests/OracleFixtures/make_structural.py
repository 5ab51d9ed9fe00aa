"""structural.json: losses, gradients and one optimiser step of the network regressions with instruments, by PyTorch.

Rows, small networks and their parameters are given; which rows train and which half they belong to, and DeepIV's draws,
are made here a second time by a Philox generator of its own. DFIV's regressions are solved inside the graph, so that
PyTorch differentiates through them; its gradients are checked by central differences along a random direction too.
"""

import numpy as np
import torch
from fixture import assert_close, write
from make_networks import ACTIVATIONS, Network, OptimisticAdam, mixture_density
from philox import integer, philox

ACTIVATIONS["leaky"] = lambda v: torch.nn.functional.leaky_relu(v, 0.01)
SEED = 5
PARTS_STREAM, DRAWS_STREAM = 42, 44
ROWS, COVARIATES, INSTRUMENTS = 60, 2, 2
WIDTHS = (6, 5)


def data():
    random = np.random.default_rng(11)
    x = random.normal(size=(ROWS, COVARIATES))
    z = random.dirichlet(np.ones(INSTRUMENTS), size=ROWS)
    u = random.normal(size=ROWS)
    t = z[:, 0] * x[:, 0] - z[:, 1] * x[:, 1] + 0.5 * u
    y = np.sin(t) + 0.5 * x[:, 0] + u
    weights = random.uniform(0.5, 2, size=ROWS)
    return {"y": y, "t": t, "x": x, "z": z, "weights": weights / weights.mean()}


RAW = data()
PART = np.array([integer(5, row, 0, SEED, PARTS_STREAM) for row in range(ROWS)])
HALF = np.array([integer(10, row, 0, SEED, PARTS_STREAM) % 2 for row in range(ROWS)])
Y, T, X, Z = (torch.tensor(RAW[name]) for name in "ytxz")
W = torch.tensor(RAW["weights"])
TRAINING = PART > 0


def structural(t, x):
    return torch.cat([t[:, None], x], 1)


def dense(widths, inputs, outputs, activation, random):
    return Network(inputs, [["dense", width, activation] for width in widths] + [["dense", outputs, "identity"]], random)


def flat(networks, value=lambda p: p.data):
    return np.concatenate([network.flat(value) for network in networks])


def adam(networks, rate, betas=(0.9, 0.999), decay=0.0):
    return torch.optim.Adam([p for n in networks for p in n.parameters()], lr=rate, betas=betas, weight_decay=decay)


def record(networks, loss, optimizer, gradient_of=None, descend=None):
    """One step on `loss()`; `gradient_of` where the gradient is another expression's than the loss's."""
    parameters = [p for n in networks for p in n.parameters()]
    for parameter in parameters:
        parameter.grad = None
    start, value = flat(networks), loss()
    (value if gradient_of is None else gradient_of()).backward()
    if descend is not None:
        descend()
    gradient = flat(networks, lambda p: p.grad)
    optimizer.step()
    return {"start": start, "loss": value.item(), "gradient": gradient, "parameters": flat(networks)}


def mean(values, rows=TRAINING):
    return (W[rows] * values).sum() / rows.sum()


def nn2sls(random):
    """The second stage; the first is `regression`."""
    first = dense(WIDTHS, COVARIATES + INSTRUMENTS, 1, "relu", random)
    g = dense(WIDTHS, 1 + COVARIATES, 1, "relu", random)
    inputs = torch.cat([X, Z], 1)
    stage = record([first], lambda: mean((first(inputs)[TRAINING, 0] - T[TRAINING]) ** 2), adam([first], 3e-3))
    with torch.no_grad():
        fitted = first(inputs)[:, 0]
    return {"first": stage, "firstNetwork": flat([first]),
            "second": record([g], lambda: mean((Y - g(structural(fitted, X))[:, 0])[TRAINING] ** 2), adam([g], 3e-3))}


def one_siv(random):
    first = dense(WIDTHS, COVARIATES + INSTRUMENTS, 1, "relu", random)
    g = dense(WIDTHS, 1 + COVARIATES, 1, "relu", random)

    def loss():
        fitted = first(torch.cat([X, Z], 1))[:, 0]
        outcome = (Y - g(structural(fitted, X))[:, 0]) ** 2
        return mean((0.3 * outcome + 1.0 * (T - fitted) ** 2)[TRAINING])

    return record([first, g], loss, adam([first, g], 3e-3))


def uniforms(row, draw):
    words = philox([draw, DRAWS_STREAM, row, 0], [SEED, 0])
    return [((words[i] | words[i + 1] << 32) >> 11) * 2.0**-53 for i in (0, 2)]


def conditional_draw(outputs, row, draw):
    """A draw of a mixture of normal densities from the network's outputs."""
    count = len(outputs) // 3
    shares = np.exp(outputs[:count] - outputs[:count].max())
    remaining, k = uniforms(row, 2 * draw)[0] * shares.sum(), 0
    while remaining >= shares[k]:
        remaining -= shares[k]
        k += 1
    first, second = uniforms(row, 2 * draw + 1)
    normal = np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * second)
    return outputs[count + k] + np.exp(outputs[2 * count + k]) * normal


def deep_iv(random, components=3, judging_pairs=2):
    density = dense(WIDTHS, COVARIATES + INSTRUMENTS, 3 * components, "relu", random)
    g = dense(WIDTHS, 1 + COVARIATES, 1, "relu", random)
    inputs = torch.cat([X, Z], 1)
    stage = record(
        [density], lambda: mixture_density(density(inputs)[TRAINING], T[TRAINING, None], W[TRAINING]),
        adam([density], 3e-3))
    with torch.no_grad():
        outputs = density(inputs).numpy()
    # The first step's pair comes after those that judge.
    draws = [torch.tensor([conditional_draw(outputs[row], row, 2 * judging_pairs + i) for row in range(ROWS)])
             for i in (0, 1)]

    def factors():
        return [(Y - g(structural(t, X))[:, 0])[TRAINING] for t in draws]

    def product():
        first, second = factors()
        return mean(first * second)

    def gradient():
        first, second = factors()
        return mean(2 * first.detach() * second)

    return {"density": stage, "densityNetwork": flat([density]), "draws": torch.stack(draws).numpy(),
            "response": record([g], product, adam([g], 3e-3), gradient)}


def agmm(random, mu=1e-3, lam=1e-4):
    g = dense(WIDTHS, 1 + COVARIATES, 1, "leaky", random)
    f = dense(WIDTHS, COVARIATES + INSTRUMENTS, 1, "leaky", random)

    def value():
        residual, moment = (Y - g(structural(T, X))[:, 0])[TRAINING], f(torch.cat([X, Z], 1))[TRAINING, 0]
        return mean((residual - moment) * moment)

    def ascend():
        """f climbs; both shrink."""
        for parameter in f.parameters():
            parameter.grad.neg_()
        for network, decay in ((g, mu), (f, lam)):
            for parameter in network.parameters():
                parameter.grad.add_(decay * parameter.data)

    optimizer = OptimisticAdam([*g.parameters(), *f.parameters()], 3e-4, (0.0, 0.01), 1e-8, 0.0)
    return record([g, f], value, optimizer, descend=ascend)


def deep_gmm(random):
    g = dense(WIDTHS, 1 + COVARIATES, 1, "tanh", random)
    f = dense(WIDTHS, COVARIATES + INSTRUMENTS, 1, "tanh", random)
    rates = (5e-4, 2.5e-3)
    optimizers = [OptimisticAdam(n.parameters(), rate, (0.5, 0.9), 1e-8, 0.0) for n, rate in zip((g, f), rates)]

    def residual():
        return (Y - g(structural(T, X))[:, 0])[TRAINING]

    def moment():
        return f(torch.cat([X, Z], 1))[TRAINING, 0]

    with torch.no_grad():
        fixed = residual()
    structural_step = record([g], lambda: mean(moment().detach() * residual()), optimizers[0])
    dual = record([f], lambda: mean((moment() * fixed) ** 2 / 4 - moment() * fixed), optimizers[1])
    return {"structural": structural_step, "dual": dual}


def with_one(columns):
    return torch.cat([torch.ones(len(columns), 1), columns], 1)


def ridge(features, targets, weights, penalty):
    square = features.T @ (weights[:, None] * features) + penalty * weights.sum() * torch.eye(features.shape[1])
    coefficients = torch.linalg.solve(square, features.T @ (weights[:, None] * targets))
    residual = targets - features @ coefficients
    loss = (weights[:, None] * residual**2).sum() / weights.sum() + penalty * (coefficients**2).sum()
    return coefficients, loss


def dfiv(random, penalty=1e-2):
    def features(inputs, outputs):
        return Network(inputs, [["dense", 6, "tanh"], ["dense", outputs, "tanh"]], random)

    phi, xi, psi = features(COVARIATES + INSTRUMENTS, 4), features(COVARIATES, 3), features(1, 2)
    one, two = TRAINING & (HALF == 0), TRAINING & (HALF == 1)

    def stage1():
        return ridge(with_one(phi(torch.cat([X, Z], 1)[one])), psi(T[one, None]), W[one], penalty)

    def products(treatment, x):
        return (with_one(treatment)[:, :, None] * with_one(xi(x))[:, None, :]).flatten(1)

    def stage2():
        fitted = with_one(phi(torch.cat([X, Z], 1)[two])) @ stage1()[0]
        return ridge(products(fitted, X[two]), Y[two, None], W[two], penalty)

    def checked(network, loss):
        direction = [torch.tensor(np.random.default_rng(5).normal(size=tuple(p.shape))) for p in network.parameters()]

        def shifted(step):
            for parameter, change in zip(network.parameters(), direction):
                parameter.data += step * change
            value = loss().item()
            for parameter, change in zip(network.parameters(), direction):
                parameter.data -= step * change
            return value

        difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6
        result = record([network], loss, adam([network], 1e-3))
        slope = sum((p.grad * change).sum() for p, change in zip(network.parameters(), direction))
        assert_close(slope.item(), difference, 1e-7, "a derivative through the ridge regressions")
        return result

    start = {"phi": flat([phi]), "xi": flat([xi]), "psi": flat([psi])}
    steps = {"instruments": checked(phi, lambda: stage1()[1])}
    steps["covariates"] = checked(xi, lambda: stage2()[1])
    steps["treatment"] = checked(psi, lambda: stage2()[1])
    with torch.no_grad():
        v = stage1()[0]
        u = stage2()[0]
        judged = PART == 0
        fitted = with_one(phi(torch.cat([X, Z], 1)[judged])) @ v
        residual = Y[judged] - (products(fitted, X[judged]) @ u)[:, 0]
        judgement = (W[judged] * residual**2).sum() / W[judged].sum()
        g = (products(psi(T[:, None]), X) @ u)[:, 0]
    return {"networks": start, **steps, "judgement": judgement.item(), "g": g.numpy()}


def main():
    random = np.random.default_rng(7)
    write("structural.json", {
        **RAW, "seed": SEED, "widths": WIDTHS, "training": np.flatnonzero(TRAINING),
        "nn2sls": nn2sls(random), "oneSIV": one_siv(random), "deepIV": deep_iv(random), "agmm": agmm(random),
        "deepGMM": deep_gmm(random), "dfiv": dfiv(random),
    }, packages=("numpy", "torch"))


if __name__ == "__main__":
    main()
