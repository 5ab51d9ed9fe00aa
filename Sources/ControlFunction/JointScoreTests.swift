import LinearAlgebra
import Mixture

/// The covariance of a joint mixture at its maximum, and the score tests of all that it may lack, from a pass over the
/// rows: those parameters stand at 0 in one larger model, and each test leaves the others out.
public struct JointScoreTests: Sendable {
  private let model: JointMixture
  /// Of the larger model.
  private let parameters: JointParameters
  private let sums: ScoreSums
  private let degreesOfFreedom: Double?
  /// The places of the parameters of the model itself.
  private let own: [Int]

  /// A pass over the rows. Collective.
  ///
  /// - Parameters:
  ///   - design: the columns of the model; its table has the x and t that the coefficient of V may vary with.
  ///   - onlyControl: leaves out what only ``exclusion()``, ``shifts()`` and ``concomitants()`` need, which takes most of
  ///     the pass.
  /// - Throws: on all ranks the same ``Failure`` when a pass fails, or when there are too many clusters.
  public init(
    of model: JointMixture, on design: Design, clusters: RowClusters? = nil, onlyControl: Bool = false
  ) throws {
    let parameters = JointParameters(
      testing: model, variables: design.table.covariateCount + 1, onlyControl: onlyControl)
    self.model = model
    self.parameters = parameters
    sums = try ScoreSums(model, parameters, on: design, clusters: clusters)
    degreesOfFreedom = clusters?.degreesOfFreedom
    let added =
      (1..<model.groupCount).flatMap { parameters.shifts($0).dropFirst(model.hasFreeShifts ? 1 : 0) }
      + (model.bends == nil ? Array(parameters.bends) : [])
      + (model.interactions == nil ? Array(parameters.interactions) : [])
      + (model.concomitants == nil ? parameters.shareSlopes : [])
    own = sums.others(than: added)
  }

  /// The covariance of the model; nil where its information is not positive definite, so that the point is no regular
  /// maximum.
  public var covariance: JointCovariance? {
    guard let information = try? Cholesky(sums.information.selecting(rows: own, columns: own), tolerance: 0) else {
      return nil
    }
    return JointCovariance(
      parameters: JointParameters(model), information: information,
      meat: sums.squared.selecting(rows: own, columns: own), gradient: own.map { sums.gradient[$0] },
      degreesOfFreedom: degreesOfFreedom)
  }

  /// Of groups moving the outcome by more than their treatment does: shifts δ_k'ρ of group k = 1 ….
  ///
  /// One direction cannot be told from another linear effect of t, δ_k = c (β_k - β_0), so the shift that has most of it is
  /// left out. An effect of t that differs by group shows there too. Shifts that the model has already, δ_k, are not
  /// tested.
  ///
  /// - Throws: ``NotPositiveDefinite`` when the information of the model is not.
  public func exclusion() throws -> JointScoreTest {
    let shifts = (1..<model.groupCount).flatMap { parameters.shifts($0).dropFirst(model.hasFreeShifts ? 1 : 0) }
    let leftOut = untestable(shifts)
    return try sums.test(of: shifts.filter { $0 != leftOut }, in: own)
  }

  /// Of groups shifting the outcome by constants δ_k, k = 1 …, and how the outcome's coefficients answer to such shifts:
  /// ∂b/∂δ_k [K - 1, the number of coefficients b], as ``ShiftSensitivity`` takes them.
  ///
  /// - Precondition: the shifts of the model are not free.
  /// - Throws: ``NotPositiveDefinite`` when the information of the model is not.
  public func shifts() throws -> (test: JointScoreTest, responses: Matrix) {
    let shifts = (1..<model.groupCount).map { parameters.shifts($0).lowerBound }
    // b comes first among the parameters.
    let responses =
      try -1
      * sums.projection(of: shifts, on: own)
      .selecting(rows: Array(shifts.indices), columns: Array(parameters.outcome))
    return (try sums.test(of: shifts, in: own), responses)
  }

  /// Of the outcome bending with V, by κ2_k.
  ///
  /// - Precondition: the coefficient of V depends on the group alone.
  /// - Throws: ``NotPositiveDefinite`` when the information of the model is not.
  public func bends() throws -> JointScoreTest {
    precondition(model.bends == nil && model.interactions == nil)
    return try sums.test(of: Array(parameters.bends), in: own)
  }

  /// Of the coefficient of V varying with some of x_1 … x_m, t, counted from 0: of their λ. Neither the origin nor the unit
  /// of a variable matters, since κ_k is free.
  ///
  /// - Precondition: the coefficient of V depends on the group alone.
  /// - Throws: ``NotPositiveDefinite`` when the information of the model is not.
  public func interactions(_ variables: [Int]) throws -> JointScoreTest {
    precondition(model.bends == nil && model.interactions == nil)
    return try sums.test(of: variables.map { parameters.interactions.lowerBound + $0 }, in: own)
  }

  /// Of shares depending on x: of ω_k but for its constant, k = 1 ….
  ///
  /// - Precondition: the shares of the model do not.
  /// - Throws: ``NotPositiveDefinite`` when the information of the model is not.
  public func concomitants() throws -> JointScoreTest {
    precondition(model.concomitants == nil)
    return try sums.test(of: parameters.shareSlopes, in: own)
  }

  /// The shift of the column whose coefficient in t differs most between the shift's group and the first.
  private func untestable(_ shifts: [Int]) -> Int? {
    let beta = model.selectionCoefficients
    func difference(_ shift: Int) -> Double {
      let position = shift - parameters.shifts(1).lowerBound
      let (group, column) = (1 + position / model.selectionCount, position % model.selectionCount)
      return abs(beta[group][column] - beta[0][column])
    }
    return shifts.max { difference($0) < difference($1) }
  }
}
