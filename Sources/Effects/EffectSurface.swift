import Communication
import Frames
import LinearAlgebra
import Runs

/// g(t, x) = φ(t, x)'b + X(x) of one method: what it answers for single rows, of the fit or others.
public struct EffectSurface: Sendable {
  /// The answers of one row after another.
  public struct Values: Sendable {
    /// E[Y | do(T = t), x] at the row's own treatment.
    public var g: [Double] = []
    /// The same at the reference.
    public var g0: [Double] = []
    /// g - g0.
    public var tau: [Double] = []
    /// Of `tau`.
    public var standardError: [Double] = []
  }

  private let table: EffectTable
  private let functions: OutcomeFunctions
  private let coefficients: [Double]
  private let covariance: Matrix
  private let level: OutcomeLevel
  public let reference: Double
  /// Of which functions X(x) is made: `polynomial:3`, `splines:4`.
  public var levelBasis: String { level.basis.name }
  /// All that were tried.
  public var levelCriteria: [LevelCriterion] { level.criteria }

  /// Finds X(x). Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when the outcome has no regression on covariates.
  init(_ design: EffectDesign, _ request: EffectRequest, _ answer: EffectAnswer) throws {
    table = design.table
    functions = request.functions
    coefficients = answer.terms.map(\.estimate)
    covariance = answer.covarianceMatrix
    reference = request.reference
    let explained = zip(request.means.functions, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
    level = try OutcomeLevel(
      design, functions, coefficients: coefficients, level: request.means.outcome - explained)
  }

  /// The answers at given covariates. Collective.
  ///
  /// - Parameter x: in the units of the data.
  func answer(at x: [Double], _ answer: EffectAnswer, _ request: EffectRequest) throws -> CovariateAnswer {
    let deviations = zip(x, table.covariates).map { $0 - $1.mean }
    let standardized = zip(deviations, table.covariates).map { $0 / $1.standardDeviation }
    let combinations = EffectCombinations(
      functions: functions, means: request.means, reference: reference, coefficients: coefficients,
      covariance: covariance, law: ReferenceLaw(fewClusters: answer.fewClusters),
      place: (deviations, level(at: standardized)))
    return try CovariateAnswer(x: x, combinations, request)
  }

  /// The answers for the rows of a chunk of a frame with the columns of that of the fit.
  ///
  /// - Parameter other: the treatment to tell effects against instead of the reference.
  public func values(_ frame: Frame, chunk: Int, against other: Double? = nil) throws -> Values {
    let table = table.over(frame)
    let (rowCount, m, q) = (table.rowCount(chunk), table.covariates.count, functions.count)
    let stride = Kernel.paddedCount(rowCount)
    let storage = AlignedBuffer(count: (2 * m + 2 + 2 * q) * stride)
    func column(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * stride }
    let (standardized, deviations, t, own) = (column(0), column(m), column(2 * m), column(2 * m + 2))
    let (zero, base) = (column(2 * m + 1), column(2 * m + 2 + q))
    try table.fillCovariates(chunk, inStandardDeviations: true, into: standardized, stride: stride)
    try table.fillCovariates(chunk, inStandardDeviations: false, into: deviations, stride: stride)
    try table.fillTreatment(chunk, into: t)
    zero.update(repeating: other ?? reference, count: rowCount)
    let x = (0..<m).map { UnsafePointer(deviations + $0 * stride) }
    functions.evaluate(t, x, rowCount: rowCount, into: own, stride: stride)
    functions.evaluate(zero, x, rowCount: rowCount, into: base, stride: stride)

    var values = Values()
    values.g0 = Array(repeating: 0, count: rowCount)
    values.g0.withUnsafeMutableBufferPointer {
      level.add((0..<m).map { UnsafePointer(standardized + $0 * stride) }, rowCount: rowCount, to: $0.baseAddress!)
    }
    for row in 0..<rowCount {
      let gaps = (0..<q).map { own[$0 * stride + row] - base[$0 * stride + row] }
      for j in 0..<q { values.g0[row] += coefficients[j] * base[j * stride + row] }
      let tau = zip(gaps, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      values.tau.append(tau)
      values.g.append(values.g0[row] + tau)
      let variance = zip(gaps, covariance * gaps).reduce(0) { $0 + $1.0 * $1.1 }
      values.standardError.append(max(variance, 0).squareRoot())
    }
    return values
  }

  /// X(x) at one row of covariates.
  ///
  /// - Parameter standardized: deviations from the means in standard deviations.
  func level(at standardized: [Double]) -> Double {
    var level = 0.0
    standardized.withUnsafeBufferPointer { x in
      self.level.add(x.indices.map { x.baseAddress! + $0 }, rowCount: 1, to: &level)
    }
    return level
  }

  /// Writes the answers of all rows of a frame, in their order, to one HDF5 file: `g`, `g0`, `tau` and `standard_error`,
  /// each [n]. Collective.
  ///
  /// - Parameter carried: identifiers to keep beside them.
  /// - Returns: the SHA-256 of the bits of `tau`, on all ranks.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read or the file not be written.
  @discardableResult
  public func write(
    _ frame: Frame, to path: String?, carrying carried: RowOutputs.Carried? = nil, force: Bool
  ) throws -> String {
    let outputs = RowOutputs(
      [.numbers("g"), .numbers("g0"), .numbers("tau"), .numbers("standard_error")], encodingType: "giv-effect-rows")
    return try outputs.write(frame.rows, to: path, carrying: carried, digestOf: "tau", force: force) { chunk in
      let values = try values(frame, chunk: chunk)
      return [values.g, values.g0, values.tau, values.standardError].map(RowOutputs.Values.numbers)
    }
  }
}
