import Communication
import InstrumentalVariables
import LinearAlgebra

/// What quantities follow the groups of single rows by: λ_ik, by the weight Z_ik, and μ_ik, by the share π_k(x_i) where shares
/// are functions of the covariates.
public struct GroupGradient {
  public let quantities: Int
  public let groupCount: Int
  /// Numbers from one column to the next.
  public let stride: Int
  /// λ of quantity a and group k, with all observations that a row stands for, at `(k * quantities + a) * stride + row`.
  public let weights: AlignedBuffer
  /// μ likewise; nil where shares are means of weights, which λ has in it.
  public internal(set) var shares: AlignedBuffer?

  init(quantities: Int, groupCount: Int, rowCount: Int) {
    (self.quantities, self.groupCount, stride) = (quantities, groupCount, Kernel.paddedCount(rowCount))
    weights = AlignedBuffer(count: groupCount * quantities * stride)
  }
}

extension GroupEstimation {
  /// The derivatives of quantities by the parameters of the groups [quantities, ``parameterCount``]. One pass. Collective.
  ///
  /// - Parameter gradient: what the quantities follow the groups of the rows of a chunk by; it must not communicate.
  func derivatives(
    of quantities: Int, over rows: DistributedRows, _ gradient: (_ chunk: Int) throws -> GroupGradient
  ) throws -> Matrix {
    let zero = [Double](repeating: 0, count: quantities * parameterCount)
    let sums = try rows.sum(zero) { sums, chunk in
      try addDerivatives(gradient(chunk), chunk: chunk, to: &sums)
    }
    return Matrix(rows: quantities, columns: parameterCount, values: sums)
  }
}

/// What coefficients of instrumental regressions follow the groups of single rows by.
///
/// With Λ_i = ∂b/∂I_i (``InstrumentDerivatives``), the instruments I_i = Σ_k (Z_ik - π_k) h(f_ik) pass on
/// ```
/// to Z_ik   Λ_i'h(f_ik)
/// to π_k    -Λ_i'h(f_ik)
/// to f_ik   (Z_ik - π_k) Λ_i'h'(f_ik)
/// ```
/// and what estimates π_k and f_k passes it on to Z again (``GroupIndexDerivatives``).
struct GroupDerivatives {
  /// Coefficients of all methods, one after another.
  let count: Int
  private let rows: EffectRows
  private let instruments: InstrumentDerivatives
  private let index: GroupIndexDerivatives

  /// Two passes, or one where no leverage has a part in the coefficients. Collective.
  ///
  /// - Parameter rows: of the regression, with all groups.
  /// - Throws: as ``InstrumentDerivatives``.
  init(
    _ rows: EffectRows, _ regression: InstrumentalRegression,
    _ methods: [(InstrumentalEstimator, InstrumentalCovariance)]
  ) throws {
    let instruments = try InstrumentDerivatives(regression, methods, of: rows)
    let layout = GroupIndexDerivatives.Layout(rows.index, quantities: instruments.coefficientCount)
    let sums = try rows.rows.sum([Double](repeating: 0, count: layout.count)) { sums, chunk in
      let terms = try Self.terms(rows, instruments, chunk)
      if terms.direct.shares == nil {
        for k in 0..<layout.groups {
          for (a, place) in layout.share(k).enumerated() {
            let own = terms.direct.weights.pointer + (k * layout.quantities + a) * terms.direct.stride
            for row in 0..<rows.table.rowCount(chunk) { sums[place] -= own[row] }
          }
        }
      }
      guard let slopes = terms.slopes else { return }
      try GroupIndexDerivatives.add(
        slopes.pointer, rows.index, layout, chunk: chunk, stride: terms.direct.stride, to: &sums)
    }
    (self.rows, self.instruments, count) = (rows, instruments, instruments.coefficientCount)
    index = try GroupIndexDerivatives(rows.index, layout, sums)
  }

  /// Those of the rows of a chunk.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  func gradient(chunk: Int) throws -> GroupGradient {
    let gradient = try Self.terms(rows, instruments, chunk).direct
    try index.add(chunk: chunk, to: gradient.weights.pointer, stride: gradient.stride)
    return gradient
  }

  /// What comes to weights and shares from the instruments themselves, and to the indexes likewise, in the units of the
  /// frame; nil where instruments are no functions of them.
  private static func terms(
    _ rows: EffectRows, _ instruments: InstrumentDerivatives, _ chunk: Int
  ) throws -> (direct: GroupGradient, slopes: AlignedBuffer?) {
    let shared = try EffectColumns(rows, chunk)
    let (rowCount, stride, count) = (shared.rowCount, shared.stride, instruments.coefficientCount)
    var direct = GroupGradient(quantities: count, groupCount: rows.groups.groupCount, rowCount: rowCount)
    let given = AlignedBuffer(count: count * instruments.instrumentCount * stride)
    try rows.withChunk(chunk, shared) { instruments.fill($0, into: given.pointer, stride: stride) }

    func add(_ terms: [UnsafePointer<Double>], ofGroup k: Int, to target: AlignedBuffer) {
      for (column, term) in zip(rows.columns(ofGroup: k, terms: terms.count), terms) {
        for a in 0..<count {
          let own = given.pointer + (a * instruments.instrumentCount + column) * stride
          let sum = target.pointer + (k * count + a) * stride
          for row in 0..<rowCount { sum[row] += own[row] * term[row] }
        }
      }
    }
    for (k, terms) in shared.terms.enumerated() { add(terms, ofGroup: k, to: direct.weights) }
    if shared.sharesDepend {
      let shares = AlignedBuffer(count: direct.weights.count)
      for place in 0..<shares.count { shares.pointer[place] = -direct.weights.pointer[place] }
      direct.shares = shares
    }
    guard let functions = IndexFunctions(rows.instruments, rows.table) else { return (direct, nil) }
    let slopes = AlignedBuffer(count: direct.weights.count)
    let derivatives = AlignedBuffer(count: functions.count * stride)
    let unit = rows.table.treatmentUnit
    for (k, index) in shared.indexes.enumerated() {
      functions.evaluateSlopes(
        index, shared.deviations, rowCount: rowCount, into: derivatives.pointer, stride: stride)
      add(
        (0..<functions.count).map { UnsafePointer(derivatives.pointer + $0 * stride) }, ofGroup: k, to: slopes)
      let (weights, shares) = (shared.weights.pointer + k * stride, shared.shares.pointer + k * stride)
      for a in 0..<count {
        let own = slopes.pointer + (k * count + a) * stride
        for row in 0..<rowCount { own[row] *= unit * (weights[row] - shares[row]) }
      }
    }
    return (direct, slopes)
  }
}
