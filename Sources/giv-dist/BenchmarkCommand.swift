import ArgumentParser
import Communication
import ControlFunction
import Diagnostics
import LinearAlgebra
import MetaEM
import Mixture
import Reports
import Storage

/// `giv-dist benchmark`: the speed of hot loops beside what the machine can do.
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure hot loops beside the machine's own limits.",
    subcommands: [
      BenchmarkEM.self, BenchmarkNetwork.self, BenchmarkSpo.self, BenchmarkSi.self, BenchmarkIdgen.self,
    ])
}

/// `giv-dist benchmark em`: nanoseconds per row and pass of EM.
struct BenchmarkEM: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "em",
    abstract: "Time EM passes over random rows, the reduction included.",
    discussion: """
      The floor of a pass is the larger of its arithmetic at the rate of this machine's matrix product and its bytes at \
      the rate of a triad, both measured in the same run on as many ranks; logarithm and exponentials are not in it.
      """)

  @OptionGroup var job: JobOptions
  @Option(help: "The number of rows, of all ranks.")
  var rows = 1_000_000
  @Option(help: "The number of columns of (r, t).")
  var dimension = 8
  @Option(help: "The number of groups.")
  var groups = 5
  @Option(help: "How groups differ.")
  var distribution = DistributionKind.gaussian
  @Option(help: "Timed passes; by default as many as take about two seconds.")
  var passes: Int?
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Report: Encodable {
    let rows: Int
    let dimension: Int
    let groups: Int
    let distribution: String
    let ranks: Int
    let kernel: String
    let passes: Int
    /// The median over passes, and the least.
    let nsPerRowPass: Double
    let nsPerRowPassMinimum: Double
    let floorNsPerRowPass: Double
    let rooflineShare: Double
    let gemmGflops: Double
    let triadGBPerSecond: Double
    /// The least time of a reduction of the pass's sums over the ranks, and its share of the median pass.
    let reductionMicroseconds: Double
    let reductionShare: Double
    let dataBytes: Int
  }

  func validate() throws {
    guard rows >= groups, dimension >= 2, groups >= 1, passes ?? 1 >= 1 else {
      throw ValidationError("--rows, --dimension (at least 2), --groups and --passes must be positive")
    }
  }

  func run(on communicator: any Communicator) throws {
    let machine = try MachineLimits.measure(on: communicator)
    let table = try BenchmarkTable.make(rows: rows, columns: dimension, on: communicator)
    let design = Design(table: table, featureNames: table.covariateNames, features: nil)
    let pooled = try design.pooledStatistics()
    let random = CounterRandom(seed: 1, stream: .starts)
    let start = try RegressionMixture.starts(0..<1, groups: groups, pooled: pooled, random: random)[0]
    let times: PassTimes
    switch distribution {
    case .regression: times = try time(start, design)
    case .gaussian: times = try time(GaussianMixture(equation6: start, pooled: pooled, shape: .full), design)
    case .joint: times = try time(jointModel(start, pooled), design)
    case .kmeans:
      let centers = try design.centers(
        0..<1, groups: groups, plusPlus: true, scaled: false, pooled: pooled, random: random)
      times = try time(KMeansMixture(centers: centers[0]), design)
    }
    guard communicator.isRoot else { return }
    let floor = floorSeconds(machine) / Double(rows) * 1e9
    let median = times.median / Double(rows) * 1e9
    let report = Report(
      rows: rows, dimension: dimension, groups: groups, distribution: distribution.rawValue, ranks: communicator.size,
      kernel: Kernel.name, passes: times.count, nsPerRowPass: median,
      nsPerRowPassMinimum: times.minimum / Double(rows) * 1e9, floorNsPerRowPass: floor, rooflineShare: floor / median,
      gemmGflops: machine.flopsPerSecond / 1e9, triadGBPerSecond: machine.bytesPerSecond / 1e9,
      reductionMicroseconds: times.reduction * 1e6, reductionShare: times.reduction / times.median,
      dataBytes: rows * dimension * MemoryLayout<Double>.stride)
    print(json ? try jsonText(report) : text(report))
  }

  /// Per group a multiply and an add for each entry of the Gram matrix's triangle, and for each coefficient of the E
  /// step: a triangle again for Gaussians and K-means, one row for regressions, two for the joint model.
  private func floorSeconds(_ machine: MachineLimits) -> Double {
    let p = Double(dimension + 1)
    let triangle = p * (p + 1) / 2
    let step =
      switch distribution {
      case .regression: p
      case .joint: 2 * p
      case .gaussian, .kmeans: triangle
      }
    let flops = 2 * Double(groups) * (triangle + step) * Double(rows)
    let bytes = Double(rows * dimension * MemoryLayout<Double>.stride)
    return max(flops / machine.flopsPerSecond, bytes / machine.bytesPerSecond)
  }

  /// The columns as those of the joint model: the last two are t and y, half of the rest what t is regressed on.
  private func jointModel(_ start: RegressionMixture, _ pooled: SufficientStatistics) throws -> JointMixture {
    var selection = start
    selection.coefficients = start.coefficients.map { Array($0.prefix(max(1, (dimension + 1) / 2))) }
    return try JointMixture(selection: selection, pooled: pooled)
  }

  private struct PassTimes {
    let median: Double
    let minimum: Double
    let reduction: Double
    let count: Int
  }

  private func time<Model: MixtureModel>(_ model: Model, _ design: Design) throws -> PassTimes {
    let communicator = design.rows.communicator
    let clock = ContinuousClock()
    var model = model
    func pass() throws -> Double {
      try communicator.barrier()
      let begin = clock.now
      let statistics = try design.statistics(of: [model])
      // A group may empty on random rows; the time of a pass does not depend on it.
      var next = model
      if (try? next.maximize(statistics[0])) != nil { model = next }
      return try communicator.maximum([(clock.now - begin) / .seconds(1)])[0]
    }
    let first = try (0..<3).map { _ in try pass() }.min()!
    let count = passes ?? max(5, min(200, Int(2 / first)))
    let times = try (0..<count).map { _ in try pass() }.sorted()
    // The same sums over ranks with nothing to compute.
    let zero = SufficientStatistics(groupCount: model.groupCount, columnCount: design.columnCount)
    let empty = DistributedRows(rowCount: communicator.size, chunkLength: 1, communicator: communicator)
    let reductions = try (0..<50).map { _ in
      try communicator.barrier()
      let begin = clock.now
      _ = try empty.sum(zero) { _, _ in }
      return try communicator.maximum([(clock.now - begin) / .seconds(1)])[0]
    }
    return PassTimes(
      median: times[count / 2], minimum: times[0], reduction: reductions.min()!, count: count)
  }

  private func text(_ report: Report) -> String {
    """
    \(report.distribution), \(report.rows) rows, d = \(report.dimension), K = \(report.groups), \(report.ranks) \
    rank\(report.ranks == 1 ? "" : "s"), kernel \(report.kernel)
    \(format(report.nsPerRowPass, decimals: 2)) ns per row and pass (median of \(report.passes); least \
    \(format(report.nsPerRowPassMinimum, decimals: 2)))
    \(format(100 * report.rooflineShare, decimals: 1))% of the floor of \
    \(format(report.floorNsPerRowPass, decimals: 2)) ns, at \(format(report.gemmGflops, decimals: 1)) GFLOP/s and \
    \(format(report.triadGBPerSecond, decimals: 1)) GB/s
    reduction \(format(report.reductionMicroseconds, decimals: 1)) us, \
    \(format(100 * report.reductionShare, decimals: 2))% of a pass
    """
  }
}
