import CausalGraphs
import Communication
import Diagnostics
import LinearAlgebra
import Storage

/// Rows of a graph's variables under an intervention, drawn from a network of models.
///
/// Every row is a pure function of (network, settings, seed, row number), whoever draws it and in whatever order: first the
/// free inputs by their law in the data, then the models in order. Where something is seen that could not be set
/// instead, a row is drawn again until it has what is seen.
public struct InterventionalSample: Sendable {
  /// Draws of a row until it has what is seen.
  static let mostDraws = 100_000
  /// The shares of rows through combinations with fewer than five rows above which a sample is to be doubted, and is refused.
  public static let doubtfulShare = InterventionalResult.doubtfulShare
  public static let refusedShare = InterventionalResult.refusedShare

  public let network: InterventionalNetwork
  public let rowCount: Int
  public let seed: UInt64
  /// The variables that rows tell, by places in the graph.
  public let variables: [Int]

  private let settings: InterventionSettings
  private let sampler: LevelSampler
  /// What is seen and not set instead.
  private let seen: [Int]

  /// - Parameter all: whether rows tell all that is set, seen or drawn, or the outcome alone.
  public init(
    _ network: InterventionalNetwork, _ settings: InterventionSettings, rowCount: Int, seed: UInt64, all: Bool
  ) {
    self.network = network
    self.settings = settings
    self.rowCount = rowCount
    self.seed = seed
    seen = network.plan.query.given.sorted()
    let tables = network.free + network.network
    let known = Set(network.intervened + network.given + network.outcome + tables.map(\.variable))
    variables = all ? network.graph.names.indices.filter(known.contains) : network.outcome
    sampler = LevelSampler(
      tables, variableCount: network.graph.names.count, random: CounterRandom(seed: seed, stream: .interventionalRows))
  }

  /// A place for the levels of ``LevelBlock/length`` rows.
  package var emptyBlock: LevelBlock { LevelBlock(variableCount: network.graph.names.count) }

  /// Draws consecutive rows.
  ///
  /// - Throws: ``Failure`` `data` when what is seen hardly ever occurs under the intervention.
  package func draw(_ rows: Range<Int>, into block: inout LevelBlock) throws {
    block.take(rows)
    try settings.fill(&block, rows: rows)
    let wanted = seen.map { Array(block.levels(of: $0)) }
    sampler.draw(stage: 0, into: &block)
    guard !seen.isEmpty else { return }
    var pending = rows.indices.map { $0 - rows.lowerBound }
    pending.removeAll { row in seen.indices.allSatisfy { block[seen[$0], row] == wanted[$0][row] } }
    var trial = emptyBlock
    var stage = 1
    while !pending.isEmpty {
      guard stage < Self.mostDraws else { throw unseen(row: rows.lowerBound + pending[0]) }
      trial.take(pending, of: block)
      sampler.draw(stage: stage, into: &trial)
      let hits = pending.indices.filter { index in
        seen.indices.allSatisfy { trial[seen[$0], index] == wanted[$0][pending[index]] }
      }
      trial.put(hits, rows: hits.map { pending[$0] }, into: &block)
      let found = Set(hits)
      pending = pending.indices.filter { !found.contains($0) }.map { pending[$0] }
      stage += 1
    }
  }

  private func unseen(row: Int) -> Failure {
    let names = seen.map { network.graph.names[$0] }.joined(separator: ", ")
    return Failure(
      .data,
      "row \(row) (counted from 0): in \(Self.mostDraws) draws under the intervention '\(names)' never had the value that is "
        + "given; choose one that occurs there")
  }
}

// MARK: - What the rows are

extension InterventionalSample {
  /// What all rows come to.
  public struct Survey: Sendable {
    /// The SHA-256 of the names and levels of the variables that rows tell, and of their levels in all rows: the same on any
    /// number of ranks, and for rows in any number of files.
    public let digest: String
    /// Of each variable of the outcome, in the order of the question: the rows that have each level.
    public let counts: [[Int]]
    /// The share of the rows that went through combinations with fewer than five rows.
    public let rareShare: Double
  }

  /// Draws all rows, and keeps none. Collective.
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
      for place in variables { digest.update(Array(block.levels(of: place))) }
      local += digest.finalizeBytes()
      partial[0] += sampler.isSound ? 0 : sampler.soundShares(of: block).reduce(0) { $0 + (1 - $1) }
      var start = 1
      for (place, size) in zip(network.outcome, sizes) {
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
      }, rareShare: rowCount > 0 ? sums[0] / Double(rowCount) : 0)
  }
}
