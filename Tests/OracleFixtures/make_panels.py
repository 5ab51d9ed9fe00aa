"""panels.json: synthetic interventions of small panels by dense numpy and scipy: SVD of the donors' outcomes, pivoted QR, lstsq.

Every target is answered from the rows of its donors, every donor left out by fitting its arm again, and on the subspace of
all by least-norm weights. No Gram matrices, no update formulas. Weights of least norm are checked against the closed form.
"""

import numpy as np
from fixture import assert_close, write
from scipy import linalg, stats

LEVEL = 0.8
Z = stats.norm.ppf((1 + LEVEL) / 2)


def panel(random, units, periods, arms, metrics=1, factors=3, noise=0.4, shift=0.0):
    """Outcomes [units, periods, metrics] of a factor model, and the arm of each unit."""
    loadings = random.normal(1, 0.7, (units, factors))
    paths = np.cumsum(random.normal(0, 0.5, (periods, factors)), axis=0) + 2
    arm = np.sort(random.permutation(np.arange(units) % arms))
    values = np.empty((units, periods, metrics))
    for m in range(metrics):
        mix = random.normal(1, 0.5, factors)
        values[:, :, m] = (10.0**m) * ((loadings * mix) @ paths.T + noise * random.normal(size=(units, periods)))
    late = np.arange(periods) >= periods * 2 // 3
    values[:, late, 0] += (arm * 1.5)[:, None] + shift * loadings[:, :1] ** 2
    return values, random.permutation(arm) if metrics == 1 else arm


def usvt(s, p, n):
    b = min(p, n) / max(p, n)
    return max(1, min(int((s > (0.56 * b**3 - 0.95 * b**2 + 1.82 * b + 1.43) * np.median(s)).sum()), min(p, n) - 1))


def rank_of(rule, s, p, n):
    if rule == "usvt":
        return usvt(s, p, n)
    if rule.startswith("energy:"):
        share = np.cumsum(s**2) / (s**2).sum()
        return max(1, min(int(np.argmax(share >= float(rule[7:]))) + 1, min(p, n) - 1))
    return max(1, min(int(rule[6:]), min(p, n) - 1))


