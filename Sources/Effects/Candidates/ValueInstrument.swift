import Features
import Frames

/// Real columns as an instrument: one group whose treatment is a function of them instead of the covariates.
///
/// The index of the group is f = E[t | columns], cross-fitted as those of groups are, and the instruments are the functions
/// of the treatment at f, f times covariates and so on. Nothing is recentred, for the mean of f given the covariates is not
/// known: the instruments are valid as far as the controls fit what the columns share with the covariates.
public struct ValueInstrument: GroupInstrument {
  public let groupNames: [String]
  /// The rows with the columns of the instrument for covariates.
  public let values: Frame
  /// Whether some column is none of the controls, nor made of them alone.
  public let isExcluded: Bool

  /// The degree of the polynomials of the columns that the treatment is regressed on.
  private static let degree = 3

  /// - Parameter values: rows, treatments and weights of the frame that is fitted, in its units, with the instrument's
  ///   columns for covariates.
  public init(_ values: Frame, excluded: Bool) {
    self.values = values
    isExcluded = excluded
    groupNames = [values.covariateNames.joined(separator: "+")]
  }

  public var causes: Frame? { values }

  /// What f is linear in.
  public var features: any FeatureMap {
    PolynomialBasis(
      degree: Self.degree, covariateNames: values.covariateNames,
      origin: Array(repeating: 0, count: values.covariateCount))
  }

  /// The same columns; f follows the weights of the rows.
  public func reestimated(on frame: Frame) -> any GroupInstrument {
    frame.replacedWeights.map { ValueInstrument(Frame(values, weights: $0), excluded: isExcluded) } ?? self
  }

  public func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws {
    weights.update(repeating: 1, count: values.rowCount(ofChunk: chunk))
  }

  public func fillShares(_ chunk: Int, into shares: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool {
    shares.update(repeating: 0, count: values.rowCount(ofChunk: chunk))
    return true
  }
}
