import Frames
import LinearAlgebra
import Mixture

/// The mean effect of one treatment instead of another.
public struct JointContrast: Sendable, Codable, Equatable {
  public let from: Double
  public let to: Double
  public let effect: EffectCoefficient
}

extension JointModel {
  /// E[∂g/∂t] over the rows of a design, as a combination of b in the units of the data. One pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when a chunk cannot be read.
  package func averageSlopeWeights(_ design: Design) throws -> [Double] {
    let columns = Array(basis.treatmentColumns) + [basis.columnCount - 2]
    let sums = try design.rows.sum([Double](repeating: 0, count: columns.count + 1)) { sums, chunk in
      let (treatment, weights) = (try design.treatment(ofChunk: chunk), try design.weights(ofChunk: chunk))
      let slopes = basis.treatmentSlopes(at: (0..<chunk.rows.count).map { treatment[$0] })
      for (row, slopes) in slopes.enumerated() {
        let weight = weights?[row] ?? 1
        sums[columns.count] += weight
        for (place, slope) in slopes.enumerated() { sums[place] += weight * slope }
      }
    }
    // Of t in the units of the table.
    let unit = outcomeScale / tableScaling.scales[basis.covariateCount]
    var weights = Array(repeating: 0.0, count: basis.columnCount - 1)
    // Over the rows the mean of x, and so of the slope of every interaction, is 0.
    for (place, column) in columns.enumerated() { weights[column] = unit * sums[place] / sums[columns.count] }
    return weights
  }

  /// The mean effect of t instead of another treatment, as a combination of b, for several t.
  package func effectWeights(of treatments: [Double], against reference: Double) -> [[Double]] {
    let weights = curveWeights([reference] + treatments)
    return weights.dropFirst().map { zip($0, weights[0]).map { $0 - $1 } }
  }

  /// - Parameter covariance: nil when the likelihood is no regular maximum.
  func combination(_ name: String, _ weights: [Double], _ covariance: OutcomeCovariance?) -> EffectCoefficient {
    EffectCoefficient(
      name: name, value: weights.combined(with: outcomeCoefficients),
      standardError: covariance?.standardError(of: weights),
      degreesOfFreedom: covariance?.degreesOfFreedom)
  }

  /// The mean effects of the quartiles of t instead of each other, of those that differ.
  func contrasts(atQuartiles quartiles: [Double], _ covariance: OutcomeCovariance?) -> [JointContrast] {
    [(0, 1), (1, 2), (0, 2)].map { (quartiles[$0.0], quartiles[$0.1]) }.filter { $0.0 < $0.1 }
      .map { contrast(from: $0, to: $1, covariance) }
  }

  func contrast(from: Double, to: Double, _ covariance: OutcomeCovariance?) -> JointContrast {
    JointContrast(
      from: from, to: to, effect: combination("contrast", effectWeights(of: [to], against: from)[0], covariance))
  }
}
