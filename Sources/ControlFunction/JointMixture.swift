import LinearAlgebra
import Mixture

/// The control-function mixture of treatment and outcome: groups by how t and y arise from x together.
///
///     t | x, k    ~ N(β_k'ρ, σ_k²),   V_k = t - β_k'ρ
///     y | t, x, k ~ N(φ'b + δ_k + (κ_k + λ'C) V_k + κ2_k (V_k² - σ_k²), τ_k²)
///
/// with shares π_k (or both errors of one bivariate t law, see ``StudentErrors``), or π_k(x) ∝ exp(ω_k'ρ) where the sources of rows depend on x (concomitants: Dayton and Macready
/// 1988). δ, κ2 and ω are 0 unless ``Extensions`` ask for them, λ without ``ControlInteractions``.
///
/// The design's columns are c = (1, …, t, y): ρ are the first r of them, φ all but y. Behind y come those of C that are none of
/// them. A label found from (x, t) alone leans on the confounder that t contains; here κ_k takes that up, so b is the effect
/// of t under do(t). Both residuals are linear in c but for κ2 and λ, and the weighted Gram matrices of c are all that the
/// M step needs; with κ2 those times V and V² too, with λ those of (c, V C) and ``SlopeSums``.
public struct JointMixture: MixtureModel, Equatable, Codable {
  public var mixingWeights: [Double]
  /// β_k, the constant first: K × r.
  public var selectionCoefficients: [[Double]]
  /// The standard deviation of t about the regression of each group, σ_k.
  public var selectionDeviations: [Double]
  /// The coefficients b of the outcome's regression, on all columns but y.
  public var outcomeCoefficients: [Double]
  /// κ_k: how far y moves with the part of t that x and the group leave; evidence of confounding.
  public var endogeneities: [Double]
  /// δ_k, that of the first group 0; all 0 unless they are free.
  public var shifts: [Double]
  /// κ2_k: how y bends with V_k; nil for a linear control function.
  public var bends: [Double]?
  /// ω_k, that of the first group 0: K × r; nil for shares that do not depend on x.
  public var concomitants: [[Double]]?
  /// λ with its columns: what the coefficient of V varies with besides the group; nil where there is nothing, and with κ2.
  public var interactions: ControlInteractions?
  /// The standard deviation of what the outcome's regression leaves of y in each group, τ_k.
  public var outcomeDeviations: [Double]
  /// Whether δ_k are estimated: the check that the group moves y through t only.
  public var hasFreeShifts: Bool
  public let floors: Floors
  /// The common law of V_k / σ_k and of the outcome's residual in units of τ_k, where it is not normal; not with κ2 or ω.
  public var errors: StudentErrors?

  /// What a model may have beyond groups that differ in β, κ, σ and τ.
  public struct Extensions: Sendable, Equatable, Codable {
    /// δ_k: groups may shift the outcome.
    public var shifts = false
    /// κ2_k: the outcome may bend with V.
    public var bends = false
    /// ω_k: shares may depend on x.
    public var concomitants = false

    public init(shifts: Bool = false, bends: Bool = false, concomitants: Bool = false) {
      self.shifts = shifts
      self.bends = bends
      self.concomitants = concomitants
    }
  }

  public var extensions: Extensions {
    Extensions(shifts: hasFreeShifts, bends: bends != nil, concomitants: concomitants != nil)
  }

  /// What the variances never fall below, so that no group closes in on a few rows.
  public struct Floors: Sendable, Equatable, Codable {
    /// The floor of σ_k².
    public var selection: Double
    /// The floor of τ_k².
    public var outcome: Double

    public init(selection: Double = 0, outcome: Double = 0) {
      self.selection = selection
      self.outcome = outcome
    }
  }

  public init(
    mixingWeights: [Double], selectionCoefficients: [[Double]], selectionDeviations: [Double],
    outcomeCoefficients: [Double], endogeneities: [Double], shifts: [Double]? = nil, bends: [Double]? = nil,
    concomitants: [[Double]]? = nil, outcomeDeviations: [Double], floors: Floors = Floors()
  ) {
    self.mixingWeights = mixingWeights
    self.selectionCoefficients = selectionCoefficients
    self.selectionDeviations = selectionDeviations
    self.outcomeCoefficients = outcomeCoefficients
    self.endogeneities = endogeneities
    self.shifts = shifts ?? Array(repeating: 0, count: mixingWeights.count)
    self.bends = bends
    self.concomitants = concomitants
    self.outcomeDeviations = outcomeDeviations
    hasFreeShifts = shifts != nil
    self.floors = floors
  }

  /// r, the number of columns that t is regressed on.
  public var selectionCount: Int { selectionCoefficients[0].count }
  /// The number of columns of c, those behind y among them.
  public var columnCount: Int { outcomeCoefficients.count + 1 + ownColumnCount }
  private var ownColumnCount: Int { interactions?.ownColumnCount ?? 0 }

