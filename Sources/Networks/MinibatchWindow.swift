import Communication

/// The rows of some consecutive steps' minibatches, brought to the ranks that need them by one exchange.
///
/// A minibatch takes rows from every rank, a few each; to fetch them for many steps at once costs one message to each rank
/// where the steps would cost one each.
public struct MinibatchWindow: Sendable {
  /// Bytes that a window should not exceed.
  private static let byteLimit = 1 << 24

  public let steps: Range<Int>
  public let batchSize: Int
  /// Values of a row.
  public let width: Int
  /// The global row of each place of each step.
  private let rows: [Int]
  private let fetched: FetchedRows

  /// Writes the values of a global row.
  public typealias RowCopy = (_ row: Int, _ values: UnsafeMutablePointer<Double>) -> Void

  /// Fetches the minibatches of `steps`. Collective.
  ///
  /// - Parameters:
  ///   - rows: the rows of all ranks, among which the sampler draws.
  ///   - recipients: which places of each minibatch ranks get the values of.
  ///   - width: the number of values of a row.
  ///   - chunkCopy: gives the copy of the rows of a chunk of this rank. It is called at most once for each chunk,
  ///     in ascending order, and must not communicate; what it gives is not used after the next call.
  package init(
    steps: Range<Int>, sampler: MinibatchSampler, from rows: DistributedRows, for recipients: Recipients = .all,
    width: Int, chunkCopy: (_ chunk: Int) throws -> RowCopy
  ) throws {
    try self.init(
      steps: steps, batchSize: sampler.batchSize, drawn: steps.flatMap { sampler.rows(ofStep: $0) }, from: rows,
      for: recipients, width: width, chunkCopy: chunkCopy)
  }

  /// Fetches given global rows as the minibatch of step 0, for all ranks. Collective.
  public init(
    fetching drawn: [Int], from rows: DistributedRows, width: Int, chunkCopy: (_ chunk: Int) throws -> RowCopy
  ) throws {
    try self.init(
      steps: 0..<1, batchSize: drawn.count, drawn: drawn, from: rows, for: .all, width: width, chunkCopy: chunkCopy)
  }

  private init(
    steps: Range<Int>, batchSize: Int, drawn: [Int], from rows: DistributedRows, for recipients: Recipients, width: Int,
    chunkCopy: (_ chunk: Int) throws -> RowCopy
  ) throws {
    self.steps = steps
    self.batchSize = batchSize
    self.width = width
    self.rows = drawn
    fetched = try rows.fetch(drawn, length: batchSize, for: recipients, width: width) {
      try Self.values($0, of: rows, width: width, chunkCopy: chunkCopy)
    }
  }

  /// The values of rows of this rank, in their order, fetched chunk by chunk: a streamed table reads each chunk once.
  private static func values(
    _ rows: [Int], of all: DistributedRows, width: Int, chunkCopy: (_ chunk: Int) throws -> RowCopy
  ) throws -> [Double] {
    let chunks = all.localChunks
    var places = [[Int]](repeating: [], count: chunks.count)
    for (place, row) in rows.enumerated() { places[all.grid.chunk(ofRow: row) - chunks.lowerBound].append(place) }
    // A streamed table reads ahead when no chunk is passed over.
    let isPass = 2 * places.count(where: \.isEmpty) < chunks.count
    return try [Double](unsafeUninitializedCapacity: rows.count * width) { values, count in
      for (chunk, places) in zip(chunks, places) where isPass || !places.isEmpty {
        let copy = try chunkCopy(chunk)
        for place in places { copy(rows[place], values.baseAddress! + place * width) }
      }
      count = rows.count * width
    }
  }

  /// Steps that a window may hold: at least one.
  public static func stepCount(batchSize: Int, width: Int) -> Int {
    max(1, byteLimit / (batchSize * width * MemoryLayout<Double>.stride))
  }

  /// The global rows at some places of a step's minibatch.
  public func rows(ofStep step: Int, places: Range<Int>) -> ArraySlice<Int> {
    let first = (step - steps.lowerBound) * batchSize
    return rows[first + places.lowerBound..<first + places.upperBound]
  }

  /// Copies some values of the rows at some places of a step's minibatch, which this rank has, as columns: value j of
  /// place i to
  /// `target[(j - columns.lowerBound) * stride + i - places.lowerBound]`.
  public func copy(
    _ columns: Range<Int>, ofStep step: Int, places: Range<Int>, to target: UnsafeMutablePointer<Double>, stride: Int
  ) {
    precondition(steps.contains(step) && fetched.places.contains(places) && columns.upperBound <= width)
    fetched.values.withUnsafeBufferPointer { values in
      let offset = (step - steps.lowerBound) * fetched.places.count + places.lowerBound - fetched.places.lowerBound
      let first = offset * width + columns.lowerBound
      for i in 0..<places.count {
        for j in 0..<columns.count { target[j * stride + i] = values[first + i * width + j] }
      }
    }
  }
}
