import Communication
import Diagnostics
import Foundation
import MetaEM
import Runs
import Shards
import Simulation
import TestSupport

/// Shards, and a folder for sweeps of them, that live as long as this does.
package final class SweepProblem: Sendable {
  package let folder: URL
  private var shards: String { folder.path + "/shards" }

  package init(
    _ scenario: SimulationScenario = .linear, groups: Int = 3, covariates: Int = 3, rows: Int = 3000, seed: UInt64 = 1
  ) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("giv-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    _ = try Simulation.of(scenario, groups: groups, covariates: covariates, rows: rows, seed: seed).write(
      shards: 1, toFolder: shards, force: false, on: SoloCommunicator())
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  package func collection() throws -> ShardCollection { try ShardCollection.open([shards]) }

  /// Sweeps on ranks that are threads, and returns what rank 0 was given.
  package func sweep(
    _ grid: SweepGrid, ranks: Int = 1, ranksPerFit: Int = 1, in name: String = "sweep",
    existing: ExistingRun = .refuse
  ) throws -> [SweepResult] {
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try Sweep(grid, ranksPerFit: ranksPerFit).run(
        self.collection(), in: self.path(name), existing: existing, on: communicator)
    }
    return results[0]
  }

  package func path(_ name: String) -> String { folder.path + "/" + name }

  /// The bytes of the finished cells of a sweep.
  package func cells(_ name: String = "sweep") throws -> [String: Data] {
    let folder = path(name) + "/cells"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    return Dictionary(
      uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(folder)/\($0)")!) })
  }
}

package func grid(_ groups: [Int], change: (inout SweepGrid) -> Void = { _ in }) -> SweepGrid {
  var base = Configuration(groups: 1)
  base.starts = 5
  var grid = SweepGrid(groups: groups, base: base)
  grid.representations = [.identity]
  grid.folds = 0
  change(&grid)
  return grid
}

/// All of some results but the time that they took.
package func content(_ results: [SweepResult]) throws -> [String] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  return try results.map { result in
    var result = result
    result.seconds = 0
    return String(decoding: try encoder.encode(result), as: UTF8.self)
  }
}
