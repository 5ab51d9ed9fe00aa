import ArgumentParser
import Communication
import Diagnostics
import Frames
import Glibc
import LinearAlgebra
import Reports
import Runs
import Storage
import SyntheticPotentialOutcomes

/// `giv-dist benchmark spo`: nanoseconds per row of the moments of synthetic potential outcomes.
struct BenchmarkSpo: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "spo",
    abstract: "Time the moments of synthetic potential outcomes over random rows, the reduction included.")

  @OptionGroup var job: JobOptions
  @Option(help: "The number of rows, of all ranks.")
  var rows = 1_000_000
  @Option(help: "The features of both sides: onehot:4x4, joint cells; or real:4+4, the constant and three numbers.")
  var features = "onehot:4x4"
  @Option(help: "Timed passes; by default as many as take about two seconds.")
  var passes: Int?
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Report: Encodable {
    let rows: Int
    let features: String
    let ranks: Int
    let kernel: String
    let passes: Int
    /// The median over passes, and the least.
    let nsPerRow: Double
    let nsPerRowMinimum: Double
    /// The least processor time of the root, which other things on a busy machine do not lengthen.
    let cpuNsPerRow: Double
    /// The same of a plain sum of the columns: what reading the rows takes.
    let readingNsPerRow: Double
    let bytesPerRow: Int
    /// From the moments to all answers: jackknife, tests, solvers.
    let answerSeconds: Double
  }

  func validate() throws {
    guard rows >= 1000, passes ?? 1 >= 1 else { throw ValidationError("--rows must be at least 1000, --passes 1") }
    _ = try shape()
  }

  private func shape() throws -> (isOneHot: Bool, treatment: Int, outcome: Int) {
    guard let match = features.wholeMatch(of: /(onehot|real):(\d{1,2})[x+](\d{1,2})/),
      let first = Int(match.2), let second = Int(match.3), (2...64).contains(first), (2...64).contains(second)
    else { throw ValidationError("--features \(features): give onehot:AxB or real:A+B, from 2 to 64 on each side") }
    return (match.1 == "onehot", first, second)
  }

  func run(on communicator: any Communicator) throws {
    let shape = try shape()
    let counts = shape.isOneHot ? (1, 1) : (shape.treatment - 1, shape.outcome - 1)
    let names = ((0..<counts.0).map { "z\($0)" }, (0..<counts.1).map { "x\($0)" })
    let length = SyntheticPotentialOutcomes.chunkLength(rowCount: rows)
    let frame = try Frame(
      RandomProxies(cells: shape.isOneHot ? [shape.treatment, shape.outcome] : []),
      rows: DistributedRows(rowCount: rows, chunkLength: length, communicator: communicator),
      schema: Schema(
        (names.0 + names.1).map { Column($0, .covariate) } + [Column("t", .treatment), Column("y", .outcome)]))
    var options = SyntheticOutcomesOptions(treatmentProxies: names.0, outcomeProxies: names.1)
    (options.treatmentFeatures, options.outcomeFeatures) =
      shape.isOneHot ? (.oneHot, .oneHot) : (.polynomial(degree: 1), .polynomial(degree: 1))
    let pass = try MomentPass(options, over: frame)
    let moments = try BenchmarkTimes(per: rows, passes: passes, on: communicator) { _ = try pass() }
    let reading = try BenchmarkTimes(per: rows, passes: moments.passes, on: communicator) { try read(frame) }
    // The same rows a hundred times fewer give the same number of answers.
    let few = try Frame(
      RandomProxies(cells: shape.isOneHot ? [shape.treatment, shape.outcome] : []),
      rows: DistributedRows(rowCount: max(1000, rows / 100), chunkLength: length, communicator: communicator),
      schema: frame.schema)
    let answers = try BenchmarkTimes.seconds(on: communicator) {
      _ = try SyntheticPotentialOutcomes(options).run(on: few)
    }
    guard communicator.isRoot else { return }
    let report = Report(
      rows: rows, features: features, ranks: communicator.size, kernel: Kernel.name, passes: moments.passes,
      nsPerRow: moments.ns, nsPerRowMinimum: moments.nsMinimum, cpuNsPerRow: moments.cpuNs,
      readingNsPerRow: reading.cpuNs, bytesPerRow: frame.schema.columns.count * MemoryLayout<Double>.stride,
      answerSeconds: answers.wall)
    print(json ? try jsonText(report) : text(report))
  }

  /// Adds up the numbers of all columns.
  private func read(_ frame: Frame) throws {
    var sum = SIMD8<Double>.zero
    for chunk in frame.rows.localChunks {
      for column in frame.schema.columns.indices {
        let values = UnsafeRawPointer(try frame.reals(column, chunk: chunk)).assumingMemoryBound(to: SIMD8<Double>.self)
        for octet in 0..<frame.rowCount(ofChunk: chunk) / 8 { sum += values[octet] }
      }
    }
    precondition(sum.sum().isFinite)
  }

  private func text(_ report: Report) -> String {
    """
    \(report.features), \(report.rows) rows, \(report.ranks) rank\(report.ranks == 1 ? "" : "s"), kernel \(report.kernel)
    \(format(report.nsPerRow, decimals: 2)) ns per row (median of \(report.passes) passes; least \
    \(format(report.nsPerRowMinimum, decimals: 2))); of processor time \(format(report.cpuNsPerRow, decimals: 2)), a plain \
    sum of the same \(report.bytesPerRow) bytes \(format(report.readingNsPerRow, decimals: 2))
    all answers of a hundredth of the rows in \(format(report.answerSeconds, decimals: 3)) s
    """
  }
}

/// Random proxies with a class behind them: cells 0, 1, …, or normal numbers.
private struct RandomProxies: ChunkSource {
  /// The number of cells of each side; empty for numbers.
  let cells: [Int]

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    let random = CounterRandom(seed: 1, stream: .test)
    let columns = target.schema.columns.count
    for chunk in chunks {
      for (offset, row) in target.grid.rows(ofChunk: chunk).enumerated() {
        let u = random.integer(below: 2, row: row, draw: 0)
        for column in 0..<columns - 2 {
          target.reals(column, chunk: chunk)[offset] =
            cells.isEmpty
            ? Double(u) + random.normal(row: row, draw: column + 1)
            : Double(
              random.uniform(row: row, draw: column + 1) < 0.5
                ? u : random.integer(below: cells[column], row: row, draw: 9 + column))
        }
        let t = random.uniform(row: row, draw: 1000) < 0.3 + 0.4 * Double(u) ? 1.0 : 0
        target.reals(columns - 2, chunk: chunk)[offset] = t
        target.reals(columns - 1, chunk: chunk)[offset] = Double(u) * t + random.normal(row: row, draw: 1001)
      }
    }
  }
}