class Arm:
    """The donors of an arm: X [p, n], Z [q, n] over scales (metrics innermost)."""

    def __init__(self, values, donors, before, after, rule, basis=None):
        self.m = values.shape[2]
        x = values[donors][:, before].reshape(len(donors), -1).T
        z = values[donors][:, after].reshape(len(donors), -1).T
        cells = values[donors][:, before].reshape(-1, self.m)
        self.scale = np.std(cells, axis=0) if self.m > 1 else np.ones(1)
        if basis is not None:
            self.scale = basis.scale
        self.x = x / np.tile(self.scale, len(before))[:, None]
        self.z = z / np.tile(self.scale, len(after))[:, None]
        self.before, self.after = before, after
        self.p, self.n = self.x.shape
        self.t1 = len(after)
        if basis is None:
            self.u, self.s, _ = np.linalg.svd(self.x, full_matrices=False)
            self.k = rank_of(rule, self.s, self.p, self.n)
        else:
            self.u, self.s, self.k = basis.u, basis.s, basis.k
        self.uk = self.u[:, : self.k]
        self.c = self.uk.T @ self.x
        # The projection on the rows of C, by QR.
        self.v = np.linalg.qr(self.c.T)[0]
        self.after_rest = self.z - self.z @ self.v @ self.v.T
        self.before_rest = self.x - self.uk @ self.c if basis is not None else self.u[:, self.k :] @ (
            self.u[:, self.k :].T @ self.x
        )

    def weights(self, y, kind):
        c = self.uk.T @ y
        if kind == "pcr":
            return np.linalg.lstsq(self.c, c, rcond=None)[0]
        chosen = linalg.qr(self.c, pivoting=True)[2][: self.k]
        w = np.zeros(self.n)
        w[chosen] = np.linalg.solve(self.c[:, chosen], c)
        return w

    def cell(self, outcomes, kind):
        """A target [periods, metrics] by metric."""
        y = (outcomes[self.before] / self.scale).ravel()
        w = self.weights(y, kind)
        rest = y - self.uk @ (self.uk.T @ y)
        path = (self.z @ w).reshape(self.t1, self.m)
        df1, df2 = self.p - self.k, self.t1 * (self.n - self.k)
        v1 = rest @ rest / df1
        v3 = (self.before_rest**2).sum() / ((self.p - self.k) * (self.n - self.k))
        result = []
        for m in range(self.m):
            v2 = (self.after_rest[m :: self.m] ** 2).sum() / df2
            zbar = self.z[m :: self.m].mean(0)
            # The gradient of theta in the coordinates.
            b = np.linalg.lstsq(self.c.T, zbar, rcond=None)[0] if kind == "pcr" else None
            unit = self.scale[m]
            w2 = w @ w
            delta = None
            if b is not None:
                error = v2 * w2 / self.t1 + b @ b * (v1 + v3 * w2)
                delta = [Z * unit * np.sqrt(error), Z * unit * np.sqrt(error + v2 / self.t1)]
            pooled = {
                "pooled": (df1 * v1 + df2 * v2) / (df1 + df2),
                "published": (df2 * v1 + df1 * v2) / (df1 + df2),
                "target": v1,
                "donors": v2,
            }
            half = {
                name: [Z * unit * np.sqrt(s * w2 / self.t1), Z * unit * np.sqrt(s * (1 + w2) / self.t1)]
                for name, s in pooled.items()
            }
            result.append(
                dict(
                    estimate=unit * path[:, m].mean(), path=unit * path[:, m], weightNorm=np.sqrt(w2), delta=delta,
                    published=half, preRMSE=unit * np.sqrt(rest @ rest / self.p), rank=self.k,
                    parts=dict(v1=unit**2 * v1, v2=unit**2 * v2, v3=unit**2 * v3, b=None if b is None else self.uk @ b, w2=w2),
                )
            )
        return result, w

    def rank_path(self, outcomes, m=0):
        y = (outcomes[self.before] / self.scale).ravel()
        u, s, vt = np.linalg.svd(self.x, full_matrices=False)
        zbar = self.z[m :: self.m].mean(0)
        c = u.T @ y
        return [self.scale[m] * zbar @ vt[:k].T @ (c[:k] / s[:k]) for k in range(1, min(8, len(s)) + 1)]

    def fit_test(self):
        leverages = np.sum(1 + np.sum(np.linalg.lstsq(self.c.T, self.z.T, rcond=None)[0] ** 2, axis=0))
        q = self.t1 * self.m
        v2 = (self.after_rest**2).sum() / ((self.n - self.k) * leverages)
        v3 = (self.before_rest**2).sum() / ((self.p - self.k) * (self.n - self.k))
        df = [q * (self.n - self.k), (self.p - self.k) * (self.n - self.k)]
        return dict(f=v2 / v3, p=stats.f.sf(v2 / v3, *df), df1=df[0], df2=df[1])

    def subspace(self):
        (_, s1, v1), (_, s2, v2) = np.linalg.svd(self.x, full_matrices=False), np.linalg.svd(self.z, full_matrices=False)
        (p, n), q = self.x.shape, self.z.shape[0]
        k1, k2 = usvt(s1, p, n), usvt(s2, q, n)
        shared = v1[:k1] @ v2[:k2].T
        noise1 = (s1[k1:] ** 2).sum() / ((p - k1) * (n - k1))
        noise2 = (s2[k2:] ** 2).sum() / ((q - k2) * (n - k2))
        r, t = s1[:k1] ** 2 - noise1 * (n + p), s2[:k2] ** 2 - noise2 * (n + q)
        share = noise2 / t + noise1 * (shared**2 / r[:, None]).sum(0)
        critical = (n - k1) * share.sum() + stats.norm.ppf(0.95) * np.sqrt(2 * (n - k1) * (share**2).sum())
        usable = (r > 0).all() and (t > 0).all()
        return dict(tau=k2 - (shared**2).sum(), criticalValue=critical if usable else None, k1=k1, k2=k2)


def order(count):
    k = int(np.ceil((count + 1) * LEVEL - 1e-9))
    return k if k <= count else None


