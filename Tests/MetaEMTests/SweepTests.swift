import Communication
import Diagnostics
import Foundation
import MetaEM
import ModelTestSupport
import Reports
import Runs
import Storage
import TestSupport
import Testing

/// What a checkpoint says of its states.
private struct CheckpointIndex: Decodable {
  struct Entry: Decodable {
    let phase: String
    let bytes: Int
  }

  let entries: [Entry]
}

@Suite struct SweepTests {
  @Test(arguments: [(3, 3), (2, 5), (5, 5)])
  func `BIC finds the number of sources`(groups: Int, covariates: Int) throws {
    let problem = try SweepProblem(groups: groups, covariates: covariates)
    let results = try problem.sweep(
      grid(Array(groups - 1...groups + 2)) {
        $0.representations = [.spline]
        $0.base.starts = 10
      })
    let report = SweepReport(
      grid(results.map(\.cell.groups)) { $0.representations = [.spline] }, results, rows: 3000, ranks: 1,
      ranksPerFit: 1,
      version: "", seconds: 0)
    #expect(report.bestGroups == groups)
    #expect(report.best?.groups == groups)
    #expect(results.allSatisfy { $0.failure == nil && $0.accuracy != nil && $0.modelDigest?.count == 64 })
  }

  @Test func `Ranks, and how many work on a fit, change no bit`() throws {
    let problem = try SweepProblem()
    let grid = grid([1, 2, 3]) {
      $0.distributions = [.regression, .gaussian, .kmeans]
      $0.folds = 2
      $0.replicates = 2
    }
    let alone = try content(problem.sweep(grid, in: "alone"))
    for (ranks, ranksPerFit) in [(2, 1), (2, 2), (4, 1), (4, 2), (4, 4)] {
      let name = "\(ranks)-\(ranksPerFit)"
      #expect(
        try content(problem.sweep(grid, ranks: ranks, ranksPerFit: ranksPerFit, in: name)) == alone,
        "\(ranks) ranks, \(ranksPerFit) to a fit")
      #expect(!FileManager.default.fileExists(atPath: problem.path(name) + "/claims"))
    }
  }

  @Test func `A sweep that lost cells fits those again and no others`() throws {
    let problem = try SweepProblem()
    let grid = grid([1, 2, 3, 4])
    let first = try content(problem.sweep(grid))
    let before = try problem.cells()
    let lost = ["regression-identity-k2-seed1.json", "regression-identity-k4-seed1.json"]
    for name in lost { try FileManager.default.removeItem(atPath: problem.path("sweep/cells/") + name) }
    try Data("{".utf8).write(to: URL(fileURLWithPath: problem.path("sweep/cells/") + lost[0]))
    // The claim of a run that was killed.
    try FileManager.default.createDirectory(
      atPath: problem.path("sweep/claims/dead"), withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: problem.path("sweep/claims/dead/regression-identity-k2-seed1")))
    #expect(try content(problem.sweep(grid, ranks: 2, existing: .resume)) == first)
    let after = try problem.cells()
    #expect(Set(after.keys) == Set(before.keys))
    // The seconds in the file of a cell differ from fit to fit.
    for (name, bytes) in before { #expect((after[name] == bytes) != lost.contains(name), "\(name)") }
  }

  @Test(arguments: [false, true])
  func `A sweep that is asked to stop goes on in the middle of its cells`(isDamaged: Bool) throws {
    let problem = try SweepProblem()
    let grid = grid([2, 3, 4]) { $0.replicates = 2 }
    let passes = Monitor([0, 0])
    let stopped = failure {
      _ = try LoopbackCommunicator.run(ranks: 2) { communicator in
        let rank = communicator.rank
        var sweep = Sweep(grid)
        sweep.observer = { _ in
          passes.withLock { $0[rank] += 1 }
          // Neither group gets far ahead of the other, whatever their threads are given to run.
          passes.wait { $0[rank] != 50 || $0[1 - rank] >= 50 ? () : nil }
        }
        // One of the two groups is asked, the other hears of it.
        sweep.isStopRequested = { rank == 1 && passes.withLock { $0[1] } >= 50 }
        return try sweep.run(problem.collection(), in: problem.path("sweep"), on: communicator).count
      }
    }
    #expect(stopped?.exitCode == .temporary && stopped?.message.contains("--resume") == true)
    let unfinished = problem.path("sweep/unfinished")
    let names = try FileManager.default.contentsOfDirectory(atPath: unfinished)
    let checkpoints = names.map { "\(unfinished)/\($0)/checkpoint.h5" }
    #expect(checkpoints.count == 2 && checkpoints.allSatisfy(FileManager.default.fileExists))
    if isDamaged { try Data("?".utf8).write(to: URL(fileURLWithPath: checkpoints[0])) }
    var (resumedPasses, wholePasses) = (0, 0)
    var sweep = Sweep(grid)
    sweep.observer = { _ in resumedPasses += 1 }
    let resumed = try content(
      sweep.run(problem.collection(), in: problem.path("sweep"), existing: .resume, on: SoloCommunicator()))
    sweep.observer = { _ in wholePasses += 1 }
    let whole = try content(sweep.run(problem.collection(), in: problem.path("whole"), on: SoloCommunicator()))
    #expect(resumed == whole)
    #expect(resumedPasses < wholePasses)
    #expect(!FileManager.default.fileExists(atPath: unfinished))
  }

  @Test func `A checkpoint holds the ratios of replicates that are done, and none of their fits`() throws {
    let problem = try SweepProblem(rows: 600)
    let grid = grid([2]) { $0.replicates = 6 }
    var isAsked = false
    var sweep = Sweep(grid)
    sweep.isStopRequested = { isAsked }
    // The first ratio is that of the data.
    sweep.observer = { if $0.phase.contains("bootstrap 7: ") { isAsked = true } }
    let stopped = failure {
      _ = try sweep.run(problem.collection(), in: problem.path("sweep"), on: SoloCommunicator())
    }
    #expect(stopped?.exitCode == .temporary)
    let path = problem.path("sweep/unfinished/regression-identity-k2-seed1/checkpoint.h5")
    let index = Data(try HDF5File.open(path).dataset("index").read(UInt8.self))
    let entries = try JSONDecoder().decode(CheckpointIndex.self, from: index).entries
    let phases = entries.filter { $0.phase.hasPrefix("bootstrap") }
    let fits = phases.map(\.phase).filter { $0.contains(": ") }
    #expect(!fits.isEmpty && fits.allSatisfy { $0.hasPrefix("bootstrap 7: ") }, "\(fits)")
    let done = phases.filter { !fits.contains($0.phase) }
    #expect(done.count == 6 && done.allSatisfy { $0.bytes < 100 }, "\(done)")

    isAsked = false
    sweep.observer = { _ in }
    let resumed = try sweep.run(
      problem.collection(), in: problem.path("sweep"), existing: .resume, on: SoloCommunicator())
    #expect(try content(resumed) == content(problem.sweep(grid, in: "whole")))
  }

  @Test func `Every distribution has its usual representation`() throws {
    let grid = grid([2]) {
      $0.representations = nil
      $0.distributions = [.regression, .gaussian, .kmeans]
    }
    #expect(grid.cells.map(\.representation) == [.spline, .identity, .identity])
  }

  @Test func `A cell that cannot be fitted is reported and the others go on`() throws {
    // Six groups of ten rows: EM empties one of them in every start.
    let problem = try SweepProblem(rows: 60)
    let grid = grid([1, 6]) { $0.distributions = [.regression, .kmeans] }
    let results = try problem.sweep(grid, ranks: 2)
    let failed = results.filter { $0.failure != nil }
    #expect(failed.map(\.cell.name) == ["regression-identity-k6-seed1"])
    #expect(failed[0].failure?.exitCode == .numerical)
    #expect(try #require(failed[0].failure).message.contains("--groups 6"))
    let report = SweepReport(grid, results, rows: 60, ranks: 2, ranksPerFit: 1, version: "", seconds: 0)
    #expect(report.findings.contains { $0.code == .cellFailed && $0.name(.cell) == "regression-identity-k6-seed1" })
  }

  /// The groups of ranks read the rows anew in every pass, and one finds that they are no longer there.
  @Test func `Rows that change while a sweep reads them end it`() throws {
    let problem = try SweepProblem(rows: 20_000)
    let shard = problem.folder.path + "/shards/shard-00000.h5"
    let passes = Monitor(0)
    let ended = failure {
      _ = try LoopbackCommunicator.run(ranks: 2) { communicator in
        var sweep = Sweep(grid([1, 2, 3]))
        sweep.storage = .stream(windowBytes: 1)
        sweep.observer = { _ in
          if passes.withLock({
            $0 += 1
            return $0
          }) == 10 {
            _ = truncate(shard, 100_000)
          }
        }
        return try sweep.run(problem.collection(), in: problem.path("sweep"), on: communicator).count
      }
    }
    #expect(ended?.exitCode == .data && ended?.message.contains("shard-00000.h5") == true, "\(ended as Any)")
    let cells = try problem.cells().values.map { try JSONDecoder().decode(SweepResult.self, from: $0) }
    #expect(cells.allSatisfy { $0.failure == nil } && cells.count < 3)
  }

  private func failure(_ body: () throws -> Void) -> Failure? {
    do {
      try body()
      return nil
    } catch { return error as? Failure }
  }

  @Test func `A folder that holds a sweep is kept unless told otherwise`() throws {
    let problem = try SweepProblem(rows: 200)
    let first = try content(problem.sweep(grid([1, 2])))
    let refusal = failure { _ = try problem.sweep(grid([1, 2])) }
    #expect(refusal?.exitCode == .cannotCreate && refusal?.message.contains("--resume") == true)
    let changes: [((inout SweepGrid) -> Void, String)] = [
      ({ $0.groups = [1, 3] }, "cell.groups lacks 2; give all of its values (more may follow)"),
      ({ $0.representations = [.spline] }, "cell.representation lacks identity"),
      ({ $0.folds = 2 }, "folds was 0 and is 2"), ({ $0.replicates = 2 }, "replicates was 0 and is 2"),
      ({ $0.seeds = [2, 1] }, "firstSeed was 1 and is 2"), ({ $0.base.starts = 6 }, "base.starts was 5 and is 6"),
    ]
    for (change, difference) in changes {
      let other = failure { _ = try problem.sweep(grid([1, 2], change: change), existing: .resume) }
      #expect(other?.exitCode == .data && other?.message.contains(difference) == true, "\(other as Any)")
    }
    let others = try SweepProblem(rows: 201)
    let other = failure {
      _ = try Sweep(grid([1, 2])).run(
        others.collection(), in: problem.path("sweep"), existing: .resume, on: SoloCommunicator())
    }
    #expect(other?.exitCode == .data && other?.message.contains("other data") == true)
    #expect(try content(problem.sweep(grid([1, 2]), existing: .resume)) == first)
    #expect(try problem.sweep(grid([1, 3]), existing: .replace).map(\.cell.groups) == [1, 3])
    #expect(try problem.cells().count == 2)
  }

  @Test func `A finished sweep goes on with more fits, and keeps those that it has`() throws {
    let problem = try SweepProblem(rows: 400)
    _ = try problem.sweep(grid([1, 3]) { $0.folds = 2 })
    let before = try problem.cells()
    let more = grid([1, 2, 3]) {
      $0.representations = [.spline, .identity]
      $0.distributions = [.regression, .kmeans]
      $0.seeds = [1, 5]
      $0.folds = 2
    }
    let extended = try content(problem.sweep(more, ranks: 2, existing: .resume))
    #expect(try content(problem.sweep(more, in: "anew")) == extended)
    let after = try problem.cells()
    #expect(after.count == more.cells.count)
    for (name, bytes) in before { #expect(after[name] == bytes, "\(name)") }
  }

  @Test(arguments: ["cells", "claims", "unfinished"], [ExistingRun.refuse, .resume])
  func `A folder of other things is left alone`(name: String, existing: ExistingRun) throws {
    let problem = try SweepProblem(rows: 200)
    let path = problem.path("sweep/\(name)")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let refusal = failure { _ = try problem.sweep(grid([1]), existing: existing) }
    #expect(refusal?.exitCode == .cannotCreate && refusal?.message.contains("without the sweep.json") == true)
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test func `Grids that make no sense are refused`() throws {
    let problem = try SweepProblem(rows: 50)
    let wrong: [(SweepGrid, String)] = [
      (grid([]), "holds no number"), (grid([0, 1]), "at least 1"), (grid([2, 51]), "there are 50 rows"),
      (grid([2, 2]), "twice"), (grid([2]) { $0.seeds = [1, 1] }, "twice"), (grid([2]) { $0.folds = 1 }, "--folds"),
      (grid([2]) { $0.replicates = -1 }, "--lrt"),
      (grid([2]) { $0.distributions = [.joint] }, "joint"),
    ]
    for (grid, message) in wrong {
      let failure = failure { _ = try problem.sweep(grid) }
      #expect(
        failure?.exitCode == .usage && failure?.message.contains(message) == true, "\(message): \(failure as Any)")
    }
    let division = failure { _ = try problem.sweep(grid([2]), ranks: 3, ranksPerFit: 2) }
    #expect(division?.exitCode == .usage && division?.message.contains("3 ranks") == true)
    #expect(failure { _ = try problem.sweep(grid([2]), ranks: 2, ranksPerFit: 4) }?.exitCode == .usage)
    #expect(!FileManager.default.fileExists(atPath: problem.path("sweep")))
  }
}
