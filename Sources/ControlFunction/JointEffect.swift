import Frames
import LinearAlgebra
import Mixture
import Statistics

/// A coefficient of the effect of t on y, in the units of the data.
public struct EffectCoefficient: Sendable, Codable, Equatable {
  /// The basis term: `t`, `t^2`, `t*x1` … or `t.bs1` …, the functions of a spline.
  public let name: String
  public let value: Double
  /// The standard error from the sandwich; nil when the likelihood has no regular maximum here.
  public let standardError: Double?
  /// Of Student's quantiles, where errors come from few clusters; nil for normal ones.
  public let degreesOfFreedom: Double?
  /// The 95% interval.
  public var interval: ClosedRange<Double>? {
    let quantile = degreesOfFreedom.map { StudentT(degreesOfFreedom: $0).quantile(0.975) } ?? Self.normalQuantile
    return standardError.map { value - quantile * $0...value + quantile * $0 }
  }

  /// Of the standard normal law at .975.
  private static let normalQuantile = 1.959963984540054
}

/// The effect of setting the treatment to t instead of 0, averaged over the rows.
public struct EffectPoint: Sendable, Codable, Equatable {
  public let t: Double
  /// The mean over rows of the effect of t, mean_i [g(t, x_i) - g(0, x_i)].
  public let tau: Double
  /// The standard error of `tau`; nil when the likelihood has no regular maximum here.
  public let standardError: Double?
}

/// A fitted joint model with all that it takes to say what t does to y, in the units of the data.
public struct JointModel: Sendable, Codable {
  public let covariateNames: [String]
  public let treatmentName: String
  public let outcomeName: String
  /// The affine map by which x and t of the table came from the data.
  public let tableScaling: ColumnScaling
  public let basis: JointBasis
  public private(set) var mixture: JointMixture
  /// b without the noise in which t was measured, see ``ErrorExtrapolation``; nil where it is that of the mixture.
  private var correctedCoefficients: [Double]?

  init(
    covariateNames: [String], treatmentName: String, outcomeName: String, tableScaling: ColumnScaling,
    basis: JointBasis, mixture: JointMixture
  ) {
    (self.covariateNames, self.treatmentName, self.outcomeName) = (covariateNames, treatmentName, outcomeName)
    (self.tableScaling, self.basis, self.mixture) = (tableScaling, basis, mixture)
  }

  /// The same columns with another mixture.
  public func replacing(_ mixture: JointMixture) -> JointModel {
    var copy = self
    copy.mixture = mixture
    copy.correctedCoefficients = nil
    return copy
  }

  /// The same groups with coefficients of the outcome that effects are to be read from.
  func corrected(_ coefficients: [Double]) -> JointModel {
    var copy = self
    copy.correctedCoefficients = coefficients
    return copy
  }

  /// b, of which effects are combinations.
  public var outcomeCoefficients: [Double] { correctedCoefficients ?? mixture.outcomeCoefficients }
  /// Whether effects are not those of the mixture, but of a treatment without noise.
  public var isCorrected: Bool { correctedCoefficients != nil }

  /// The columns of the model on rows that `tableScaling` was applied to.
  ///
  /// - Precondition: `table` holds the outcome.
  public func design(of table: Frame) -> Design { Design(table: table, basis: basis, subset: nil) }

  /// Mean and scale of x_1 … x_m, t, y in the units of the data.
  private var dataScaling: ColumnScaling {
    var result = basis.scaling
    for j in tableScaling.centers.indices {
      result.centers[j] = tableScaling.centers[j] + tableScaling.scales[j] * basis.scaling.centers[j]
      result.scales[j] = tableScaling.scales[j] * basis.scaling.scales[j]
    }
    return result
  }

  /// t of the data in the units of the table.
  private func inTableUnits(_ t: Double) -> Double {
    (t - tableScaling.centers[basis.covariateCount]) / tableScaling.scales[basis.covariateCount]
  }

  /// β_k, the regression of t on (1, ρ(x)) in a group, in the units of the data; where ρ is curves, of which each is what
  /// it is, in those of t.
  public func treatmentCoefficients(group: Int) -> [Double] {
    basis.inUnits(of: dataScaling, mixture.selectionCoefficients[group])
  }

