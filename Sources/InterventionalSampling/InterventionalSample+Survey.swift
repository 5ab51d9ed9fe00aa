import Communication
import Diagnostics
import Frames
import Storage

extension InterventionalSample {
  /// What all rows come to.
  public struct Survey: Sendable {
    /// The SHA-256 of the names and levels of the variables that rows tell, and of their values in all rows: the same on any
    /// number of ranks, and for rows in any number of files.
    public let digest: String
    /// Of each variable of the outcome, in the order of the question: the rows that have each level; none of numbers.
    public let counts: [[Int]]
    /// Of each number of the outcome, in the order of the question, what it is like.
    public let numbers: [Number]
    /// The share of the rows that went through combinations with fewer than five rows.
    public let rareShare: Double
  }

  /// A number of the outcome over all rows.
  public struct Number: Sendable, Equatable {
    public static let probabilities = [0.05, 0.25, 0.5, 0.75, 0.95]

    public let variable: Int
    /// The variable, or of a vector the component.
    public let name: String
    public let mean: Double
    /// The population's formula: the mean square of deviations.
    public let deviation: Double
    /// At ``probabilities``, interpolated.
    public let quantiles: [Double]
    /// Their Monte Carlo errors: half the distance of the quantiles at p ± √(p (1 - p) / n), between which n draws put the
    /// one at p two times in three.
    public let quantileErrors: [Double]
  }

  /// Draws all rows, and keeps none but the numbers of the outcome. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data`, as of ``draw(_:into:)``.
  public func survey(on communicator: any Communicator) throws -> Survey {
    let rows = DistributedRows(rowCount: rowCount, communicator: communicator)
    let sizes = network.outcome.map { network.variables[$0].levels.count }
    var block = emptyBlock
    var local: [UInt8] = []
    let sums = try rows.sum([Double](repeating: 0, count: 1 + sizes.reduce(0, +))) { partial, chunk in
      let own = rows.grid.rows(ofChunk: chunk)
      try draw(own, into: &block)
      var digest = SHA256Digest()
      for place in variables {
        if let numbers = network.variables[place].numbers {
          for component in 0..<numbers.width { digest.update(Array(block.numbers(of: place, component: component))) }
        } else {
          digest.update(Array(block.levels(of: place)))
        }
      }
      local += digest.finalizeBytes()
      partial[0] += isSound ? 0 : soundShares(of: block).reduce(0) { $0 + (1 - $1) }
      var start = 1
      for (place, size) in zip(network.outcome, sizes) where size > 0 {
        for level in block.levels(of: place) { partial[start + Int(level)] += 1 }
        start += size
      }
    }
    let parts = try communicator.allGather(local)
    var digest = SHA256Digest()
    digest.update(rowCount)
    for place in variables {
      digest.update(network.variables[place].name)
      for level in network.variables[place].levels { digest.update(level) }
    }
    // Ranks own chunks in their order.
    for part in parts { digest.update(part) }
    var rest = sums.dropFirst()
    return Survey(
      digest: digest.finalize(),
      counts: sizes.map { size in
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size).map { Int($0) }
      }, numbers: try numbers(rows), rareShare: rowCount > 0 ? sums[0] / Double(rowCount) : 0)
  }

  private func numbers(_ rows: DistributedRows) throws -> [Number] {
    let components = network.outcome.flatMap { place in
      (0..<(network.variables[place].numbers?.width ?? 0)).map { (variable: place, component: $0) }
    }
    guard !components.isEmpty else { return [] }
    let names = components.map { place in
      let name = network.graph.names[place.variable]
      return network.variables[place.variable].numbers!.width > 1 ? "\(name)[\(place.component)]" : name
    }
    let frame = try Frame(
      OutcomeNumbers(sample: self, places: components), rows: rows,
      schema: Schema(names.map { Column($0, .variable, .real) }))
    let columns = Array(components.indices)
    let ends = Number.probabilities.flatMap { p in
      let error: Double = (p * (1 - p) / Double(rowCount)).squareRoot()
      return [max(0, p - error), p, min(1, p + error)] as [Double]
    }
    let quantiles = try frame.quantiles(of: ends, columns: columns)
    return try frame.summary(of: columns).enumerated().map { index, summary in
      let own = quantiles[index]
      let places = Number.probabilities.indices.map { 3 * $0 + 1 }
      return Number(
        variable: components[index].variable, name: names[index], mean: summary.mean,
        deviation: summary.standardDeviation, quantiles: places.map { own[$0] },
        quantileErrors: places.map { (own[$0 + 1] - own[$0 - 1]) / 2 })
    }
  }
}

/// The numbers of the outcome as columns.
private struct OutcomeNumbers: ChunkSource {
  let sample: InterventionalSample
  let places: [(variable: Int, component: Int)]

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    var block = sample.emptyBlock
    for chunk in chunks {
      try sample.draw(target.grid.rows(ofChunk: chunk), into: &block)
      for (column, place) in places.enumerated() {
        let values = target.reals(column, chunk: chunk)
        for (offset, value) in block.numbers(of: place.variable, component: place.component).enumerated() {
          values[offset] = value
        }
      }
    }
  }
}