def analysis(values, arm, before, after, rules, kind, leave_out, fills=None, missing=None):
    """Cells of all units under all arms, and what donors say of arms; `after` and `rules` by arm."""
    arms = []
    cells = [[None] * len(after) for _ in range(len(values))]
    for d in range(len(after)):
        donors = np.flatnonzero(arm == d)
        whole = Arm(values, donors, before, after[d], rules[d])
        scores = []
        for i in range(len(values)):
            model = whole
            if arm[i] == d:
                others = donors[donors != i]
                model = Arm(values, others, before, after[d], rules[d], whole if leave_out == "fixed-subspace" else None)
            own, w = model.cell(values[i], kind)
            for m, entry in enumerate(own):
                entry["observed"] = values[i][after[d], m].mean()
                entry["isOwn"] = bool(arm[i] == d)
                if leave_out == "exact":
                    entry["rankPath"] = model.rank_path(values[i], m)
                if arm[i] == d:
                    half = entry["delta"][1] if kind == "pcr" else entry["published"]["pooled"][1]
                    scores.append(dict(unit=i, metric=m, ratio=abs(entry["observed"] - entry["estimate"]) / half))
            size = np.abs(w)
            over = lambda unit: (values[unit][before] / whole.scale).ravel()
            correlations = [np.corrcoef(over(i), over(j))[0, 1] for j in donors if j != i]
            for entry in own:
                entry["largestShare"] = size.max() / size.sum()
                entry["effectiveDonors"] = size.sum() ** 2 / (w @ w)
                entry["negativeDonors"] = int(np.sum(np.array(correlations) < 0))
            cells[i][d] = own
        arms.append(
            dict(
                donors=len(donors), rank=whole.k, spectrum=whole.s, fitTest=whole.fit_test(), subspace=whole.subspace(),
                scores=scores,
                factors=[
                    calibration([s["ratio"] for s in scores if s["metric"] == m]) for m in range(values.shape[2])
                ],
            )
        )
    return dict(arms=arms, cells=cells)


def calibration(ratios):
    k = order(len(ratios))
    return None if k is None else sorted(ratios)[k - 1]


def contrast(first, second, t1):
    a, b = first["parts"], second["parts"]
    variance = sum(x["w2"] * (x["v2"] / t + x["v3"] * (x["b"] @ x["b"])) for x, t in ((a, t1[0]), (b, t1[1])))
    variance += (a["v1"] + b["v1"]) / 2 * ((a["b"] - b["b"]) ** 2).sum()
    return dict(estimate=first["estimate"] - second["estimate"], standardError=np.sqrt(variance))


def placebo_statistic(values, i, path, after, pre):
    return values[i][after, 0] - path, pre


def ratio(gaps, pre, tau=0.0):
    return np.sqrt(np.mean((gaps - tau) ** 2)) / pre


def placebo_space(values, cells, arm, after, target):
    units = np.flatnonzero(arm == 0)
    gaps = {j: values[j][after, 0] - cells[j][0][0]["path"] for j in [target, *units]}
    pre = {j: cells[j][0][0]["preRMSE"] for j in [target, *units]}
    ratios = np.array([ratio(gaps[j], pre[j]) for j in units])
    own = ratio(gaps[target], pre[target])
    accepted = lambda tau: 1 + np.sum(ratios >= ratio(gaps[target], pre[target], tau)) > (1 - LEVEL) * (1 + len(units)) + 1e-9

    def end(inside, outside):
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if accepted(middle) else (inside, middle)
        return inside

    center = gaps[target].mean()
    bounds = [end(center, center + side * 1e3) for side in (-1, 1)] if accepted(center) else None
    signed = lambda g, p: np.sign(g.mean()) * ratio(g, p)
    mine = signed(gaps[target], pre[target])
    same = sum(1 for j in units if np.sign(mine) * signed(gaps[j], pre[j]) >= abs(mine))
    return dict(
        ratio=own, rank=int(1 + np.sum(ratios >= own)), p=(1 + np.sum(ratios >= own)) / (1 + len(units)),
        oneSidedP=(1 + same) / (1 + len(units)), set=bounds,
    ), power(gaps, pre, units)


def power(gaps, pre, units):
    """By a search over effects."""

    def found(effect):
        hits = 0
        for j in units:
            others = [ratio(gaps[o], pre[o]) for o in units if o != j]
            hits += 1 + np.sum(np.array(others) >= ratio(gaps[j] + effect, pre[j])) <= (1 - LEVEL) * len(units) + 1e-9
        return hits >= 0.8 * len(units)

    def smallest(side):
        grid = np.linspace(0, 40, 4001)
        first = next(g for g in grid if found(side * g))
        if first == 0:
            return 0.0
        low, high = first - 0.01, first
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if found(side * middle) else (middle, high)
        return side * high

    return dict(positive=smallest(1), negative=smallest(-1))


