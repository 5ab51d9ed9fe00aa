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
  /// The law of errors where it is not normal; of dense forms only, and of none with bends.
  package let errors: StudentErrors?

  package init(
    shape: Kernel.FormShape, coefficients: [Double], logScale: [Double], isHard: Bool = false,
    rowTerms: RowTerms? = nil, errors: StudentErrors? = nil
  ) {
    self.shape = shape
    self.coefficients = coefficients
    self.errors = errors
    let dimension = if case .dense(let formCount) = shape { formCount } else { 0 }
    self.logScale = errors.map { errors in logScale.map { $0 + errors.logFactor(dimension: dimension) } } ?? logScale
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
    guard rowTerms != nil || errors != nil else { return body(nil, 0) }
    return withGroupWeights(logScale.count, rowCount: block.rowCount) { offsets, stride in
      let forms = errors != nil || rowTerms?.hasLoss ?? false ? denseForms : []
      rowTerms?.fill(offsets, stride: stride, block, forms: forms)
      errors?.addOffsets(
        offsets, stride: stride, rowCount: block.rowCount, groupCount: logScale.count, dimension: formCount
      ) { fillSquares($0, group: $1, block, forms: forms) }
      return body(offsets, stride)
    }
  }

  /// Gives `body` u of each row and group, see ``StudentErrors``; nil where errors are normal.
  package func withPrecisions<Result>(
    at block: Kernel.Block, _ body: (_ weights: UnsafePointer<Double>?, _ stride: Int) -> Result
  ) -> Result {
    guard let errors else { return body(nil, 0) }
    return withGroupWeights(logScale.count, rowCount: block.rowCount) { weights, stride in
      let forms = denseForms
      for k in logScale.indices {
        let own = weights + k * stride
        fillSquares(own, group: k, block, forms: forms)
        for row in 0..<block.rowCount { own[row] = errors.precision(square: own[row], dimension: formCount) }
      }
      return body(weights, stride)
    }
  }

  /// Gives `body` the sum of the squares of the forms at each row and group, of dense forms, less what form 1 loses.
  package func withSquares(
    at block: Kernel.Block, _ body: (_ squares: UnsafePointer<Double>, _ stride: Int) -> Void
  ) {
    let forms = denseForms
    withGroupWeights(logScale.count, rowCount: block.rowCount) { squares, stride in
      for k in logScale.indices { fillSquares(squares + k * stride, group: k, block, forms: forms) }
      body(squares, stride)
    }
  }

  /// - Parameter forms: those of all groups.
  private func fillSquares(
    _ squares: UnsafeMutablePointer<Double>, group k: Int, _ block: Kernel.Block, forms: [[Double]]
  ) {
    let count = block.rowCount
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * count) { scratch in
      let first = scratch.baseAddress!
      let (residual, loss) = (first + count, first + 2 * count)
      squares.update(repeating: 0, count: count)
      for f in 0..<formCount {
        let values = f == 0 ? first : residual
        block.evaluate(forms[k * formCount + f], into: values)
        if f == 1, let rowTerms, rowTerms.hasLoss {
          rowTerms.fillLoss(loss, group: k, block, first: first)
          for row in 0..<count { values[row] -= loss[row] }
        }
        for row in 0..<count { squares[row] += values[row] * values[row] }
      }
    }
  }

  private var formCount: Int { if case .dense(let formCount) = shape { formCount } else { 0 } }

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
  ///
  /// - Parameter total: the sum of the rows' weights.
  func convergenceScale(total: Double, logLikelihood: Double) -> Double

  /// The same model with groups in another order: group k of the result is group `order[k]` of this one.
  func reordered(_ order: [Int]) -> Self
}

extension MixtureModel {
  public var groupCount: Int { mixingWeights.count }

  public func convergenceScale(total: Double, logLikelihood: Double) -> Double { total }

  /// The same model with its groups by descending share, then by first parameter: one order for equal solutions.
  public var canonical: Self {
    let leading = leadingParameters
    return reordered(
      (0..<groupCount).sorted { (-mixingWeights[$0], leading[$0], $0) < (-mixingWeights[$1], leading[$1], $1) })
  }
}
