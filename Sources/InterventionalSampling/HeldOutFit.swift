import LinearAlgebra
import Networks
import Statistics

/// Whether a trained model draws what rows have that it was not trained on.
///
/// For every such row one value is drawn given the row's parents. The differences between the values of rows and those drawn, of
/// levels as 0 and 1, of numbers standardised and bounded to ±3, and of their squares, times 1 and times each input that is no
/// component of a vector, have mean 0 under a right model. The largest of their means in standard errors is told, with its
/// p-value times the number of means (Bonferroni).
public struct HeldOutFit: Sendable, Codable, Equatable {
  public let rowCount: Int
  /// The largest mean, in standard errors.
  public let statistic: Double
  public let pValue: Double

  /// The p-value below which a model is said not to follow the rows.
  public static let doubtfulLevel = 0.001

  public var isDoubtful: Bool { pValue < Self.doubtfulLevel }

  private static let bound = 3.0

  /// What the differences add up to.
  struct Sums {
    private let inputs: [Int]
    private let target: Standardization?
    private let levelCount: Int
    /// Of each function of the variable, times 1 and each input: the sum, and that of squares.
    private var sums: [Double]

    /// - Parameters:
    ///   - inputs: columns that functions of the variable are multiplied by.
    ///   - target: of the variable; nil for a category.
    init(inputs: [Int], target: Standardization?, levelCount: Int) {
      (self.inputs, self.target, self.levelCount) = (inputs, target, levelCount)
      let functions = target.map { 2 * $0.width } ?? levelCount
      sums = Array(repeating: 0, count: 2 * functions * (1 + inputs.count))
    }

    /// Adds rows, whose values lie in columns ``NetworkBlock/stride`` apart.
    mutating func add(
      inputs columns: UnsafePointer<Double>, found: UnsafePointer<Double>, drawn: UnsafePointer<Double>, rowCount: Int
    ) {
      let stride = NetworkBlock.stride
      func bounded(_ value: Double) -> Double { min(bound, max(-bound, value)) }
      for row in 0..<rowCount {
        let factors = [1] + inputs.map { bounded(columns[$0 * stride + row]) }
        var place = 0
        func add(_ difference: Double) {
          for factor in factors {
            sums[place] += difference * factor
            sums[place + 1] += difference * factor * difference * factor
            place += 2
          }
        }
        guard let target else {
          for level in 0..<levelCount {
            add((found[row] == Double(level) ? 1 : 0) - (drawn[row] == Double(level) ? 1 : 0))
          }
          continue
        }
        for component in 0..<target.width {
          func standardized(_ column: UnsafePointer<Double>) -> Double {
            bounded((column[component * stride + row] - target.means[component]) / target.deviations[component])
          }
          let (own, other) = (standardized(found), standardized(drawn))
          add(own - other)
          add(own * own - other * other)
        }
      }
    }

    func completed(rowCount: Int) -> HeldOutFit {
      let count = Double(rowCount)
      let ratios = stride(from: 0, to: sums.count, by: 2).compactMap { place -> Double? in
        let mean = sums[place] / count
        let variance = sums[place + 1] / count - mean * mean
        return variance > 1e-12 ? mean.magnitude / (variance / count).squareRoot() : nil
      }
      let largest = ratios.max() ?? 0
      let tail = StandardNormal().cumulative(-largest)
      return HeldOutFit(rowCount: rowCount, statistic: largest, pValue: min(1, 2 * tail * Double(ratios.count)))
    }
  }
}
