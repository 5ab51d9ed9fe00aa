import ArgumentParser
import CausalGraphs
import Communication
import Diagnostics
import Frames
import InterventionalSampling
import LinearAlgebra
import Reports
import Storage

/// `giv-dist benchmark idgen`: nanoseconds per row of drawing from tables and of joint counts, or of training a model.
struct BenchmarkIdgen: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "idgen",
    abstract:
      "Time draws from a network of tables and the joint counts that its models are learned from, or a training.",
    discussion: """
      Each variable depends on the two before it, by a random table. Counts are by 40 blocks and all combinations of the \
      first four variables, the reduction included. With --model it is minibatches: a mixture of 6 normal laws of \
      a number given another by two layers of 48 tanh, or the flow of a vector given another by two layers of 256 leaky \
      rectifiers, with Adam.
      """)

  @OptionGroup var job: JobOptions
  @Option(help: "The number of rows, of all ranks.")
  var rows = 1_000_000
  @Option(help: "The number of variables.")
  var nodes = 8
  @Option(help: "The number of levels of each.")
  var levels = 3
  @Option(help: "Time the training of such a model: mixture or flow.")
  var model: ModelKind?
  @Option(help: "The numbers of the vectors of a flow. (default: 64)")
  var width: Int?
  @Option(help: "Minibatches of a training. (default: 1000; of a flow 200)")
  var steps: Int?
  @Option(help: "The rows of a minibatch. (default: 256)")
  var batch: Int?
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
    guard model.map({ $0 == .mixture || $0 == .flow }) ?? true else {
      throw ValidationError("--model must be mixture or flow")
    }
    guard (1...1000).contains(width ?? 1), (1...100_000).contains(steps ?? 1), (1...100_000).contains(batch ?? 1) else {
      throw ValidationError("--width must be 1 to 1000, --steps 1 to 100000, --batch 1 to 100000")
    }
    try [
      ScopedOption("--width", width, with: "--model flow", isRead: model == .flow),
      ScopedOption("--steps", steps, with: "--model", isRead: model != nil),
      ScopedOption("--batch", batch, with: "--model", isRead: model != nil),
    ].requireReaders()
  }

  func run(on communicator: any Communicator) throws {
    if let model { return try train(model, on: communicator) }
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

  private struct TrainingReport: Encodable {
    let model: String
    let steps: Int
    let batch: Int
    let parameters: Int
    let ranks: Int
    let kernel: String
    /// Reading what variables are like included.
    let trainingPerRow: BenchmarkTimes
  }

  /// Times fits of one model, in which no row comes up twice.
  private func train(_ kind: ModelKind, on communicator: any Communicator) throws {
    var options = NetworkOptions(graph: "X -> Y", intervened: ["X"], outcome: ["Y"])
    options.models.kinds = ["Y": kind]
    options.models.steps = steps ?? (kind == .flow ? 200 : 1000)
    options.models.batchSize = batch ?? options.models.batchSize
    let rowCount = options.models.steps * options.models.batchSize
    let width = kind == .flow ? self.width ?? 64 : 1
    let own: ColumnKind = kind == .flow ? .vector(width: width) : .real
    let frame = try Frame(
      NormalColumns(width: width), rows: DistributedRows(rowCount: rowCount, communicator: communicator),
      schema: Schema([Column("X", .variable, own), Column("Y", .variable, own)]))
    let graph = try MixedGraph(text: options.graph, file: "the benchmark")
    let estimation = NetworkEstimation(
      options, graph: graph, query: CausalQuery(intervened: [0], outcome: [1]))
    var parameters = 0
    let times = try BenchmarkTimes(per: rowCount, passes: passes, on: communicator) {
      parameters = try estimation.run(on: frame).network[0].parameterCount
    }
    guard communicator.isRoot else { return }
    let report = TrainingReport(
      model: kind.rawValue, steps: options.models.steps, batch: options.models.batchSize, parameters: parameters,
      ranks: communicator.size, kernel: Kernel.name, trainingPerRow: times)
    print(
      json
        ? try jsonText(report)
        : "\(report.steps) minibatches of \(report.batch) rows, \(parameters) parameters, \(report.ranks) "
          + "rank\(report.ranks == 1 ? "" : "s"), kernel \(report.kernel)\n\(line("training by a row", times))")
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

  private func line(_ what: String, _ times: BenchmarkTimes) -> String {
    "\(what): \(format(times.ns, decimals: 2)) ns (least \(format(times.nsMinimum, decimals: 2)); of processor time "
      + "\(format(times.cpuNs, decimals: 2)))"
  }

  private func text(_ report: Report) -> String {
    """
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

/// Columns of numbers, each the sum of the one before it and a normal number.
private struct NormalColumns: ChunkSource {
  /// The numbers of each.
  let width: Int

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    let random = CounterRandom(seed: 1, stream: .test)
    for chunk in chunks {
      let rows = target.grid.rows(ofChunk: chunk)
      for component in 0..<width {
        let (first, second) = (
          target.reals(0, component: component, chunk: chunk), target.reals(1, component: component, chunk: chunk)
        )
        for (offset, row) in rows.enumerated() {
          let (a, b) = random.normalPair(row: row, draw: component)
          (first[offset], second[offset]) = (a, a + b)
        }
      }
    }
  }
}
