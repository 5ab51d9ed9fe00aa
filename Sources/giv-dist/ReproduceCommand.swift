import ArgumentParser
import Communication
import Diagnostics
import Foundation
import Reports
import Reproduction
import Runs
import Simulation
import Storage

/// `giv-dist reproduce`: the tables and figures of the paper, ours beside the paper's.
struct Reproduce: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make tables and figures of the Meta-EM paper again, ours beside the paper's.",
    discussion: """
      Draws rows by the generator of simulate, does every cell of every replication on ranks side by side, and prints ours, \
      mean and standard deviation, the paper's, and the least error or the highest accuracy that there can be. Finished cells \
      are kept in the folder of --out; the same command with --resume goes on, on any number of ranks. Table 3 and table 5 \
      need real covariates.

        giv-dist reproduce table2 --replications 3
        mpirun -n 2 giv-dist reproduce table1 --only True,GIV-EM,sieve2sls,poly2sls --out table1
        giv-dist reproduce table5 --covariates-from counties.csv --columns a,b,c
      """)

  @Argument(
    help: "\(Experiment.allCases.map(\.rawValue).joined(separator: ", ")), or all.",
    transform: Self.experiments)
  var experiments: [Experiment]

  @Option(help: "Draws of the rows.")
  var replications = 10
  @Option(
    help: "Rows and columns to keep, by their names, with commas between. (default: all)",
    transform: { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } })
  var only: [String] = []
  @Option(help: "A CSV file whose rows, standardised and clipped to [-3, 3], are real covariates.")
  var covariatesFrom: String?
  @Option(
    help: "The columns of --covariates-from, by name, with commas between.",
    transform: commaSeparated)
  var columns: [String] = []
  @Flag(help: "Give the methods the settings of their papers' own programs.")
  var paper = false
  @Option(help: "The seed of the first replication; those that follow have the next ones.")
  var seed: UInt64 = 0
  @Option(help: "The folder of the results.")
  var out = "reproduce"
  @Flag(help: "Replace what an earlier reproduction has left in the folder of --out.")
  var force = false
  @Flag(help: "Go on with what the folder of --out holds.")
  var resume = false
  @Flag(help: "Print one JSON object.")
  var json = false
  @OptionGroup var job: JobOptions

  func validate() throws {
    if resume && force { throw ValidationError("--resume goes on and --force starts anew; give one of them") }
    if replications < 1 { throw ValidationError("--replications must be at least 1, not \(replications)") }
  }

  func run(on communicator: any Communicator) throws {
    StopSignal.install()
    let begin = ContinuousClock.now
    let phases = Phases.ofCommand(on: communicator)
    let grid = try communicator.agree { try makeGrid() }
    let cells = try grid.cells()
    if communicator.isRoot {
      let minutes = grid.expectedSeconds(cells) / 60 / Double(communicator.size)
      write("\(cells.count) cells, about \(format(minutes, decimals: 0)) minutes on \(communicator.size) ranks\n")
    }
    var reproduction = Reproduction(grid)
    reproduction.didOpen = { try RunLog.begin(in: out, on: communicator) }
    reproduction.phases = phases
    reproduction.isStopRequested = { StopSignal.isReceived }
    reproduction.observer = { result in if let line = try? jsonText(result) { write(line + "\n") } }
    let results = try reproduction.run(
      in: out, existing: resume ? .resume : force ? .replace : .refuse, on: communicator)
    try communicator.agree { if communicator.isRoot { try ReproductionFiles(results).write(toFolder: out) } }
    // One cell that succeeded makes a table; else the reason of the first failure is the reason of all.
    if results.allSatisfy({ $0.failure != nil }), let failure = results[0].failure { throw failure }
    let times = try phases.table()
    guard communicator.isRoot else { return }
    let report = ReproductionReport(
      grid, results, ranks: communicator.size, version: programVersion,
      seconds: begin.duration(to: .now) / .seconds(1))
    let answer = try Answer("reproduce", report.report.text, report, PhaseReport(times, rowCount: nil))
    try answer.write(toFolder: out)
    answer.show(json: json, folder: out, files: ReproductionFiles.tableNames + Answer.fileNames + [RunLog.name])
  }

  private func makeGrid() throws -> ReproductionGrid {
    let needed =
      covariatesFrom == nil && experiments.count > 1 ? experiments.filter { !$0.needsCovariates } : experiments
    var grid = ReproductionGrid(needed)
    grid.replications = replications
    grid.only = only
    grid.seed = seed
    grid.isPaper = paper
    guard let covariatesFrom else {
      guard columns.isEmpty else {
        throw Failure(.usage, "--columns names columns of a file; give --covariates-from FILE.csv too")
      }
      return grid
    }
    grid.covariates = try SimulationCovariates(csv: covariatesFrom, columns: columns)
    grid.file = URL(fileURLWithPath: covariatesFrom).deletingPathExtension().lastPathComponent
    return grid
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  private static func experiments(_ text: String) throws -> [Experiment] {
    if text == "all" { return Experiment.allCases }
    guard let experiment = Experiment(rawValue: text) else {
      let names = Experiment.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'\(text)' is none of \(names), all")
    }
    return [experiment]
  }
}
