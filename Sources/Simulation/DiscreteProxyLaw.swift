/// A law whose class and proxies take a few values: Pr(u), Pr(z | u), Pr(t | z, u), Pr(x | u, t) and E[y | t, z, x, u].
struct DiscreteProxyLaw: Sendable {
  /// Pr(u).
  let shares: [Double]
  /// The cells of each side: the values of its proxies.
  let treatmentCells: [[Double]]
  let outcomeCells: [[Double]]
  /// Pr(z | u), Pr(T = 1 | z, u), Pr(x | u, t), by cells.
  let treatmentCell: @Sendable (_ z: Int, _ u: Int) -> Double
  let treated: @Sendable (_ z: Int, _ u: Int) -> Double
  let outcomeCell: @Sendable (_ x: Int, _ u: Int, _ t: Int) -> Double
  let mean: @Sendable (_ t: Int, _ z: Int, _ x: Int, _ u: Int) -> Double
  /// The standard deviation of a normal outcome; nil for one that is 0 or 1.
  let deviation: Double?

  init(_ parameters: ProxyParameters) {
    switch parameters.law {
    case .binary: self = .binary(parameters)
    case .threeClass: self = .threeClass(means: [[0.2, 0.5, 0.8], [0.1, 0.9, 0.6]])
    case .equalEffects: self = .threeClass(means: [[0.2, 0.5, 0.8], [0.3, 0.6, 0.9]])
    case .levels: self = .levels(parameters)
    case .continuous: preconditionFailure("the proxies of this law are no cells")
    }
  }

  private init(
    shares: [Double], cells: (treatment: [[Double]], outcome: [[Double]]), deviation: Double?,
    treatmentCell: @escaping @Sendable (Int, Int) -> Double, treated: @escaping @Sendable (Int, Int) -> Double,
    outcomeCell: @escaping @Sendable (Int, Int, Int) -> Double,
    mean: @escaping @Sendable (Int, Int, Int, Int) -> Double
  ) {
    self.shares = shares
    (treatmentCells, outcomeCells) = cells
    self.deviation = deviation
    self.treatmentCell = treatmentCell
    self.treated = treated
    self.outcomeCell = outcomeCell
    self.mean = mean
  }

  private static func binary(_ parameters: ProxyParameters) -> DiscreteProxyLaw {
    let bases = [1.0 / 5, 1.0 / 3, 7.0 / 15, 3.0 / 5]
    let pairs: [[Double]] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    /// Pr(proxy = 1 | u).
    @Sendable func one(_ proxy: Int, _ u: Int) -> Double { bases[proxy] + 0.3 * Double(proxy % 2 == 0 ? u : 1 - u) }
    @Sendable func value(_ probability: Double, _ bit: Int) -> Double { bit == 1 ? probability : 1 - probability }
    let (leads, mixes) = (parameters.proxyToOutcome, parameters.treatmentToProxy)
    let shifts = parameters.treatmentProxyToOutcome
    return DiscreteProxyLaw(
      shares: [0.5, 0.5], cells: (pairs, pairs), deviation: nil,
      treatmentCell: { z, u in value(one(0, u), z / 2) * value(one(1, u), z % 2) },
      treated: { _, u in 0.75 - 0.5 * Double(u) },
      outcomeCell: { x, u, t in
        let first = (1 - mixes) * value(one(2, u), x / 2) + mixes * (x / 2 == t ? 1 : 0)
        return first * value(one(3, u), x % 2)
      },
      mean: { t, z, x, u in
        0.25 + (u == t ? 0.25 : 0) + 0.25 * Double(t) + leads * (Double(x / 2) - 0.5) * Double(2 * u - 1)
          + shifts * (Double(z / 2) - 0.5)
      })
  }

  /// - Parameter means: E[Y_t | u], `[t][u]`.
  private static func threeClass(means: [[Double]]) -> DiscreteProxyLaw {
    let x = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]]
    let z = [[0.6, 0.2, 0.1, 0.1], [0.1, 0.2, 0.6, 0.1], [0.1, 0.1, 0.1, 0.7]]
    let values: [[Double]] = [[0], [1], [2], [3]]
    return DiscreteProxyLaw(
      shares: [0.5, 0.3, 0.2], cells: (values, values), deviation: 0.3, treatmentCell: { z[$1][$0] },
      treated: { [0.3, 0.5, 0.7][$1] + ($0 == 0 ? 0.1 : $0 == 3 ? -0.1 : 0) },
      outcomeCell: { cell, u, _ in x[u][cell] },
      mean: { t, _, _, u in means[t][u] })
  }

  private static func levels(_ parameters: ProxyParameters) -> DiscreteProxyLaw {
    let (a, b) = (parameters.proxyToTreatment, parameters.proxyToOutcome)
    let bits: [[Double]] = [[0], [1]]
    @Sendable func untreated(_ x: Int, _ u: Int) -> Double {
      switch (x, u) {
      case (0, 0): 7.0 / 8
      case (0, 1): (1 + 6 * b) / 8
      case (1, 0): (7 - 6 * b) / 8
      default: 1.0 / 8
      }
    }
    return DiscreteProxyLaw(
      shares: [0.5, 0.5], cells: (bits, bits), deviation: nil, treatmentCell: { $0 == $1 ? 0.75 : 0.25 },
      treated: { z, u in
        switch (z, u) {
        case (0, 0): 0.75
        case (0, 1): 0.25 + a / 2
        case (1, 0): 0.75 - a / 2
        default: 0.25
        }
      }, outcomeCell: { x, u, _ in x == u ? 0.75 : 0.25 },
      mean: { t, _, x, u in t == 0 ? untreated(x, u) : 1 - untreated(x, u) })
  }

  /// E[Y_t | u] of every class: `[t][u]`, over its proxies.
  var classMeans: [[Double]] {
    (0..<2).map { t in
      shares.indices.map { u in
        outcomeCells.indices.reduce(0) { sum, x in
          treatmentCells.indices.reduce(sum) { sum, z in
            sum + treatmentCell(z, u) * outcomeCell(x, u, t) * mean(t, z, x, u)
          }
        }
      }
    }
  }
}
