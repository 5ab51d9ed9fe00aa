import Diagnostics
import LinearAlgebra
import Statistics

/// How one instrument is made of several candidates.
public enum CandidateRule: String, Sendable, Codable, CaseIterable {
  /// The mean of the candidates, an unweighted allele score.
  case uas
  /// The mean weighted by the correlations with t, a weighted allele score.
  case was
  /// The candidate whose estimate is amid the tightest half of all estimates: ModeIV.
  case mode
  /// A representation that is learned: AutoIV.
  case auto
}

extension CandidateColumns {
  /// The instrument of a rule. Collective.
  ///
  /// - Parameters:
  ///   - seed: of what `auto` draws.
  ///   - steps: of the training of `auto`; nil for the 1000 of its paper.
  /// - Throws: on all ranks the same ``Failure``: (data) correlations that sum to 0, a candidate that does not move t;
  ///   (numerical) a training that left the range of numbers.
  public func instrument(_ rule: CandidateRule, seed: UInt64, steps: Int? = nil) throws -> ValueInstrument {
    switch rule {
    case .uas: try combined("uas", candidates.map { _ in 1 / Double(candidates.count) })
    case .was: try combined("was", correlationShares())
    case .mode: try combined("mode", modalWeights())
    case .auto:
      try ValueInstrument(
        AutoRepresentation(self, steps: steps ?? AutoRepresentation.steps, seed: seed).values(), excluded: !areControls)
    }
  }

  /// All candidates by themselves.
  public func instrument() throws -> ValueInstrument {
    try ValueInstrument(
      CombinedColumns(self, candidates.indices.map { place in candidates.indices.map { $0 == place ? 1 : 0 } })
        .frame(candidates.map(\.name)), excluded: !areControls)
  }

  private func combined(_ name: String, _ weights: [Double]) throws -> ValueInstrument {
    try ValueInstrument(CombinedColumns(self, [weights]).frame([name]), excluded: !areControls)
  }

  /// The correlation of each candidate with t, divided by the sum of all.
  private func correlationShares() throws -> [Double] {
    let gram = try frame.crossProducts(of: variables.map(\.column))
    let (t, n) = (variables[0], gram[0, 0])
    let correlations = candidates.enumerated().map { place, candidate in
      (gram[1, 3 + place] / n - t.mean * candidate.mean) / (t.standardDeviation * candidate.standardDeviation)
    }
    let total = correlations.reduce(0, +)
    guard abs(total) > 1e-9 * correlations.reduce(0, { $0 + abs($1) }) else {
      throw Failure(
        .data,
        "the correlations of the candidates with the treatment sum to 0, so that --instrument was has no weights; "
          + "choose another instrument or other --candidates")
    }
    return correlations.map { $0 / total }
  }

  /// One 2SLS estimate for each candidate, given the covariates that are none; of the windows of (J + 1) / 2 neighbouring
  /// estimates the tightest; of its candidates the one in the middle (Hartford, Veitch, Sridhar and Leyton-Brown 2021,
  /// "Valid causal inference with (some) invalid instruments"). With two candidates or fewer their mean.
  private func modalWeights() throws -> [Double] {
    let count = candidates.count
    guard count > 2 else { return Array(repeating: 1 / Double(count), count: count) }
    let own = candidates.map(\.column)
    let controls = frame.columns(of: .covariate).filter {
      !own.contains($0) && frame.schema.columns[$0].kind == .real
    }
    let gram = try frame.crossProducts(of: controls + variables.map(\.column))
    let first = 1 + controls.count
    let left = try Self.partialled(gram, on: Array(0..<first), targets: Array(first..<gram.rows))
    let estimates = try candidates.enumerated().map { place, candidate in
      let (strength, square) = (left[2 + place, 0], left[2 + place, 2 + place] * left[0, 0])
      guard strength * strength > 1e-18 * square else {
        throw Failure(
          .data,
          "candidate '\(candidate.name)' is not correlated with the treatment, and gives no estimate for --instrument "
            + "mode; leave it out of --candidates")
      }
      return left[2 + place, 1] / strength
    }
    let order = estimates.indices.sorted { (estimates[$0], $0) < (estimates[$1], $1) }
    let window = (count + 1) / 2
    let start = (0...count - window).min { a, b in
      func width(_ start: Int) -> Double { estimates[order[start + window - 1]] - estimates[order[start]] }
      return (width(a), a) < (width(b), b)
    }!
    let chosen = order[start + window / 2]
    return candidates.indices.map { $0 - candidates.startIndex == chosen ? 1 : 0 }
  }

  /// What the first columns leave of the products of the others.
  private static func partialled(_ gram: Matrix, on given: [Int], targets: [Int]) throws -> Matrix {
    let dependent = Set(gram.dependentColumns(inOrder: given, tolerance: 1e-9))
    let kept = given.filter { !dependent.contains($0) }
    let cross = gram.selecting(rows: kept, columns: targets)
    do {
      let factor = try Cholesky(gram.selecting(rows: kept, columns: kept), tolerance: 0)
      return gram.selecting(rows: targets, columns: targets) - cross.transposed * factor.solve(cross)
    } catch {
      throw Failure(.numerical, "the covariates cannot be partialled out of the candidates: \(error)")
    }
  }
}
