import Communication
import Diagnostics
import Foundation
import Panels
import Shards
import Simulation
import Storage
import TestSupport
import Testing

@Suite struct PanelSimulationTests {
  private static func parameters(_ change: (inout PanelParameters) -> Void = { _ in }) -> PanelParameters {
    var parameters = PanelParameters()
    (parameters.units, parameters.prePeriods, parameters.postPeriods, parameters.arms) = (41, 12, 5, 3)
    parameters.seed = 5
    change(&parameters)
    return parameters
  }

  @Test(arguments: [1, 3, 7])
  func `files are the same for any number of ranks, and the panel for any number of files`(shards: Int) throws {
    let simulation = try PanelSimulation(Self.parameters { $0.missing = 0.1 })
    var digests: Set<String> = []
    var files: Set<[String]> = []
    for ranks in 1...4 {
      let folder = try ScratchFolder()
      let manifest = try LoopbackCommunicator.run(ranks: ranks) {
        try simulation.write(shards: shards, toFolder: folder.path, force: false, on: $0)
      }[0]
      files.insert(manifest.shards.map(\.sha256))
      digests.insert(try PanelContent([folder.path], ranks: ranks).digest)
    }
    #expect(files.count == 1 && digests.count == 1)
    let one = try ScratchFolder()
    _ = try simulation.write(shards: 1, toFolder: one.path, force: false, on: SoloCommunicator())
    #expect(try PanelContent([one.path], ranks: 1).digest == digests.first)
  }

  @Test func `without noise outcomes are factors times loadings, and theta their mean after`() throws {
    let simulation = try PanelSimulation(Self.parameters { ($0.noise, $0.newFactor) = (0, 0.7) })
    let (r, arms) = (simulation.factorCount, 3)
    #expect(r == 5)
    for number in 0..<41 {
      let unit = simulation.unit(number)
      func mean(_ period: Int, _ arm: Int) -> Double {
        (0..<r).reduce(0) { $0 + simulation.factors[(period * arms + arm) * r + $1] * unit.loadings[$1] }
      }
      let expected = (0..<17).map { mean($0, $0 < 12 ? 0 : unit.arm) }
      #expect(distance(unit.outcomes, expected) < 1e-14)
      for arm in 0..<arms {
        let after = (12..<17).reduce(0) { $0 + mean($1, arm) } / 5
        #expect(abs(unit.theta[arm] - after) < 1e-14)
      }
    }
    // The new factor stands still before, for every arm alike, and moves after.
    for period in 0..<17 {
      for arm in 0..<arms {
        let factor = simulation.factors[(period * arms + arm) * r + r - 1]
        #expect((factor == 0) == (period < 12))
        if period < 12 {
          #expect(simulation.factors[period * arms * r] == simulation.factors[(period * arms + arm) * r])
        }
      }
    }
  }

  @Test func `cohorts come under their arms in turn, and their effects begin with them`() throws {
    let simulation = try PanelSimulation(Self.parameters { ($0.noise, $0.cohorts) = (0, 3) })
    var starts: [Int: Int] = [:]
    for number in 0..<41 {
      let unit = simulation.unit(number)
      #expect((unit.start == nil) == (unit.arm == 0) && unit.start == simulation.start(ofUnit: number))
      if let start = unit.start { starts[start, default: 0] += 1 }
      let untreated = (0..<17).map { period in
        (0..<4).reduce(0) { $0 + simulation.factors[period * 12 + $1] * unit.loadings[$1] }
      }
      for period in 0..<17 {
        #expect(abs(unit.outcomes[period] - untreated[period] - unit.effects[period]) < 1e-13)
        #expect((unit.effects[period] == 0) == (period < unit.start ?? .max))
      }
    }
    // Spread over the five periods after; ten pairs of arms take turns.
    #expect(starts == [12: 8, 13: 6, 15: 6])
    let together = try PanelSimulation(Self.parameters { $0.noise = 0 })
    for number in 0..<41 {
      #expect(together.unit(number).theta == simulation.unit(number).theta)
      #expect(together.unit(number).outcomes[..<12] == simulation.unit(number).outcomes[..<12])
    }
  }

