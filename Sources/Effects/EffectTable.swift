import Communication
import Diagnostics
import Frames
import LinearAlgebra

/// Covariates, treatment and outcome of a frame in the units in which effects are computed.
///
/// The covariates and the treatment of the frame may have been moved and scaled for a model; the treatment is given back
/// in the units of the data, and covariates as deviations from their means, in the data's units or in standard
/// deviations.
public struct EffectTable: Sendable {
  public private(set) var frame: Frame
  /// How the columns of the frame came from the data.
  let scaling: ColumnScaling
  /// Mean and standard deviation of each covariate and of t in the data's units, over the rows with weight.
  public let covariates: [Location]
  public let treatment: Location
  public let outcome: Location

  /// Where a column lies and how far it spreads.
  public struct Location: Sendable, Codable, Equatable {
    public let mean: Double
    public let standardDeviation: Double
    public let minimum: Double
    public let maximum: Double
  }

  public var rows: DistributedRows { frame.rows }
  public var covariateNames: [String] { frame.covariateNames }

  /// Collective.
  ///
  /// - Parameter scaling: how the covariates and the treatment of the frame came from the data.
  /// - Throws: on all ranks the same ``Failure`` (data): no outcome, or a treatment, an outcome or a covariate with one
  ///   value.
  public init(_ frame: Frame, scaling: ColumnScaling) throws {
    guard frame.roles.contains(.outcome) else {
      throw Failure(.data, "the rows have no outcome, and an effect is on one; name its dataset with --y")
    }
    self.frame = frame
    self.scaling = scaling
    let summaries = try frame.summary()
    let m = frame.covariateCount
    let locations = summaries.enumerated().map { j, summary in
      let (center, scale) = j <= m ? (scaling.centers[j], scaling.scales[j]) : (0, 1)
      return Location(
        mean: center + scale * summary.mean, standardDeviation: scale * summary.standardDeviation,
        minimum: center + scale * summary.minimum, maximum: center + scale * summary.maximum)
    }
    for (summary, what) in zip(summaries, Array(repeating: "covariate", count: m) + ["treatment", "outcome"])
    where summary.isConstant || !(summary.variance > 0) {
      throw Failure(
        .data, "\(what) '\(summary.name)' has one value in all rows with weight; no effect can be found from it")
    }
    covariates = Array(locations[..<m])
    treatment = locations[m]
    outcome = locations[m + 1]
  }

  /// The columns of another frame, or of the same with other weights, moved and scaled as those of this one.
  func over(_ frame: Frame) -> EffectTable {
    var copy = self
    copy.frame = frame
    return copy
  }

  /// For each covariate quantiles in standard deviations from its mean, by their shares. Collective.
  func covariateQuantiles(of shares: [Double]) throws -> [[Double: Double]] {
    let columns = frame.columns(of: .covariate).filter { frame.schema.columns[$0].kind == .real }
    return try frame.quantiles(of: shares, columns: columns).enumerated().map { j, values in
      let location = covariates[j]
      return Dictionary(
        uniqueKeysWithValues: zip(
          shares,
          values.map {
            (scaling.centers[j] + scaling.scales[j] * $0 - location.mean) / location.standardDeviation
          }))
    }
  }

  /// The rows of a chunk in use.
  func rowCount(_ chunk: Int) -> Int { frame.rowCount(ofChunk: chunk) }

  /// Writes the treatment in the units of the data.
  func fillTreatment(_ chunk: Int, into values: UnsafeMutablePointer<Double>) throws {
    let (center, scale) = (scaling.centers[covariates.count], scaling.scales[covariates.count])
    let t = try frame.treatment(chunk: chunk)
    for row in 0..<rowCount(chunk) { values[row] = center + scale * t[row] }
  }

  /// A treatment of the frame in the units of the data.
  func inDataUnits(_ t: Double) -> Double { scaling.centers[covariates.count] + treatmentUnit * t }

  /// What one unit of the frame's treatment is in the units of the data.
  var treatmentUnit: Double { scaling.scales[covariates.count] }

  /// Writes the deviations of each covariate from its mean to `values[j * stride + row]`.
  ///
  /// - Parameter inStandardDeviations: whether they are divided by the standard deviation.
  func fillCovariates(
    _ chunk: Int, inStandardDeviations: Bool, into values: UnsafeMutablePointer<Double>, stride: Int
  ) throws {
    for (j, location) in covariates.enumerated() {
      let x = try frame.pointer(covariate: j, chunk: chunk)
      let unit = inStandardDeviations ? 1 / location.standardDeviation : 1
      let (shift, factor) = ((scaling.centers[j] - location.mean) * unit, scaling.scales[j] * unit)
      let own = values + j * stride
      for row in 0..<rowCount(chunk) { own[row] = shift + factor * x[row] }
    }
  }
}
