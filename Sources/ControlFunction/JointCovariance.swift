import Diagnostics
import LinearAlgebra
import Mixture

/// The sandwich covariance of the parameters of a joint mixture at its maximum: A⁻¹ B A⁻¹.
///
/// A is the observed information by Louis (1982), Σ_i w [Σ_k γ_ik (-∂² log π_k f_k) - Σ_k γ_ik s_ik s_ik' + s_i s_i'],
/// and B = Σ_i v s_i s_i', v = w², or w where it counts equal rows; over clusters of rows Σ_g S_g S_g', S_g = Σ w s. It holds when errors are not normal or not of equal variance (Huber 1967, White 1982).
public struct JointCovariance: Sendable {
  public let parameters: JointParameters
  /// The covariance of all parameters [q, q].
  public let matrix: Matrix
  /// A, factored.
  let information: Cholesky
  /// ∂ log L at the parameters: near 0 at a maximum.
  package let gradient: [Double]
  /// Of Student's quantiles, where clusters are few; nil for normal ones.
  let degreesOfFreedom: Double?

  /// The covariance at a maximum, by two passes over the rows. Collective.
  ///
  /// - Parameter clusters: of rows whose errors may depend on each other; nil for independent ones.
  /// - Throws: ``NotPositiveDefinite`` when the information is not, so that the point is no regular maximum; on all ranks
  ///   the same ``Failure`` when a pass fails, or when there are too many clusters.
  public static func estimate(
    _ model: JointMixture, on design: Design, clusters: RowClusters? = nil
  ) throws -> JointCovariance {
    let statistics = try design.statistics(of: [model])[0]
    let parameters = JointParameters(model)
    let scores = try design.scores(of: model, parameters, clusters: clusters)
    let information = Self.information(model, statistics, scores)
    return JointCovariance(
      parameters: parameters, information: try Cholesky(information, tolerance: 0), meat: scores.meat,
      gradient: scores.gradient, degreesOfFreedom: clusters?.degreesOfFreedom)
  }

  /// - Parameter meat: B.
  init(
    parameters: JointParameters, information: Cholesky, meat: Matrix, gradient: [Double], degreesOfFreedom: Double?
  ) {
    self.parameters = parameters
    self.information = information
    self.gradient = gradient
    self.degreesOfFreedom = degreesOfFreedom
    matrix = information.solve(information.solve(meat).transposed)
  }

  /// The covariance of some parameters.
  public func block(_ indices: [Int]) -> Matrix {
    matrix.selecting(rows: indices, columns: indices)
  }

  public func standardErrors(_ indices: Range<Int>) -> [Double] {
    indices.map { max(matrix[$0, $0], 0).squareRoot() }
  }

  /// The standard errors of δ_k, that of the first group 0.
  ///
  /// - Precondition: they are free.
  public var shiftStandardErrors: [Double] {
    [0] + (1..<parameters.groups).flatMap { standardErrors(parameters.shifts($0)) }
  }

  /// The standard error of Σ_j weights_j b_j.
  public func standardError(ofOutcomeCombination weights: [Double]) -> Double {
    block(Array(parameters.outcome)).quadraticForm(weights).squareRoot()
  }

  // MARK: The observed information

  static func information(
    _ model: JointMixture, _ statistics: SufficientStatistics, _ scores: JointScores
  ) -> Matrix {
    let parameters = scores.parameters
    var result = scores.weighted.withoutConstant
    let shares = Array(parameters.logShares)
    for k in 0..<parameters.groups {
      result.add(scores.own(k).withoutConstant, at: parameters.own(k), times: -1)
      result.add(densityInformation(model, statistics, scores, group: k), at: parameters.density(k))
      if let errors = model.errors {
        result.add(
          precisionInformation(scores, group: k), at: parameters.density(k), times: -2 / (errors.degreesOfFreedom + 2))
      }
      result.add(scores.shares(k), at: shares)
    }
    return result
  }

  /// Σ γ a a' of a t law, a the scores of the density but for the -1 of those of log σ and log τ: with q the square of both
  /// residuals and u = (ν + 2)/(ν + q), -∂² log f = u/2 ∂²q - 2/(ν + 2) a a', a = -u/2 ∂q; the first has the sums of a normal
  /// law, with γ u for γ.
  private static func precisionInformation(_ scores: JointScores, group k: Int) -> Matrix {
    let own = scores.own(k)
    let count = scores.parameters.density(k).count
    let (tau, sigma) = (count - scores.parameters.selection - 2, count - 1)
    func lift(_ index: Int) -> Double { index == tau || index == sigma ? 1 : 0 }
    var result = Matrix(rows: count, columns: count)
    for a in 0..<count {
      for b in 0..<count {
        result[a, b] =
          own[a + 1, b + 1] + lift(a) * own[0, b + 1] + lift(b) * own[a + 1, 0] + lift(a) * lift(b) * own[0, 0]
      }
    }
    return result
  }

