import Communication
import Diagnostics
import LinearAlgebra

/// Rows that kernels are told at: drawn without replacement from those with weight, by the number of the row, so that
/// they are the same on any ranks.
struct Landmarks: Sendable {
  /// y, t, x, z of each, in the order of the rows.
  let rows: [[Double]]
  let weights: [Double]

  /// One pass over the weights and one over the rows drawn. Collective.
  ///
  /// - Parameter count: how many at most; nil for all rows with weight.
  init(_ source: some StructuralRows, count: Int?, seed: UInt64) throws {
    let communicator = source.rows.communicator
    let random = CounterRandom(seed: seed, stream: .landmarks)
    var drawn: [(key: Double, row: Int)] = []
    try communicator.agree {
      for chunk in source.rows.localChunks {
        let first = source.rows.grid.rows(ofChunk: chunk).lowerBound
        try source.withChunk(chunk) { block in
          for row in 0..<block.rowCount where (block.weights?[row] ?? 1) > 0 {
            drawn.append((random.uniform(row: first + row, draw: 0), first + row))
          }
        }
        if let count { Self.keepLeast(&drawn, count) }
      }
    }
    let keys = try communicator.allGather(elements: drawn.map(\.key)).joined()
    let numbers = try communicator.allGather(elements: drawn.map(\.row)).joined()
    drawn = Array(zip(keys, numbers))
    Self.keepLeast(&drawn, count ?? drawn.count)
    let wanted = Set(drawn.map(\.row))
    var mine: [Double] = []
    try communicator.agree {
      for chunk in source.rows.localChunks {
        let own = source.rows.grid.rows(ofChunk: chunk)
        let chosen = own.filter(wanted.contains)
        guard !chosen.isEmpty else { continue }
        try source.withChunk(chunk) { block in
          for row in chosen {
            let place = row - own.lowerBound
            mine += [Double(row), block.weights?[place] ?? 1] + block.columns.map { $0[place] }
          }
        }
      }
    }
    let width = 4 + source.covariateCount + source.instrumentCount
    let all = Array(try communicator.allGather(elements: mine).joined())
    let found = stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }.sorted { $0[0] < $1[0] }
    rows = found.map { Array($0.dropFirst(2)) }
    weights = found.map { $0[1] }
  }

  /// As many as the options ask for. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (usage): more than ``NonparametricOptions/exactRows``.
  init(_ source: some StructuralRows, _ options: NonparametricOptions) throws {
    let available = Int(
      try source.rows.sum(0.0) { sum, chunk in
        try source.withChunk(chunk) { block in
          for row in 0..<block.rowCount where (block.weights?[row] ?? 1) > 0 { sum += 1 }
        }
      })
    let count = min(options.landmarks ?? available, available)
    guard count <= options.exactRows else {
      let bytes = Double(count) * Double(count) * Double(Self.bytesPerPair)
      throw Failure(
        .usage,
        "\(count) landmarks are more than the \(options.exactRows) that --exact-rows allows; their kernels need "
          + "\(Self.words(bytes: bytes)) on each rank and a time that grows with their cube; give fewer --landmarks "
          + "(400 by default), or raise --exact-rows")
    }
    try self.init(source, count: count, seed: options.seed)
  }

  /// Two kernels and their features' forms, the products of both sides' features by quarters and of two halves, the
  /// decompositions of one half and its quarters.
  private static let bytesPerPair = 8 * (4 + 8 + 6 + 12)

  private static func words(bytes: Double) -> String {
    bytes < 1e9 ? "\(Int((bytes / 1e6).rounded(.up))) MB" : "\(Int((bytes / 1e9).rounded(.up))) GB"
  }

  /// h with h² half the median of the squared distances between two of them.
  func medianWidth(_ coordinates: KernelCoordinates) -> Double {
    let points = rows.map(coordinates.callAsFunction)
    let squares = points.indices.flatMap { i in
      points[..<i].map { point in
        zip(point, points[i]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
    }.sorted()
    guard let median = squares.isEmpty ? nil : squares[squares.count / 2], median > 0 else {
      return 1
    }
    return (median / 2).squareRoot()
  }

  private static func keepLeast(_ drawn: inout [(key: Double, row: Int)], _ count: Int) {
    guard drawn.count > count else { return }
    drawn.sort { ($0.key, $0.row) < ($1.key, $1.row) }
    drawn.removeLast(drawn.count - count)
  }
}