def dropped(values, arm, before, after, rules, kind, targets):
    result = []
    for i in targets:
        for d in range(len(after)):
            donors = np.flatnonzero(arm == d)
            if arm[i] == d:
                continue
            found = {
                int(j): Arm(values, donors[donors != j], before, after[d], rules[d]).cell(values[i], kind)[0][0]["estimate"]
                for j in donors
            }
            low, high = min(found, key=found.get), max(found, key=found.get)
            result.append(dict(unit=i, arm=d, lowest=found[low], lowestWithout=low, highest=found[high], highestWithout=high))
    return result


def placebo_time(values, arm, before, start, rule, kind, targets):
    late = np.arange(start, before[-1] + 1)
    model = Arm(values, np.flatnonzero(arm == 0), np.arange(before[0], start), late, rule)
    return [
        dict(
            unit=i, gap=values[i][late, 0].mean() - model.cell(values[i], kind)[0][0]["estimate"],
            half=model.cell(values[i], kind)[0][0]["delta"][1],
        )
        for i in targets
    ]


def strip(value):
    if isinstance(value, dict):
        return {k: strip(v) for k, v in value.items() if k != "parts"}
    return [strip(v) for v in value] if isinstance(value, list) else value


def slim(entry):
    """Without what other analyses have already."""
    kept = ("estimate", "delta", "weightNorm", "isOwn", "rank", "path", "largestShare")
    return {k: entry[k] for k in kept} | dict(published={"pooled": entry["published"]["pooled"]})


def event_study(values, starts, t0, t1, rule):
    cohorts, gaps = [], []
    for start in sorted({s for s in starts if s >= 0}):
        donors = np.array([i for i, s in enumerate(starts) if s < 0 or s >= start + t1])
        if start < t0 or start + t1 > values.shape[1]:
            continue
        late = np.arange(start, start + t1)
        model = Arm(values, donors, np.arange(start - t0, start), late, rule)
        own = [values[i][late, 0] - model.cell(values[i], "pcr")[0][0]["path"] for i, s in enumerate(starts) if s == start]
        gaps += own
        cohorts.append(dict(start=start, donors=len(donors), treated=len(own), effects=np.mean(own, axis=0)))
    return dict(cohorts=cohorts, effects=np.mean(gaps, axis=0))


def filled(values, before, after, rank):
    """The fixed point of filling one arm's donors: rank-k fits of all cells."""
    window = np.r_[before, after]
    table = values[:, window, 0].copy()
    lost = np.isnan(table)
    means = np.nanmean(table, axis=0)
    table = np.where(lost, means + np.nanmean(table - means, axis=1, keepdims=True), table)
    for _ in range(100000):
        u = np.linalg.svd(table.T, full_matrices=False)[0][:, :rank]
        new = table.copy()
        for i in np.flatnonzero(lost.any(1)):
            seen = ~lost[i]
            b = np.linalg.lstsq(u[seen], table[i, seen], rcond=None)[0]
            new[i, lost[i]] = (u @ b)[lost[i]]
        change = np.sum((new - table) ** 2) / np.sum(new[lost] ** 2)
        table = new
        if change < 1e-28:
            return table
    raise SystemExit("filling does not end")


def missing_case(random):
    """One arm with missing cells, a target of its own arm that lacks some."""
    values, _ = panel(random, 22, 24, 1, factors=2, noise=0.3)
    before, after, rank = np.arange(0, 16), np.arange(17, 22), 2
    arm = np.zeros(22, int)
    arm[20:] = 1
    lost = random.random((22, 24)) < 0.08
    lost[:3], lost[20, 5], lost[21] = False, True, False
    values[lost] = np.nan
    donors = np.flatnonzero(arm == 0)
    table = filled(values[donors], before, after, rank)
    whole = values.copy()
    for row, i in enumerate(donors):
        whole[i, np.r_[before, after], 0] = table[row]
    model = Arm(whole, donors, before, after, f"fixed:{rank}")
    answers = []
    for i in (20, 21):
        seen = ~np.isnan(values[i, before, 0])
        y = values[i, before, 0][seen]
        c = np.linalg.lstsq(model.uk[seen], y, rcond=None)[0]
        rest = y - model.uk[seen] @ c
        w = np.linalg.lstsq(model.c, c, rcond=None)[0]
        gap = np.isnan(values[donors][:, before, 0]).sum(), np.isnan(values[donors][:, after, 0]).sum()
        v1 = rest @ rest / (seen.sum() - rank)
        v2 = (model.after_rest**2).sum() / (model.t1 * (model.n - rank) - gap[1])
        v3 = (model.before_rest**2).sum() / ((model.p - rank) * (model.n - rank) - gap[0])
        b = np.linalg.lstsq(model.c.T, model.z.mean(0), rcond=None)[0]
        error = v2 * (w @ w) / model.t1 + b @ b * (v1 + v3 * (w @ w)) + v2 / model.t1
        answers.append(dict(unit=i, estimate=(model.z @ w).mean(), half=Z * np.sqrt(error)))
    return dict(
        values=[[None if np.isnan(v) else v for v in row] for row in values[:, :, 0]], unitArms=arm,
        before=[0, 16], after=[17, 22], rank=rank, answers=answers,
    )