  /// Σ γ (-∂² log f_k) in the parameters of the density of group k, of which log f_k = - log σ - V²/(2σ²) - log τ - e²/(2τ²).
  ///
  /// ∂e is a form of ĉ in all but β, where it is (κ + λ'C + 2 κ2 V) ρ; the second derivatives of e that are not 0 are ρ in
  /// κ and β, C ρ in λ and β, 2 V ρ in κ2 and β, - 2 κ2 ρρ' in β, 2 σ² in κ2 and log σ, and 4 κ2 σ² in log σ.
  private static func densityInformation(
    _ model: JointMixture, _ statistics: SufficientStatistics, _ scores: JointScores, group k: Int
  ) -> Matrix {
    let parameters = scores.parameters
    let moments = JointMoments(statistics, model, group: k)
    let bend = model.bends?[k] ?? 0
    let variance = model.selectionDeviations[k] * model.selectionDeviations[k]
    let (precision, selectionPrecision) = (
      1 / (model.outcomeDeviations[k] * model.outcomeDeviations[k]), 1 / variance
    )
    let residual = model.selectionForm(k, moments)
    let error = model.outcomeForm(k, moments)
    func unit(_ column: Int, _ value: Double) -> [Double] {
      var form = Array(repeating: 0.0, count: error.count)
      form[column] = value
      return form
    }
    /// Σ γ (∂e/∂β) form'ĉ.
    func slopes(_ form: [Double]) -> [Double] {
      let (pulled, bent) = (model.pulled(k, moments.gram * form), moments.timesResidual(form))
      return (0..<parameters.selection).map { pulled[$0] + 2 * bend * bent[$0] }
    }

    // ∂e in all parameters but log τ and β, in their order; nil where these stand.
    var forms: [[Double]?] = (0..<parameters.shared).map { unit($0, -1) }
    forms += (0..<parameters.interactionCount).map { model.interactionForm(k, $0).map(-) }
    let kappaIndex = forms.count
    forms.append(residual.map(-))
    if parameters.hasBends { forms.append(model.squareForm(k, moments).map(-)) }
    forms += (0..<parameters.shifts(k).count).map { unit($0, -1) }
    let tau = forms.count
    let beta = tau + 1..<tau + 1 + parameters.selection
    forms += Array(repeating: nil, count: 1 + parameters.selection)
    let sigma = forms.count
    forms.append(unit(0, 2 * bend * variance))

    var result = Matrix(rows: forms.count, columns: forms.count)
    func set(_ i: Int, _ j: Int, _ value: Double) {
      result[i, j] = value
      result[j, i] = value
    }
    let products = moments.gram * error
    for (i, form) in forms.enumerated() {
      guard let form else { continue }
      let image = moments.gram * form
      for (j, other) in forms.enumerated() where j <= i && other != nil { set(i, j, precision * image.dot(other!)) }
      set(i, tau, -2 * precision * form.dot(products))
      for (j, value) in zip(beta, slopes(form)) { set(i, j, precision * value) }
    }
    set(tau, tau, 2 * precision * error.dot(products))
    let (v, bent, pulls) = (moments.gram * residual, moments.timesResidual(error), slopes(error))
    for (position, j) in beta.enumerated() {
      for (place, columns) in (model.interactions?.products ?? []).enumerated() {
        result[parameters.shared + place, j] += precision * products[columns[position]]
        result[j, parameters.shared + place] = result[parameters.shared + place, j]
      }
      result[kappaIndex, j] += precision * products[position]
      result[j, kappaIndex] = result[kappaIndex, j]
      if parameters.hasBends {
        result[kappaIndex + 1, j] += 2 * precision * bent[position]
        result[j, kappaIndex + 1] = result[kappaIndex + 1, j]
      }
      set(tau, j, -2 * precision * pulls[position])
      set(sigma, j, result[sigma, j] + 2 * selectionPrecision * v[position])
    }
    var block = model.slopeInformation(k, moments)
    if parameters.hasBends {
      block = block - (2 * bend) * scores.pulls(k)
      set(kappaIndex + 1, sigma, result[kappaIndex + 1, sigma] + 2 * precision * variance * products[0])
    }
    result.add(block, at: Array(beta))
    result[sigma, sigma] += 2 * selectionPrecision * residual.dot(v) + 4 * precision * bend * variance * products[0]
    return result
  }
}

extension Matrix {
  /// Adds a multiple of a matrix to the rows and columns `indices`.
  fileprivate mutating func add(_ other: Matrix, at indices: [Int], times factor: Double = 1) {
    for (a, i) in indices.enumerated() { for (b, j) in indices.enumerated() { self[i, j] += factor * other[a, b] } }
  }

  /// The block without row and column 0.
  var withoutConstant: Matrix {
    var block = Matrix(rows: rows - 1, columns: columns - 1)
    for i in 1..<rows { for j in 1..<columns { block[i - 1, j - 1] = self[i, j] } }
    return block
  }
}
