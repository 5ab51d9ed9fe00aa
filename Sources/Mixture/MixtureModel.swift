import Communication
import Diagnostics
import LinearAlgebra

/// What the E step needs of a model, in the shape of the kernels: the log density of group k at c = (1, r, t) is
/// `logScale[k]` - 1/2 Σ_f (form_kf · c)², and what ``RowTerms`` add to it.
public struct MixtureForms: Sendable {
  let shape: Kernel.FormShape
  let coefficients: [Double]
  let logScale: [Double]
  /// Whether a row belongs wholly to its likeliest group (K-means).
  var isHard = false
  /// What is added to the log density of each row; of two dense forms only.
  package var rowTerms: RowTerms?

  package init(
    shape: Kernel.FormShape, coefficients: [Double], logScale: [Double], isHard: Bool = false, rowTerms: RowTerms? = nil
  ) {
    self.shape = shape
    self.coefficients = coefficients
    self.logScale = logScale
    self.isHard = isHard
    self.rowTerms = rowTerms
  }

  /// Gives `body` the mixture at the rows of a block.
  package func withKernelMixture<Result>(at block: Kernel.Block, _ body: (Kernel.Mixture) -> Result) -> Result {
    withOffsets(at: block) { offsets, stride in
      coefficients.withUnsafeBufferPointer { coefficients in
        logScale.withUnsafeBufferPointer { logScale in
          body(
            Kernel.Mixture(
              shape: shape, groupCount: logScale.count, forms: coefficients.baseAddress!,
              logScales: logScale.baseAddress!, offsets: offsets, offsetStride: stride, hard: isHard))
        }
      }
    }
  }

  private func withOffsets<Result>(
    at block: Kernel.Block, _ body: (UnsafePointer<Double>?, _ stride: Int) -> Result
  ) -> Result {
    guard let rowTerms else { return body(nil, 0) }
    return withGroupWeights(logScale.count, rowCount: block.rowCount) { offsets, stride in
      let forms = rowTerms.bends.isEmpty ? [] : denseForms
      rowTerms.fill(offsets, stride: stride, block, forms: forms)
      return body(offsets, stride)
    }
  }

  /// The dense forms one by one.
  var denseForms: [[Double]] {
    guard case .dense(let formCount) = shape else { return [] }
    let length = coefficients.count / (logScale.count * formCount)
    return (0..<logScale.count * formCount).map { Array(coefficients[$0 * length..<($0 + 1) * length]) }
  }
}

/// A distribution block: a mixture of K groups over c = (1, r, t), by its E step and its M step.
public protocol MixtureModel: Sendable, Codable {
  /// π_k, the share of each group.
  var mixingWeights: [Double] { get }
  /// The E step.
  var forms: MixtureForms { get }
  /// The number of free parameters.
  var parameterCount: Int { get }
  /// Orders groups of equal share: the first parameter of each group.
  var leadingParameters: [Double] { get }

  /// The M step: the parameters that maximise the expected log-likelihood of `statistics`.
  ///
  /// - Returns: what had to be done to keep a group from degenerating, without its number: groups are ordered later.
  /// - Throws: ``DegenerateGroup`` when a group has too few rows to go on with.
  mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding]

  /// What the tolerance of ``Convergence`` is a share of: the number of rows, unless the likelihood has units.
  func convergenceScale(_ statistics: SufficientStatistics) -> Double

  /// The same model with groups in another order: group k of the result is group `order[k]` of this one.
  func reordered(_ order: [Int]) -> Self
}

extension MixtureModel {
  public var groupCount: Int { mixingWeights.count }

  public func convergenceScale(_ statistics: SufficientStatistics) -> Double { statistics.total }

  /// The same model with its groups by descending share, then by first parameter: one order for equal solutions.
  public var canonical: Self {
    let leading = leadingParameters
    return reordered(
      (0..<groupCount).sorted { (-mixingWeights[$0], leading[$0], $0) < (-mixingWeights[$1], leading[$1], $1) })
  }
}