def main():
    random = np.random.default_rng(20)
    cases = []
    for name, units, periods, arms, metrics, before, after, rules in [
        ("tall", 27, 20, 2, 1, (0, 13), [(14, 20), (15, 19)], ["usvt", "fixed:2"]),
        ("wide", 33, 12, 3, 1, (1, 7), [(8, 12)] * 3, ["energy:.97", "usvt", "fixed:3"]),
        ("metrics", 30, 14, 2, 2, (0, 9), [(10, 14)] * 2, ["fixed:3", "usvt"]),
    ]:
        values, arm = panel(random, units, periods, arms, metrics, shift=0.1)
        pre, post = np.arange(*before), [np.arange(*a) for a in after]
        rules = [r.replace(":.", ":0.") for r in rules]
        case = dict(
            name=name, values=values.reshape(units, -1), metrics=metrics, periods=periods, unitArms=arm, before=before,
            after=after, rules=rules,
        )
        exact = analysis(values, arm, pre, post, rules, "pcr", "exact")
        named = {"pcr-exact": strip(exact)}
        thin = lambda whole: strip(dict(arms=whole["arms"], cells=[[[slim(e) for e in d] for d in u] for u in whole["cells"]]))
        named["pcr-fixed"] = thin(analysis(values, arm, pre, post, rules, "pcr", "fixed-subspace"))
        named["bias-exact"] = thin(analysis(values, arm, pre, post, rules, "bias-corrected", "exact"))
        named["bias-fixed"] = thin(analysis(values, arm, pre, post, rules, "bias-corrected", "fixed-subspace"))
        case["analyses"] = named
        if metrics == 1:
            treated = [int(i) for i in np.flatnonzero(arm > 0)[:4]]
            cells = exact["cells"]
            case["contrasts"] = [
                contrast(cells[i][1][0], cells[i][0][0], (len(post[1]), len(post[0]))) for i in range(units)
            ]
            space = [placebo_space(values, cells, arm, post[0], i) for i in treated]
            case["treated"] = treated
            case["placeboSpace"], case["power"] = [s[0] for s in space], space[0][1]
            case["dropped"] = dropped(values, arm, pre, post, rules, "pcr", treated)
            start = before[1] - 3
            case["placeboTime"] = dict(
                start=start, answers=placebo_time(values, arm, pre, start, rules[0], "pcr", treated)
            )
        cases.append(case)
        # Least-norm weights are those of the closed form.
        donors = np.flatnonzero(arm == 0)
        model = Arm(values, donors, pre, post[0], rules[0])
        y = (values[-1][pre] / model.scale).ravel()
        u, s, vt = np.linalg.svd(model.x, full_matrices=False)
        k = model.k
        assert_close(model.weights(y, "pcr"), vt[:k].T @ (u[:, :k].T @ y / s[:k]), 1e-11, "weights")
    values, _ = panel(random, 24, 22, 1, factors=2)
    starts = [-1] * 14 + [12] * 4 + [15] * 3 + [18, 3, 21]
    study = event_study(values, starts, 8, 4, "fixed:2")
    write(
        "panels.json",
        dict(
            level=LEVEL, cases=cases,
            eventStudy=dict(values=values[:, :, 0], starts=starts, before=8, after=4, **study),
            missing=missing_case(random),
        ),
        ("numpy", "scipy"),
    )


main()