  /// V_k = v'c.
  func selectionResidual(_ group: Int) -> [Double] {
    let padding = repeatElement(0.0, count: outcomeCoefficients.count - 1 - selectionCount)
    return selectionCoefficients[group].map(-) + padding + [1, 0] + repeatElement(0, count: ownColumnCount)
  }

  /// y - φ'b - δ_k - κ_k V_k + κ2_k σ_k² = e'c: the outcome's residual but for - κ2_k V_k² and - λ'C V_k.
  func outcomeResidual(_ group: Int) -> [Double] {
    var residual = outcomeCoefficients.map(-) + [1] + repeatElement(0, count: ownColumnCount)
    residual[0] -= shifts[group]
    if let bends { residual[0] += bends[group] * selectionDeviations[group] * selectionDeviations[group] }
    for (j, value) in selectionResidual(group).enumerated() { residual[j] -= endogeneities[group] * value }
    return residual
  }

  public var forms: MixtureForms {
    let groups = 0..<groupCount
    var forms = MixtureForms(
      shape: .dense(formCount: 2),
      coefficients: groups.flatMap { k in
        selectionResidual(k).map { $0 / selectionDeviations[k] } + outcomeResidual(k).map { $0 / outcomeDeviations[k] }
      },
      logScale: groups.map { k in
        let share = concomitants == nil ? mixingWeights[k] : 1
        return Elementary.log(share / selectionDeviations[k] / outcomeDeviations[k]) - Elementary.log(2 * .pi)
      }, errors: errors)
    if bends != nil || concomitants != nil || interactions != nil {
      forms.rowTerms = RowTerms(
        logShares: concomitants ?? [],
        bends: (bends ?? []).enumerated().map { k, bend in
          bend * selectionDeviations[k] * selectionDeviations[k] / outcomeDeviations[k]
        }, pulls: pulls)
    }
    return forms
  }

  /// The columns that shares depend on, the constant among them.
  var shareCount: Int { concomitants == nil ? 1 : selectionCount }

  /// b and λ; per group β_k, σ_k, κ_k, τ_k and κ2_k if there is one; ω_k or the shares, and the shifts when these are free, of
  /// K - 1 groups.
  public var parameterCount: Int {
    outcomeCoefficients.count + interactionCount + groupCount * (selectionCount + (bends == nil ? 3 : 4))
      + (groupCount - 1) * (shareCount + (hasFreeShifts ? 1 : 0)) + (errors?.parameterCount ?? 0)
  }
  public var leadingParameters: [Double] { selectionCoefficients.map { $0.count > 1 ? $0[1] : $0[0] } }

  public func reordered(_ order: [Int]) -> JointMixture {
    var copy = self
    copy.mixingWeights = order.map { mixingWeights[$0] }
    copy.selectionCoefficients = order.map { selectionCoefficients[$0] }
    copy.selectionDeviations = order.map { selectionDeviations[$0] }
    copy.endogeneities = order.map { endogeneities[$0] }
    copy.bends = bends.map { bends in order.map { bends[$0] } }
    copy.concomitants = concomitants.map { omega in
      order.map { k in zip(omega[k], omega[order[0]]).map { $0 - $1 } }
    }
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
  /// (b, λ, κ, κ2, δ, log τ, β, log σ, ω or log π): unconstrained, so that it can be extrapolated.
  public var vector: [Double] {
    let shares = concomitants.map { Array($0.joined()) } ?? mixingWeights.map(Elementary.log)
    let outcome =
      outcomeCoefficients + (interactions?.coefficients ?? []) + endogeneities + (bends ?? []) + shifts
      + outcomeDeviations.map(Elementary.log)
    return outcome + selectionCoefficients.joined() + selectionDeviations.map(Elementary.log) + shares
  }

  /// The model at another parameter vector; shares are normalised and deviations kept above their floors.
  package func at(_ vector: [Double]) -> JointMixture {
    var rest = vector[...]
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    var copy = self
    copy.outcomeCoefficients = take(outcomeCoefficients.count)
    if interactions != nil { copy.interactions?.coefficients = take(interactionCount) }
    copy.endogeneities = take(groupCount)
    copy.bends = bends.map { take($0.count) }
    copy.shifts = take(groupCount)
    copy.outcomeDeviations = take(groupCount).map { max(Elementary.exp($0), floors.outcome.squareRoot()) }
    copy.selectionCoefficients = selectionCoefficients.map { take($0.count) }
    copy.selectionDeviations = take(groupCount).map { max(Elementary.exp($0), floors.selection.squareRoot()) }
    if let concomitants {
      copy.concomitants = concomitants.map { take($0.count) }
      return copy
    }
    let shares = take(groupCount)
    let largest = shares.max() ?? 0
    let total = shares.reduce(0) { $0 + Elementary.exp($1 - largest) }
    copy.mixingWeights = shares.map { Elementary.exp($0 - largest) / total }
    return copy
  }
}
