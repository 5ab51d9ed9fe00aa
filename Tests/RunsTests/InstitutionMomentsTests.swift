import Communication
import Diagnostics
import Foundation
import Frames
import Runs
import TestSupport
import Testing

/// A second estimator, written on the floors below the first one.
@Suite struct InstitutionMomentsTests {
  /// Rows of each institution.
  private static let size = 1500

  /// Institution g has the outcomes 1000 g + k, k = 1 … 1500, all institutions mixed.
  private static func frame(
    _ communicator: any Communicator, institutions: Int = 3, isWeighted: Bool = false
  ) throws -> Frame {
    let order = (0..<institutions * size).map { $0 * 7919 % (institutions * size) }
    let (groups, numbers) = (order.map { $0 % institutions }, order.map { Double($0 / institutions + 1) })
    return try Frame(
      rows: DistributedRows(rowCount: order.count, communicator: communicator), covariates: [numbers],
      treatment: numbers.map { -$0 }, outcome: zip(groups, numbers).map { 1000 * Double($0) + $1 },
      weight: isWeighted ? numbers : nil, source: groups.map(Int64.init))
  }

  private static func estimator(_ institutions: Int = 3, replicate: Int? = nil) -> InstitutionMoments {
    InstitutionMoments(.init(institutions: institutions, replicate: replicate))
  }

  /// Of 1 … n: mean (n + 1) / 2, variance (n² - 1) / 12; with weight k of k: (2 n + 1) / 3 and (n² + n - 2) / 18.
  @Test(arguments: [false, true]) func `Moments are those of the closed form`(isWeighted: Bool) throws {
    let moments = try Self.estimator(4).run(on: Self.frame(SoloCommunicator(), isWeighted: isWeighted))
    let n = Double(Self.size)
    let (mean, variance) =
      isWeighted ? ((2 * n + 1) / 3, (n * n + n - 2) / 18) : ((n + 1) / 2, (n * n - 1) / 12)
    for group in 0..<3 {
      #expect(abs(moments.means[group] - 1000 * Double(group) - mean) < 1e-9)
      #expect(abs(moments.variances[group] / variance - 1) < 1e-12)
    }
    // No row is of the last one.
    #expect(moments.weights[3] == 0 && moments.means[3].isNaN && moments.variances[3].isNaN)
  }

  @Test(arguments: [nil, 5]) func `Moments have the same bits on 1, 2 and 3 ranks`(replicate: Int?) throws {
    func bits(_ ranks: Int) throws -> [[UInt64]] {
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let moments = try Self.estimator(replicate: replicate).run(on: Self.frame(communicator, isWeighted: true))
        return (moments.weights + moments.means + moments.variances).map(\.bitPattern)
      }
    }
    let alone = try bits(1)[0]
    for ranks in 2...3 { #expect(try bits(ranks).allSatisfy { $0 == alone }) }
  }

  @Test func `A run in a folder tells its passes and goes on where it was stopped`() throws {
    try withTemporaryDirectory { folder in
      // The run hears of its wishes by the sums over the frame's rows: both stand on one communicator.
      let communicator = SoloCommunicator()
      let frame = try Self.frame(communicator)
      func run(_ existing: ExistingRun, isStopped: Bool, files: [String] = []) throws -> InstitutionMoments.Moments {
        let run = try Run(
          folder: folder.path + "/run", files: files, existing: existing, on: communicator,
          isStopRequested: { isStopped })
        let moments = try Self.estimator().run(on: frame, in: run)
        try run.complete(on: communicator)
        return moments
      }
      #expect(failure { _ = try run(.refuse, isStopped: true) }?.exitCode == .temporary)
      #expect(try run(.resume, isStopped: false) == Self.estimator().run(on: frame))
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/run")
      let lines = try String(contentsOfFile: folder.path + "/run/metrics.jsonl", encoding: .utf8).split(separator: "\n")
      #expect(names == ["metrics.jsonl"] && lines.count == 2)
      #expect(lines[1].hasPrefix(#"{"largest":2750.5,"pass":1,"phase":"moments","seconds":"#), "\(lines[1])")
    }
  }

  // MARK: Bootstrap

  private static func columns(_ table: ResultTable) -> [String: ResultTable.Column] {
    Dictionary(uniqueKeysWithValues: table.columns.map { ($0.name, $0.values) })
  }

