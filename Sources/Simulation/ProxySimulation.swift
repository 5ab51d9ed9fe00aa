import LinearAlgebra

/// Rows with a class u that is not recorded, which confounds treatment and outcome, and proxies of it: those of the
/// treatment (z) and those of the outcome (x).
///
/// Every row is a pure function of (parameters, row number), whoever computes it and in whatever order.
public struct ProxySimulation: Sendable {
  public let parameters: ProxyParameters
  /// Pr(u).
  public let shares: [Double]
  /// E[Y_t | u]: `[t][u]`.
  public let classMeans: [[Double]]
  public let treatmentProxyNames: [String]
  public let outcomeProxyNames: [String]
  private let discrete: DiscreteProxyLaw?

  /// The effects R_u of the classes.
  public var effects: [Double] { zip(classMeans[1], classMeans[0]).map { $0 - $1 } }
  /// The average effect.
  public var averageEffect: Double { zip(shares, effects).reduce(0) { $0 + $1.0 * $1.1 } }

  /// A row, with its class.
  public struct Row: Sendable, Equatable {
    public let u: Int
    public let z: [Double]
    public let x: [Double]
    public let t: Int
    public let y: Double

    public init(u: Int, z: [Double], x: [Double], t: Int, y: Double) {
      (self.u, self.z, self.x, self.t, self.y) = (u, z, x, t, y)
    }
  }

  /// - Throws: ``Failure`` (usage) when a parameter is out of range.
  public init(_ parameters: ProxyParameters) throws {
    try parameters.validate()
    self.parameters = parameters
    guard parameters.law != .continuous else {
      discrete = nil
      (shares, classMeans) = ([0.4, 0.6], [[0, 2], [1, 1]])
      (treatmentProxyNames, outcomeProxyNames) = (["z0", "z1"], ["x0", "x1"])
      return
    }
    let law = DiscreteProxyLaw(parameters)
    discrete = law
    (shares, classMeans) = (law.shares, law.classMeans)
    func names(_ letter: String, _ cells: [[Double]]) -> [String] {
      cells[0].count == 1 ? [letter] : cells[0].indices.map { "\(letter)\($0)" }
    }
    (treatmentProxyNames, outcomeProxyNames) = (names("z", law.treatmentCells), names("x", law.outcomeCells))
  }

  /// Which draw of a row serves what.
  private enum Draw {
    static let `class` = 0
    static let treatmentProxies = 1
    static let treatment = 2
    static let outcomeProxies = 3
    static let outcome = 4
  }

  /// A row by its number.
  public func row(_ row: Int) -> Row {
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedProxyRow)
    func uniform(_ draw: Int) -> Double { random.uniform(row: row, draw: draw) }
    func categorical(_ draw: Int, _ probabilities: [Double]) -> Int {
      random.categorical(row: row, draw: draw, probabilities: probabilities)
    }
    let u = categorical(Draw.class, shares)
    guard let law = discrete else { return continuous(row, u, random) }
    let z = categorical(Draw.treatmentProxies, law.treatmentCells.indices.map { law.treatmentCell($0, u) })
    let t = uniform(Draw.treatment) < law.treated(z, u) ? 1 : 0
    let x = categorical(Draw.outcomeProxies, law.outcomeCells.indices.map { law.outcomeCell($0, u, t) })
    let mean = law.mean(t, z, x, u)
    let y =
      law.deviation.map { mean + $0 * random.normal(row: row, draw: Draw.outcome) }
      ?? (uniform(Draw.outcome) < mean ? 1 : 0)
    return Row(u: u, z: law.treatmentCells[z], x: law.outcomeCells[x], t: t, y: y)
  }

  /// X = (2u - 1 + N, u/2 + N), Z = (3u/2 + N, -u + N), Pr(T = 1) = logistic(z_0 - .7 - u), Y = E[Y_t | u] + N.
  private func continuous(_ row: Int, _ u: Int, _ random: CounterRandom) -> Row {
    let level = Double(u)
    let (first, second) = random.normalPair(row: row, draw: Draw.treatmentProxies)
    let (third, fourth) = random.normalPair(row: row, draw: Draw.outcomeProxies)
    let z = [1.5 * level + first, -level + second]
    let treated = 1 / (1 + Elementary.exp(-(z[0] - 0.7 - level)))
    let t = random.uniform(row: row, draw: Draw.treatment) < treated ? 1 : 0
    let y = classMeans[t][u] + random.normal(row: row, draw: Draw.outcome)
    return Row(u: u, z: z, x: [2 * level - 1 + third, 0.5 * level + fourth], t: t, y: y)
  }

  /// All rows that there are, with their probabilities; nil for a law of real proxies.
  ///
  /// A normal outcome stands at its mean, which leaves all moments of first order as they are.
  public var population: [(probability: Double, row: Row)]? {
    guard let law = discrete else { return nil }
    var rows: [(Double, Row)] = []
    for u in shares.indices {
      for z in law.treatmentCells.indices {
        for t in 0..<2 {
          let treated = law.treated(z, u)
          let before = shares[u] * law.treatmentCell(z, u) * (t == 1 ? treated : 1 - treated)
          for x in law.outcomeCells.indices {
            let probability = before * law.outcomeCell(x, u, t)
            let mean = law.mean(t, z, x, u)
            func add(_ y: Double, _ share: Double) {
              guard probability * share > 0 else { return }
              rows.append(
                (probability * share, Row(u: u, z: law.treatmentCells[z], x: law.outcomeCells[x], t: t, y: y)))
            }
            if law.deviation == nil {
              add(1, mean)
              add(0, 1 - mean)
            } else {
              add(mean, 1)
            }
          }
        }
      }
    }
    return rows
  }
}
