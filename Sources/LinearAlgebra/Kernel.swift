import CKernels
import Diagnostics

/// The hot loops of EM over one chunk of rows, in C, in three instruction sets that give the same bits.
///
/// Rows are worked on eight at a time whatever the machine, every product is added by a fused multiply-add, and the
/// eight lanes of a sum are folded in one order; so results do not depend on the machine or on the choice made here.
public enum Kernel {
  /// Rows worked on together: columns are padded to a multiple of it.
  public static let lanes = Int(GIV_LANES)

  /// The instruction sets, the fastest first.
  public static let names = ["avx512", "avx2", "portable"]

  /// The one in use.
  public static var name: String { String(cString: giv_kernel_name()) }

  /// Chooses an instruction set for the whole process; `nil` chooses the best of this machine.
  ///
  /// - Throws: `Failure` (usage) when there is none of that name, or this machine lacks it.
  public static func select(_ name: String?) throws {
    guard giv_kernel_select(name) == 0 else {
      throw Failure(
        .usage, "no kernel '\(name ?? "")' on this machine: choose avx512, avx2 or portable, or leave the choice to it")
    }
  }

  /// The least multiple of `lanes` that holds `rows` rows.
  public static func paddedCount(_ rows: Int) -> Int { (rows + lanes - 1) / lanes * lanes }

  /// The columns of one chunk: each 64-byte aligned, padded with finite values to a multiple of `lanes` rows, the first
  /// the constant 1. Sums run over up to about a thousand rows at best speed, over any number rightly.
  public struct Block {
    public var columns: UnsafePointer<UnsafePointer<Double>?>
    public var columnCount: Int
    public var rowCount: Int

    public init(columns: UnsafePointer<UnsafePointer<Double>?>, columnCount: Int, rowCount: Int) {
      self.columns = columns
      self.columnCount = columnCount
      self.rowCount = rowCount
    }

    /// The products of the upper triangle by rows, p (p + 1) / 2 of them.
    public var gramCount: Int { columnCount * (columnCount + 1) / 2 }

    var native: giv_block { giv_block(columns: columns, column_count: columnCount, row_count: rowCount) }
  }

  /// How the linear forms of a group lie in memory.
  public enum FormShape: Sendable, Equatable {
    /// Each group has `formCount` forms of one coefficient per column.
    case dense(formCount: Int)
    /// Each group has the rows of a lower triangular whitening of columns 1 ..., its shift on column 0: form f of
    /// 0 ..< p - 1 has f + 2 coefficients.
    case triangular

    /// Coefficients of one group on `columnCount` columns.
    public func coefficientCount(columnCount: Int) -> Int {
      switch self {
      case .dense(let formCount): formCount * columnCount
      case .triangular: columnCount * (columnCount + 1) / 2 - 1
      }
    }
  }

  /// The log densities of K groups at row c: logScales[k] + offsets[k, row] - 1/2 sum over forms f of (form_kf . c)^2.
  ///
  /// With `hard`, a row belongs wholly to the group of its largest log density, the first of equals.
  public struct Mixture {
    public var shape: FormShape
    public var groupCount: Int
    /// The coefficients, group after group.
    public var forms: UnsafePointer<Double>
    /// Log mixing weight + log normalising constant, per group.
    public var logScales: UnsafePointer<Double>
    /// offsets[k * offsetStride + row], readable in whole tiles of 32 rows; nil for 0.
    public var offsets: UnsafePointer<Double>?
    public var offsetStride: Int
    public var hard: Bool

    public init(
      shape: FormShape, groupCount: Int, forms: UnsafePointer<Double>, logScales: UnsafePointer<Double>,
      offsets: UnsafePointer<Double>? = nil, offsetStride: Int = 0, hard: Bool = false
    ) {
      self.shape = shape
      self.groupCount = groupCount
      self.forms = forms
      self.logScales = logScales
      self.offsets = offsets
      self.offsetStride = offsetStride
      self.hard = hard
    }

    var native: giv_mixture {
      var formCount = 0
      if case .dense(let count) = shape { formCount = count }
      return giv_mixture(
        shape: shape == .triangular ? GIV_TRIANGULAR : GIV_DENSE, group_count: groupCount, form_count: formCount,
        forms: forms, log_scale: logScales, offsets: offsets, offset_stride: offsetStride, hard: hard ? 1 : 0)
    }
  }

  /// The sums over a chunk's rows, times their weights, that an E step gives beside responsibilities.
  public struct Totals: Sendable, Equatable {
    /// Sum of log sum_k exp(log density); with hard assignment, of the largest log density.
    public var logLikelihood: Double
    /// - sum of gamma log gamma.
    public var entropy: Double

    init(_ totals: giv_totals) {
      logLikelihood = totals.log_likelihood
      entropy = totals.entropy
    }
  }

  /// Responsibilities of one chunk, gamma[k * stride + row], without the rows' weights; padding rows get 0.
  ///
  /// - Parameters:
  ///   - rowWeights: one per row, or `nil` for 1; they scale the totals only.
  ///   - gamma: 64-byte aligned.
  ///   - stride: a multiple of `lanes`, at least the padded rows.
  /// - Returns: the totals; they are not finite when a row's log densities are not, or are all -infinity.
  public static func responsibilities(
    of block: Block, under mixture: Mixture, rowWeights: UnsafePointer<Double>? = nil,
    into gamma: UnsafeMutablePointer<Double>, stride: Int
  ) -> Totals {
    var block = block.native
    var mixture = mixture.native
    var totals = giv_totals()
    giv_responsibilities(&block, &mixture, rowWeights, gamma, stride, &totals)
    return Totals(totals)
  }

  /// Adds, per group, sum over rows of weights[k * stride + row] x c c', the upper triangle by rows, to `gram`.
  ///
  /// - Parameters:
  ///   - weights: 64-byte aligned, 0 in padding rows.
  ///   - gram: `groupCount` x `block.gramCount` numbers.
  public static func addWeightedGram(
    of block: Block, weights: UnsafePointer<Double>, groupCount: Int, stride: Int, to gram: UnsafeMutablePointer<Double>
  ) {
    var block = block.native
    giv_weighted_gram(&block, weights, groupCount, stride, gram)
  }

  /// Adds the sum over chosen rows of c c', the upper triangle by rows, to `gram`: bit for bit `addWeightedGram` with
  /// weights of 1 over a block of these rows. The way for many columns, up to about 500 rows at a time at best speed.
  ///
  /// - Parameters:
  ///   - columns: without padding, whatever the first of them is.
  ///   - rows: the numbers of the rows, in the order in which they are added.
  ///   - gram: p (p + 1) / 2 numbers of p columns.
  public static func addGram(
    of columns: [UnsafePointer<Double>?], rows: UnsafeBufferPointer<Int>, to gram: UnsafeMutablePointer<Double>
  ) {
    guard let first = rows.baseAddress else { return }
    columns.withUnsafeBufferPointer { giv_gram_of_rows($0.baseAddress, columns.count, first, rows.count, gram) }
  }

  /// The E step and the sums of the M step of one chunk in one go: bit for bit `responsibilities`, times the rows'
  /// weights, into `addWeightedGram`.
  public static func pass(
    over block: Block, under mixture: Mixture, rowWeights: UnsafePointer<Double>? = nil,
    addingGramTo gram: UnsafeMutablePointer<Double>
  ) -> Totals {
    var block = block.native
    var mixture = mixture.native
    var totals = giv_totals()
    giv_pass(&block, &mixture, rowWeights, gram, &totals)
    return Totals(totals)
  }
}
