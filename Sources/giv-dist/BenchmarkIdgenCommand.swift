import ArgumentParser
import Communication
import Diagnostics
import Frames
import InterventionalSampling
import LinearAlgebra
import Reports
import Storage

/// `giv-dist benchmark idgen`: nanoseconds per row of drawing from tables and of joint counts.
struct BenchmarkIdgen: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "idgen",
    abstract: "Time draws from a network of tables, and the joint counts that its models are learned from.",
    discussion: """
      Each variable depends on the two before it, by a random table. Counts are by 40 blocks and all combinations of the \
      first four variables, the reduction included.
      """)

  @OptionGroup var job: JobOptions
  @Option(help: "The number of rows, of all ranks.")
  var rows = 1_000_000
  @Option(help: "The number of variables.")
  var nodes = 8
  @Option(help: "The number of levels of each.")
  var levels = 3
  @Option(help: "Timed passes; by default as many as take about two seconds.")
  var passes: Int?
  @Flag(help: "Print one JSON object.")
  var json = false

  private static let blocks = 40
  private static let counted = 4

  private struct Report: Encodable {
    let rows: Int
    let nodes: Int
    let levels: Int
    let ranks: Int
    let kernel: String
    let samplingPerRowAndNode: BenchmarkTimes
    let countingPerRow: BenchmarkTimes
  }

  func validate() throws {
    guard rows >= 1000, passes ?? 1 >= 1 else { throw ValidationError("--rows must be at least 1000, --passes 1") }
    guard (Self.counted...100).contains(nodes) else { throw ValidationError("--nodes must be 4 to 100") }
    guard (2...20).contains(levels) else { throw ValidationError("--levels must be 2 to 20") }
  }

  func run(on communicator: any Communicator) throws {
    let distributed = DistributedRows(rowCount: rows, communicator: communicator)
    let sampler = LevelSampler(
      tables, variableCount: nodes, random: CounterRandom(seed: 1, stream: .interventionalRows))
    let sampling = try BenchmarkTimes(per: rows * nodes, passes: passes, on: communicator) {
      var block = RowBlock(RowLayout(categories: nodes))
      for chunk in distributed.localChunks {
        block.take(distributed.grid.rows(ofChunk: chunk))
        sampler.draw(stage: 0, into: &block)
      }
    }
    let frame = try Frame(
      SampledColumns(sampler: sampler, variableCount: nodes), rows: distributed,
      schema: Schema(
        (0..<Self.counted).map {
          Column("v\($0)", .variable, .categorical(levels: (0..<levels).map(String.init)))
        }))
    let variables = try GraphVariables((0..<Self.counted).map { "v\($0)" }, of: frame)
    let table = JointCounts.Table(scope: Array(0..<Self.counted), blocks: Self.blocks)
    let counting = try BenchmarkTimes(per: rows, passes: passes, on: communicator) {
      _ = try JointCounts.sum(variables, [table], over: frame)
    }
    guard communicator.isRoot else { return }
    let report = Report(
      rows: rows, nodes: nodes, levels: levels, ranks: communicator.size, kernel: Kernel.name,
      samplingPerRowAndNode: sampling, countingPerRow: counting)
    print(json ? try jsonText(report) : text(report))
  }

  /// Random laws that leave out no level.
  private var tables: [ConditionalTable] {
    let random = CounterRandom(seed: 1, stream: .test)
    return (0..<nodes).map { node in
      let parents = Array(max(0, node - 2)..<node)
      let laws = parents.reduce(1) { laws, _ in laws * levels }
      let probabilities = (0..<laws).flatMap { law -> [Double] in
        let weights = (0..<levels).map { 0.1 + random.uniform(row: law, draw: node * levels + $0) }
        return weights.map { $0 / weights.reduce(0, +) }
      }
      return ConditionalTable(
        variable: node, parents: parents, levelCount: levels, parentLevelCounts: parents.map { _ in levels },
        probabilities: probabilities, soundShares: probabilities.map { _ in 1 })
    }
  }

  private func text(_ report: Report) -> String {
    func line(_ what: String, _ times: BenchmarkTimes) -> String {
      "\(what): \(format(times.ns, decimals: 2)) ns (least \(format(times.nsMinimum, decimals: 2)); of processor time "
        + "\(format(times.cpuNs, decimals: 2)))"
    }
    return """
      \(report.rows) rows, \(report.nodes) variables of \(report.levels) levels, \(report.ranks) \
      rank\(report.ranks == 1 ? "" : "s"), kernel \(report.kernel)
      \(line("drawing a variable of a row", report.samplingPerRowAndNode))
      \(line("counting a row", report.countingPerRow))
      """
  }
}

/// Rows that a network has drawn, as columns of codes.
private struct SampledColumns: ChunkSource {
  let sampler: LevelSampler
  let variableCount: Int

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    var block = RowBlock(RowLayout(categories: variableCount))
    for chunk in chunks {
      block.take(target.grid.rows(ofChunk: chunk))
      sampler.draw(stage: 0, into: &block)
      for column in target.schema.columns.indices {
        let codes = target.codes(column, chunk: chunk)
        for (offset, level) in block.levels(of: column).enumerated() { codes[offset] = Int64(level) }
      }
    }
  }
}
