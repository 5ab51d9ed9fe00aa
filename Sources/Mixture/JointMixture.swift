import Foundation
import LinearAlgebra

/// The control-function mixture of treatment and outcome: groups by how t and y arise from x together.
///
///     t | x, k    ~ N(β_k'ρ, σ_k²),   V_k = t - β_k'ρ
///     y | t, x, k ~ N(φ'b + δ_k + κ_k V_k, τ_k²)
///
/// The design's columns are c = (1, …, t, y): ρ are the first r of them, φ all but y. A label found from (x, t) alone
/// leans on the confounder that t contains; here κ_k takes that up, so b is the effect of t under do(t). Both residuals
/// are linear in c, and the weighted Gram matrices of c are all that the M step needs.
public struct JointMixture: MixtureModel, Equatable, Codable {
  public var mixingWeights: [Double]
  /// β_k, the constant first: K × r.
  public var selectionCoefficients: [[Double]]
  /// σ_k.
  public var selectionDeviations: [Double]
  /// b, on all columns but y.
  public var outcomeCoefficients: [Double]
  /// κ_k: how far y moves with the part of t that x and the group leave; evidence of confounding.
  public var endogeneities: [Double]
  /// δ_k, that of the first group 0; all 0 unless they are free.
  public var shifts: [Double]
  /// τ_k.
  public var outcomeDeviations: [Double]
  /// Whether δ_k are estimated: the check that the group moves y through t only.
  public var hasFreeShifts: Bool
  public let floors: Floors

  /// What the variances never fall below, so that no group closes in on a few rows.
  public struct Floors: Sendable, Equatable, Codable {
    /// Of σ_k².
    public var selection: Double
    /// Of τ_k².
    public var outcome: Double

    public init(selection: Double = 0, outcome: Double = 0) {
      self.selection = selection
      self.outcome = outcome
    }
  }

  public init(
    mixingWeights: [Double], selectionCoefficients: [[Double]], selectionDeviations: [Double],
    outcomeCoefficients: [Double], endogeneities: [Double], shifts: [Double]? = nil, outcomeDeviations: [Double],
    floors: Floors = Floors()
  ) {
    self.mixingWeights = mixingWeights
    self.selectionCoefficients = selectionCoefficients
    self.selectionDeviations = selectionDeviations
    self.outcomeCoefficients = outcomeCoefficients
    self.endogeneities = endogeneities
    self.shifts = shifts ?? Array(repeating: 0, count: mixingWeights.count)
    self.outcomeDeviations = outcomeDeviations
    hasFreeShifts = shifts != nil
    self.floors = floors
  }

  /// r, the number of columns that t is regressed on.
  public var selectionCount: Int { selectionCoefficients[0].count }
  /// The number of columns of c.
  public var columnCount: Int { outcomeCoefficients.count + 1 }

  /// V_k = v'c.
  func selectionResidual(_ group: Int) -> [Double] {
    let padding = repeatElement(0.0, count: columnCount - 2 - selectionCount)
    return selectionCoefficients[group].map(-) + padding + [1, 0]
  }

  /// y - φ'b - δ_k - κ_k V_k = e'c.
  func outcomeResidual(_ group: Int) -> [Double] {
    var residual = outcomeCoefficients.map(-) + [1]
    residual[0] -= shifts[group]
    for (j, value) in selectionResidual(group).enumerated() { residual[j] -= endogeneities[group] * value }
    return residual
  }

  public var forms: MixtureForms {
    let groups = 0..<groupCount
    return MixtureForms(
      shape: .dense(formCount: 2),
      coefficients: groups.flatMap { k in
        selectionResidual(k).map { $0 / selectionDeviations[k] } + outcomeResidual(k).map { $0 / outcomeDeviations[k] }
      },
      logScale: groups.map { log(mixingWeights[$0] / selectionDeviations[$0] / outcomeDeviations[$0]) - log(2 * .pi) })
  }

  /// b; per group β_k, σ_k, κ_k, τ_k; K - 1 shares and as many shifts when these are free.
  public var parameterCount: Int {
    outcomeCoefficients.count + groupCount * (selectionCount + 3) + (groupCount - 1) * (hasFreeShifts ? 2 : 1)
  }
  public var leadingParameters: [Double] { selectionCoefficients.map { $0.count > 1 ? $0[1] : $0[0] } }

  public func reordered(_ order: [Int]) -> JointMixture {
    var copy = self
    copy.mixingWeights = order.map { mixingWeights[$0] }
    copy.selectionCoefficients = order.map { selectionCoefficients[$0] }
    copy.selectionDeviations = order.map { selectionDeviations[$0] }
    copy.endogeneities = order.map { endogeneities[$0] }
    copy.outcomeDeviations = order.map { outcomeDeviations[$0] }
    // The shift of the first group is part of the constant.
    let base = shifts[order[0]]
    copy.shifts = order.map { shifts[$0] - base }
    copy.outcomeCoefficients[0] += base
    return copy
  }
}

// MARK: - The parameters as one vector

extension JointMixture {
  /// (b, κ, δ, log τ, β, log σ, log π): unconstrained, so that it can be extrapolated.
  public var vector: [Double] {
    outcomeCoefficients + endogeneities + shifts + outcomeDeviations.map { log($0) }
      + selectionCoefficients.joined() + selectionDeviations.map { log($0) } + mixingWeights.map { log($0) }
  }

  /// The model at another parameter vector; shares are normalised and deviations kept above their floors.
  func at(_ vector: [Double]) -> JointMixture {
    var rest = vector[...]
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    var copy = self
    copy.outcomeCoefficients = take(outcomeCoefficients.count)
    copy.endogeneities = take(groupCount)
    copy.shifts = take(groupCount)
    copy.outcomeDeviations = take(groupCount).map { max(exp($0), floors.outcome.squareRoot()) }
    copy.selectionCoefficients = selectionCoefficients.map { take($0.count) }
    copy.selectionDeviations = take(groupCount).map { max(exp($0), floors.selection.squareRoot()) }
    let shares = take(groupCount)
    let largest = shares.max() ?? 0
    let total = shares.reduce(0) { $0 + exp($1 - largest) }
    copy.mixingWeights = shares.map { exp($0 - largest) / total }
    return copy
  }
}