  @Test func `an outsider, a bad donor and a spillover move the outcomes that they are said to move alone`() throws {
    let plain = try PanelSimulation(Self.parameters())
    func changes(_ change: (inout PanelParameters) -> Void) throws -> [[Double]] {
      let simulation = try PanelSimulation(Self.parameters(change))
      return (0..<41).map { number in
        zip(simulation.unit(number).outcomes, plain.unit(number).outcomes).map { $0 - $1 }
      }
    }
    let outsider = try changes { $0.outsider = 2 }
    #expect(outsider.dropLast().allSatisfy { $0.allSatisfy { abs($0) < 1e-14 } })
    #expect(outsider[40].allSatisfy { abs($0) > 1e-3 })
    let bad = try changes { ($0.outsider, $0.badDonor) = (2, 5) }
    #expect(bad[1..<40].allSatisfy { $0.allSatisfy { abs($0) < 1e-14 } })
    for period in 0..<17 {
      #expect(abs(bad[0][period] - bad[40][period] / 2 - (period < 12 ? 0 : 5)) < 1e-13)
    }
    let spilled = try changes { $0.spillover = 3 }
    for number in 0..<41 {
      let unit = plain.unit(number)
      for period in 0..<17 {
        let expected = unit.arm == 0 && period >= 12 ? 3 * unit.loadings[0] : 0
        #expect(abs(spilled[number][period] - expected) < 1e-13)
      }
    }
    // None is part of the truth.
    let theta = try PanelSimulation(Self.parameters { ($0.spillover, $0.badDonor) = (3, 5) }).unit(0).theta
    #expect(theta == plain.unit(0).theta)
  }

  @Test func `noise and gaps are of the size that was asked for`() throws {
    let quiet = try PanelSimulation(Self.parameters { ($0.units, $0.noise) = (2000, 0) })
    let loud = try PanelSimulation(Self.parameters { ($0.units, $0.noise, $0.missing) = (2000, 0.8, 0.2) })
    var (count, squares) = (0.0, 0.0)
    for unit in 0..<2000 {
      for (one, two) in zip(quiet.unit(unit).outcomes, loud.unit(unit).outcomes) where !two.isNaN {
        count += 1
        squares += (two - one) * (two - one)
      }
    }
    #expect(abs((squares / count).squareRoot() - 0.8) < 0.01)
    #expect(abs(1 - count / (2000 * 17) - 0.2) < 0.01)
  }

  @Test func `arms take turns, and have loadings of their own`() throws {
    let simulation = try PanelSimulation(Self.parameters { $0.units = 4000 })
    let units = (0..<4000).map(simulation.unit)
    #expect(units.prefix(8).map(\.arm) == [0, 1, 0, 2, 0, 1, 0, 2])
    for (arm, factor) in [(1, 0), (2, 1)] {
      let mine = units.filter { $0.arm == arm }
      let mean = mine.reduce(0) { $0 + $1.loadings[factor] } / Double(mine.count)
      #expect(abs(mean - 0.5) < 0.13)
    }
  }

  @Test func `the truth lies beside the outcomes`() throws {
    let simulation = try PanelSimulation(Self.parameters())
    let folder = try ScratchFolder()
    _ = try simulation.write(shards: 2, toFolder: folder.path, force: false, on: SoloCommunicator())
    let file = try HDF5File.open(folder.file("shard-00001.h5"))
    #expect(try file.dataset("truth/theta").shape() == [21, 3])
    #expect(try file.dataset("truth/theta").read(Double.self) == (20..<41).flatMap { simulation.unit($0).theta })
    #expect(try file.dataset("truth/factors").shape() == [17, 3, 4])
    #expect(try file.dataset("truth/loadings").shape() == [21, 4])
    #expect(try file.dataset("start").read(Int64.self).prefix(4) == [-1, 12, -1, 12])
    #expect(try !file.hasDataset("truth/effects"))
    let staggered = try PanelSimulation(Self.parameters { $0.cohorts = 2 })
    _ = try staggered.write(shards: 1, toFolder: folder.path, force: true, on: SoloCommunicator())
    let cohorts = try HDF5File.open(folder.file("shard-00000.h5"))
    #expect(try cohorts.dataset("start").read(Int64.self).prefix(8) == [-1, 12, -1, 12, -1, 14, -1, 14])
    #expect(try cohorts.dataset("truth/effects").read(Double.self) == (0..<41).flatMap { staggered.unit($0).effects })
  }

  @Test func `parameters out of range are refused by their options`() {
    let cases: [(String, @Sendable (inout PanelParameters) -> Void)] = [
      ("--units is 0", { $0.units = 0 }), ("--pre-periods is 0", { $0.prePeriods = 0 }),
      ("--post-periods is -1", { $0.postPeriods = -1 }), ("--arms is 0", { $0.arms = 0 }),
      ("--factors is 0", { $0.factors = 0 }), ("--noise is -1.0", { $0.noise = -1 }),
      ("--new-factor is inf", { $0.newFactor = .infinity }), ("--missing is 1.0", { $0.missing = 1 }),
      ("--cohorts is 0", { $0.cohorts = 0 }), ("--cohorts is 6", { $0.cohorts = 6 }),
      ("--outsider is nan", { $0.outsider = .nan }), ("--bad-donor is inf", { $0.badDonor = .infinity }),
      ("--spillover is inf", { $0.spillover = .infinity }),
    ]
    for (words, change) in cases {
      let found = failure { _ = try PanelSimulation(Self.parameters(change)) }
      #expect(found?.exitCode == .usage && found?.message.hasPrefix(words) == true, "\(words)")
    }
  }
}
