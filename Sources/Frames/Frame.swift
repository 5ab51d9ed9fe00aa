import Communication
import Diagnostics

/// This rank's rows, column by column within each chunk of the ``RowGrid``.
///
/// What the columns are is said by the ``Schema``: a column is asked for by its place in it, and found by its role or
/// name. Every column of a chunk is contiguous and 64-byte aligned; unused rows at the end of a chunk are 0. Chunks lie
/// in memory or are read or generated anew in every pass, see ``FrameStorage``, with the same bits either way. So an
/// algorithm asks for the columns of one chunk at a time, in ascending order where it can, and keeps no pointer: it
/// holds until another chunk is asked for, and by one thread. Every accessor of a chunk throws a ``Failure`` when the
/// chunk cannot be read.
///
/// A frame does not change once it is made, except by ``standardize(_:center:scale:)`` and ``takeWeights(as:)``, which
/// must not run beside readers.
public final class Frame: @unchecked Sendable {
  /// The rows of all ranks.
  public let rows: DistributedRows
  public let schema: Schema
  /// The SHA-256 of the content of all ranks, as it was made; see ``computeDigest()``.
  public internal(set) var digest = ""
  /// What the weights are; nil until that is said, and where there are none.
  public private(set) var weightKind: WeightKind?
  /// n of likelihoods, criteria and tests: the number of rows, or the sum of frequencies.
  public private(set) var observationCount: Int

  /// Where chunks come from.
  enum Source {
    case memory(FrameChunks)
    case stream(FrameStream)
  }

  let places: RolePlaces
  private let source: Source
  /// What stands in for the weights of the source.
  public private(set) var replacedWeights: RowColumn?

  init(rows: DistributedRows, schema: Schema, source: Source) {
    self.rows = rows
    self.schema = schema
    self.source = source
    places = RolePlaces(schema)
    observationCount = rows.rowCount
  }

  /// The same rows with other sampling weights.
  ///
  /// - Precondition: the weights of the frame, if it has some, are no frequencies.
  public convenience init(_ frame: Frame, weights: RowColumn) {
    precondition(frame.weightKind != .frequency, "frequencies count rows, which other weights do not")
    self.init(rows: frame.rows, schema: frame.schema, source: frame.source)
    digest = frame.digest
    replacedWeights = weights
    weightKind = .sampling
  }

  /// Whether chunks are read anew in every pass.
  public var isStreamed: Bool { if case .stream = source { true } else { false } }

  /// The columns of a role, by their places in the schema.
  public func columns(of role: Role) -> [Int] { schema.indices(of: role) }

  /// The rows of a chunk that are in use.
  public func rowCount(ofChunk chunk: Int) -> Int { rows.grid.rows(ofChunk: chunk).count }

  /// The numbers of a real column in a chunk of this rank, or one component of a vector; the components of a vector
  /// follow each other at distances of ``RowGrid/columnStride``. NaN is missing.
  ///
  /// - Precondition: the column is real or of vectors.
  public func reals(_ column: Int, component: Int = 0, chunk: Int) throws -> UnsafePointer<Double> {
    try UnsafePointer(chunks(with: chunk).reals(column, component: component, chunk: chunk))
  }

  /// The codes of a column of integers or categories in a chunk of this rank; see ``ColumnKind/missingCode``.
  ///
  /// - Precondition: the column is of this kind.
  public func codes(_ column: Int, chunk: Int) throws -> UnsafePointer<Int64> {
    try UnsafePointer(chunks(with: chunk).codes(column, chunk: chunk))
  }

  func chunks(with chunk: Int) throws -> FrameChunks {
    switch source {
    case .memory(let chunks): chunks
    case .stream(let stream): try stream.chunks(with: chunk)
    }
  }

  /// Replaces the values of real columns by (value - center) / scale, computed as a product with the reciprocal; missing
  /// ones stay missing.
  ///
  /// - Precondition: one center and one positive scale for each column.
  public func standardize(_ columns: [Int], center: [Double], scale: [Double]) {
    precondition(center.count == columns.count && scale.count == columns.count && scale.allSatisfy { $0 > 0 })
    precondition(columns.allSatisfy { schema.columns[$0].kind == .real }, "only real columns have a center")
    apply(
      columns.indices.map {
        AffineStep(
          slot: schema.slots(ofColumn: columns[$0]).lowerBound, shift: center[$0], factor: 1 / scale[$0])
      })
  }

  /// Says what the row weights are. Sampling weights are scaled to mean 1, so that they weigh rows against each other
  /// and sum to the number of rows; frequencies stay. Collective; nothing happens to a frame without weights.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data` when a frequency is no whole number, or they add up to more than
  ///   2^53.
  public func takeWeights(as kind: WeightKind) throws {
    guard let slot = places.weight else { return }
    let sum = try rows.sum([0.0]) { partial, chunk in
      guard let weight = try weight(chunk: chunk) else { return }
      for row in 0..<rowCount(ofChunk: chunk) {
        if kind == .frequency && weight[row] != weight[row].rounded() {
          throw Failure(
            .data,
            "row \(rows.grid.rows(ofChunk: chunk).lowerBound + row) (counted from 0) has the weight \(weight[row]), and "
              + "frequencies are whole numbers of equal rows; take the weights for sampling weights")
        }
        partial[0] += weight[row]
      }
    }[0]
    weightKind = kind
    switch kind {
    case .sampling: apply([AffineStep(slot: slot, shift: 0, factor: Double(rows.rowCount) / sum)])
    case .frequency:
      guard sum <= 0x1p53 else {
        throw Failure(.data, "the frequencies add up to \(sum), which cannot be counted; give --weights sampling")
      }
      observationCount = Int(sum)
    }
  }

  /// How many observations the rows of a chunk stand for each; nil, meaning one, unless weights are frequencies.
  public func frequencies(chunk: Int) throws -> UnsafePointer<Double>? {
    weightKind == .frequency ? try weight(chunk: chunk) : nil
  }

  /// What one observation of the rows of a chunk weighs; nil, meaning one, where weights are frequencies.
  public func observationWeights(chunk: Int) throws -> UnsafePointer<Double>? {
    weightKind == .frequency ? nil : try weight(chunk: chunk)
  }

  /// Applies steps to all rows of this rank: at once to those in memory, to others whenever they are read.
  private func apply(_ steps: [AffineStep]) {
    switch source {
    case .memory(let chunks): chunks.apply(steps)
    case .stream(let stream): stream.append(steps)
    }
  }
}
