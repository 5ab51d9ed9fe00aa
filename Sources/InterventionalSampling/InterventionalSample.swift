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

  public let network: InterventionalNetwork
  public let rowCount: Int
  public let seed: UInt64
  /// The variables that rows tell, by places in the graph.
  public let variables: [Int]

  private let settings: InterventionSettings
  private let sampler: RowSampler
  /// What is seen and not set instead.
  private let seen: [Int]

  /// - Parameters:
  ///   - all: whether rows tell all that is set, seen or drawn, or the outcome alone.
  ///   - drawsFreeInputs: whether free inputs have their law in the data; else the settings have their values too.
  public init(
    _ network: InterventionalNetwork, _ settings: InterventionSettings, rowCount: Int, seed: UInt64, all: Bool,
    drawsFreeInputs: Bool = true
  ) {
    self.network = network
    self.settings = settings
    self.rowCount = rowCount
    self.seed = seed
    seen = network.plan.query.given.sorted()
    let models = (drawsFreeInputs ? network.free : []) + network.network
    let known = Set(network.intervened + network.given + network.outcome + models.flatMap(\.variables))
    variables = all ? network.graph.names.indices.filter(known.contains) : network.outcome
    sampler = RowSampler(
      models, variableCount: network.graph.names.count,
      levels: CounterRandom(seed: seed, stream: .interventionalRows),
      numbers: CounterRandom(seed: seed, stream: .interventionalNumbers))
  }

  /// A place for ``RowBlock/length`` rows.
  package var emptyBlock: RowBlock { RowBlock(network.layout) }

  /// Draws consecutive rows.
  ///
  /// - Throws: ``Failure`` `data` when what is seen hardly ever occurs under the intervention.
  package func draw(_ rows: Range<Int>, into block: inout RowBlock) throws {
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

  /// Whether all tables were learned on rows enough everywhere.
  var isSound: Bool { sampler.isSound }

  /// For every row of a block the share of its draws that was learned on rows enough.
  func soundShares(of block: RowBlock) -> [Double] { sampler.soundShares(of: block) }

  private func unseen(row: Int) -> Failure {
    let names = seen.map { network.graph.names[$0] }.joined(separator: ", ")
    return Failure(
      .data,
      "row \(row) (counted from 0): in \(Self.mostDraws) draws under the intervention '\(names)' never had the value that is "
        + "given; choose one that occurs there")
  }
}