  package var outcomeScale: Double { basis.scaling.scales[basis.covariateCount + 1] }
  package var treatmentCenter: Double { dataScaling.centers[basis.covariateCount] }
  package var treatmentScale: Double { dataScaling.scales[basis.covariateCount] }
  var covariateScales: [Double] { Array(dataScaling.scales.prefix(basis.covariateCount)) }

  /// The effect terms with the combination of b that each of them is, in the units of the data.
  var effectTerms: [(name: String, weights: [Double])] {
    let m = basis.covariateCount
    let scaling = dataScaling
    let (center, scale, outcomeScale) = (scaling.centers[m], scaling.scales[m], scaling.scales[m + 1])
    let treatmentColumn = basis.columnCount - 2
    let t = basis.treatmentFactor
    var linear = Array(repeating: 0.0, count: basis.columnCount - 1)
    linear[treatmentColumn] = outcomeScale / scale
    var others: [(String, [Double])] = []
    for (column, product) in zip(basis.treatmentColumns, basis.treatmentProducts) {
      var weights = Array(repeating: 0.0, count: basis.columnCount - 1)
      if product == [t, t] {
        weights[column] = outcomeScale / (scale * scale)
        linear[column] = -2 * center * weights[column]
        others.append(("t^2", weights))
      } else if let j = (0..<m).first(where: { product == [basis.factor($0), t] }) {
        weights[column] = outcomeScale / (scale * scaling.scales[j])
        linear[column] = -scaling.centers[j] * weights[column]
        others.append(("t*\(covariateNames[j])", weights))
      } else {
        weights[column] = outcomeScale
        others.append(("t.bs\(others.count + 1)", weights))
      }
    }
    return [("t", linear)] + others
  }

  /// The combination of b that is the mean effect of t instead of 0, for several t.
  func curveWeights(_ treatments: [Double]) -> [[Double]] {
    let functions = basis.treatmentFunctions(at: ([0] + treatments).map(inTableUnits))
    let columns = Array(basis.treatmentColumns) + [basis.columnCount - 2]
    let interactions = Set(
      basis.treatmentProducts.indices.filter { index in
        basis.treatmentProducts[index].contains { $0 < basis.treatmentFactor }
      })
    return functions.dropFirst().map { values in
      var weights = Array(repeating: 0.0, count: basis.columnCount - 1)
      // Over the rows the mean of x, and so of every interaction, is 0.
      for (index, column) in columns.enumerated() where !interactions.contains(index) {
        weights[column] = outcomeScale * (values[index] - functions[0][index])
      }
      return weights
    }
  }

  /// τ(t_i, x_i) = g(t_i, x_i) - g(0, x_i) of the rows of a chunk, in the units of the outcome.
  ///
  /// - Parameter design: of rows that `tableScaling` was applied to.
  /// - Throws: ``Failure`` when the table cannot read the chunk.
  public func effects(_ design: Design, chunk: DesignChunk) throws -> [Double] {
    let count = chunk.rows.count
    let treatment = try design.treatment(ofChunk: chunk)
    let covariates = try design.covariates(ofChunk: chunk)
    let (scaling, b, m) = (basis.scaling, outcomeCoefficients, basis.covariateCount)
    let zero = inTableUnits(0)
    let functions = basis.treatmentFunctions(at: [zero] + (0..<count).map { treatment[$0] })
    let columns = Array(basis.treatmentColumns) + [basis.columnCount - 2]
    let interactions = zip(basis.treatmentColumns, basis.treatmentProducts).compactMap { column, product in
      (0..<m).first { product == [basis.factor($0), basis.treatmentFactor] }.map { (column, $0) }
    }
    return (0..<count).map { row in
      var effect = 0.0
      // At the mean of x, where interactions are 0; then these.
      for (index, column) in columns.enumerated() {
        effect += b[column] * (functions[row + 1][index] - functions[0][index])
      }
      let step = (treatment[row] - zero) / scaling.scales[m]
      for (column, j) in interactions {
        effect += b[column] * step * (covariates[j][row] - scaling.centers[j]) / scaling.scales[j]
      }
      return outcomeScale * effect
    }
  }
}

extension [Double] {
  /// Σ_j self_j other_j.
  func combined(with other: [Double]) -> Double {
    zip(self, other).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