  private static func table(
    _ path: String, ranks: Int = 1, replicates: Int = 12, existing: ExistingRun = .refuse, institutions: Int = 3,
    stopAfter passes: Int = .max, counter: Monitor<Int> = Monitor(0)
  ) throws -> [String: ResultTable.Column] {
    try LoopbackCommunicator.run(ranks: ranks) { communicator in
      var bootstrap = InstitutionBootstrap(options: .init(institutions: institutions), replicates: replicates)
      bootstrap.observer = { _ in counter.withLock { $0 += 1 } }
      bootstrap.isStopRequested = { counter.withLock { $0 } >= passes }
      return try columns(
        bootstrap.table(in: path, existing: existing, on: communicator) { try frame($0) })
    }[0]
  }

  /// With Dirichlet weights the variance of a mean of n rows is that of the rows by n + 1 (Rubin 1981). Of 100
  /// replicates its root is within 7% once in three times.
  @Test func `Standard errors are those of the closed form`() throws {
    try withTemporaryDirectory { folder in
      let table = try Self.table(folder.path + "/sweep", ranks: 2, replicates: 100)
      let n = Double(Self.size)
      let expected = ((n * n - 1) / 12 / (n + 1)).squareRoot()
      guard case .numbers(let errors)? = table["standardError"] else { throw Failure(.data, "no column") }
      #expect(errors.count == 3 && errors.allSatisfy { abs($0! / expected - 1) < 0.25 }, "\(errors) \(expected)")
    }
  }

  @Test func `Tables are the same on 1, 2 and 3 ranks, and interrupted and gone on with on others`() throws {
    try withTemporaryDirectory { folder in
      let alone = try Self.table(folder.path + "/1")
      for ranks in 2...3 { #expect(try Self.table("\(folder.path)/\(ranks)", ranks: ranks) == alone) }

      // Nine passes are four cells and half of the fifth.
      let path = folder.path + "/stopped"
      let passes = Monitor(0)
      let stopped = failure { _ = try Self.table(path, stopAfter: 9, counter: passes) }
      #expect(stopped?.exitCode == .temporary && stopped?.message.contains("--resume") == true)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/cells").count == 4)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/unfinished") == ["replicate-3"])
      #expect(try Self.table(path, ranks: 3, existing: .resume, counter: passes) == alone)
      // No pass was made twice.
      #expect(passes.withLock { $0 } == 13 * 2)
    }
  }

  @Test func `A sweep whose plan another version wrote, or is damaged, is told from one of other options`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/sweep"
      _ = try Self.table(path, replicates: 2)
      let plan = URL(fileURLWithPath: path + "/sweep.json")
      let text = try String(contentsOf: plan, encoding: .utf8)
      for (content, code, words) in [
        (text.replacing("\"version\":1", with: "\"version\":2"), ExitCode.configuration, "another version"),
        (String(text.dropLast(2)), .data, "is damaged"),
      ] {
        #expect(content != text)
        try Data(content.utf8).write(to: plan)
        let refusal = failure { _ = try Self.table(path, replicates: 2, existing: .resume) }
        #expect(refusal?.exitCode == code && refusal?.message.contains(words) == true, "\(refusal as Any)")
      }
    }
  }

  @Test func `A bootstrap goes on with more replicates, and not with other options`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/sweep"
      _ = try Self.table(path, replicates: 3)
      let passes = Monitor(0)
      #expect(
        try Self.table(path, replicates: 5, existing: .resume, counter: passes)
          == Self.table(folder.path + "/anew", replicates: 5))
      #expect(passes.withLock { $0 } == 2 * 2)
      let fewer = failure { _ = try Self.table(path, replicates: 2, existing: .resume) }
      #expect(
        fewer?.exitCode == .data && fewer?.message.contains("cell.replicate lacks 2, 3, 4") == true, "\(fewer as Any)")
      let other = failure { _ = try Self.table(path, replicates: 5, existing: .resume, institutions: 4) }
      #expect(
        other?.exitCode == .data && other?.message.contains("institutions was 3 and is 4") == true, "\(other as Any)")
    }
  }

  /// Taken for damage, it would cost the passes of the cell without a word.
  @Test func `A cell whose checkpoint cannot be read ends the sweep, and one whose is damaged begins anew`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/sweep"
      _ = failure { _ = try Self.table(path, stopAfter: 9) }
      let checkpoint = path + "/unfinished/replicate-3/checkpoint.h5"
      try FileManager.default.removeItem(atPath: checkpoint)
      try FileManager.default.createDirectory(atPath: checkpoint, withIntermediateDirectories: false)
      let unread = failure { _ = try Self.table(path, existing: .resume) }
      #expect(unread?.exitCode == .noInput && unread?.message.contains(checkpoint) == true, "\(unread as Any)")
      try FileManager.default.removeItem(atPath: checkpoint)
      try Data("damaged".utf8).write(to: URL(fileURLWithPath: checkpoint))
      #expect(try Self.table(path, existing: .resume) == Self.table(folder.path + "/whole"))
    }
  }
}
