import CausalGraphs
import Communication
import Diagnostics
import Foundation
import Frames
import InterventionalSampling
import Runs
import TestSupport
import Testing

/// Networks of tables: against the exact answer of the same rows, against enumeration, and rows drawn from them.
@Suite struct NetworkTests {
  /// The graphs of the acceptance: what is set is X, or V3.
  static let graphs = [
    "Z -> X -> Y; Z -> Y",
    "X -> M -> Y; X <-> Y",
    "W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y",
    "V1 -> V2 -> V3 -> V4; V2 <-> V4",
    "A -> X -> Z -> Y; A -> Y; A <-> Z; X <-> Y",
    "W1 -> W2 -> X -> Z -> Y; W1 <-> X; W1 <-> Y; X <-> Y",
    "X -> Z1 -> Y; Z2 -> X; Z2 -> Z1; Z2 -> Z3 -> Y; X <-> Y; X <-> Z2; X <-> Z3; Y <-> Z2",
  ]
  /// Those whose answer rests on generated rows.
  static let generating = Array(graphs.dropFirst())
  /// Rows generated from generated ones.
  static let twice = "W1 -> W2 -> U2; U1 -> U2 -> X -> Y; U1 <-> X; U1 <-> Y; W1 <-> U2; W1 <-> U1"

  private func question(_ text: String) -> (intervened: [String], outcome: [String]) {
    text.contains("V4") ? (["V3"], ["V4"]) : (["X"], ["Y"])
  }

  private func network(
    _ text: String, _ rows: [[Double]], mode: NetworkOptions.Mode, given: [String] = [], seed: UInt64 = 0,
    expand: Int = 4, on communicator: any Communicator = SoloCommunicator(), run: Run = Run()
  ) throws -> InterventionalNetwork {
    let graph = try MixedGraph(text: text, file: "g")
    let (intervened, outcome) = question(text)
    var options = NetworkOptions(graph: graph.text, intervened: intervened, outcome: outcome, given: given)
    (options.mode, options.seed, options.expand) = (mode, seed, expand)
    func places(_ names: [String]) -> Set<Int> { Set(names.map { graph.names.firstIndex(of: $0)! }) }
    let query = CausalQuery(intervened: places(intervened), outcome: places(outcome), given: places(given))
    return try NetworkEstimation(options, graph: graph, query: query)
      .run(on: try frame(graph.names, rows, on: communicator), in: run)
  }

  private func exactAnswers(_ text: String, _ rows: [[Double]], given: [String] = []) throws -> InterventionalResult {
    let graph = try MixedGraph(text: text, file: "g")
    let (intervened, outcome) = question(text)
    var options = exactOptions(graph.text, set: intervened, outcome: outcome, given: given)
    options.allowsExtrapolation = true
    func places(_ names: [String]) -> Set<Int> { Set(names.map { graph.names.firstIndex(of: $0)! }) }
    let query = CausalQuery(intervened: places(intervened), outcome: places(outcome), given: places(given))
    return try InterventionalSampling(options, graph: graph, query: query).run(on: try frame(graph.names, rows))
  }

  /// P(outcome, seen | set) of a network, by going through all levels of all that it draws.
  private func law(_ network: InterventionalNetwork, set: [Int: Int], of asked: [Int]) -> [[Int]: Double] {
    var found: [[Int]: Double] = [:]
    func visit(_ tables: ArraySlice<ConditionalTable>, _ levels: [Int: Int], _ probability: Double) {
      guard let table = tables.first else {
        found[asked.map { levels[$0]! }, default: 0] += probability
        return
      }
      let row = zip(table.parents, table.parentLevelCounts).reduce(0) { $0 * $1.1 + levels[$1.0]! }
      for level in 0..<table.levelCount {
        let own = table.probabilities[row * table.levelCount + level]
        visit(tables.dropFirst(), levels.merging([table.variable: level]) { $1 }, probability * own)
      }
    }
    visit((network.free + network.network).map { $0.table! }[...], set, 1)
    return found
  }

  // MARK: Tables

  @Test(arguments: graphs + [twice])
  func `an exact network has the law of the exact answer`(text: String) throws {
    for seed in 0..<3 as Range<UInt64> {
      let rows = try RandomLaw(text, seed: seed).rows(3000, seed: seed + 10)
      let (network, exact) = (try network(text, rows, mode: .auto), try exactAnswers(text, rows))
      #expect(network.isExact && network.generatedRowCount == 0)
      for answer in exact.answers {
        let law = law(network, set: [network.intervened[0]: answer.levels[0]], of: network.outcome)
        for (level, probability) in answer.probabilities.enumerated() {
          #expect(abs(law[[level], default: 0] - probability.estimate) < 1e-12)
        }
      }
    }
  }

  /// Its error has a mean of 0 up to the curvature of ratios, which is small beside what 24 seeds leave.
  @Test(arguments: generating + [twice])
  func `a network from generated rows has the law of the exact answer but for chance`(text: String) throws {
    let rows = try RandomLaw(text, seed: 4, levels: 2...2).rows(20_000, seed: 5)
    let exact = try exactAnswers(text, rows)
    let networks = try (0..<24 as Range<UInt64>).map { try network(text, rows, mode: .sampled, seed: $0) }
    #expect(networks.allSatisfy { !$0.isExact && $0.generatedRowCount == 80_000 })
    for answer in exact.answers {
      for (level, probability) in answer.probabilities.enumerated() {
        let found = networks.map { network in
          law(network, set: [network.intervened[0]: answer.levels[0]], of: network.outcome)[[level], default: 0]
        }
        let mean = found.reduce(0, +) / 24
        let deviation = (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 23).squareRoot()
        #expect(deviation > 0 && deviation < 0.03, "\(text): \(deviation)")
        #expect(
          abs(mean - probability.estimate) < 5 * deviation / 24.0.squareRoot(),
          "\(text): \(mean) \(probability.estimate) \(deviation)")
      }
    }
  }

  @Test func `where no rows are generated both ways give the same tables`() throws {
    let text = Self.graphs[0]
    let rows = try RandomLaw(text, seed: 6).rows(3000, seed: 7)
    let (exact, sampled) = (try network(text, rows, mode: .exact), try network(text, rows, mode: .sampled))
    #expect(sampled.generatedRowCount == 0)
    for (first, second) in zip(exact.network.map { $0.table! }, sampled.network.map { $0.table! }) {
      #expect(first.variable == second.variable && first.parents == second.parents)
      #expect(zip(first.probabilities, second.probabilities).allSatisfy { abs($0 - $1) < 1e-13 })
      #expect(zip(first.soundShares, second.soundShares).allSatisfy { abs($0 - $1) < 1e-13 })
    }
  }

  @Test func `a network from generated rows comes near the enumerated truth`() throws {
    for text in [Self.graphs[2], Self.graphs[3], Self.graphs[5]] {
      let law = try RandomLaw(text, seed: 8, levels: 2...2)
      let network = try network(text, law.rows(40_000, seed: 9), mode: .sampled)
      let (set, outcome) = (network.intervened[0], network.outcome[0])
      let truth = law.answer(CausalQuery(intervened: [set], outcome: [outcome]))
      for level in 0..<2 {
        let found = self.law(network, set: [set: level], of: [outcome])
        // Some four standard errors of 40,000 rows.
        #expect(abs(found[[1]]! - truth.value(at: [set: level, outcome: 1])) < 0.04, "\(text)")
      }
    }
  }

  // MARK: Ranks and runs

  @Test func `network and rows have the same bits on any number of ranks`() throws {
    let text = Self.graphs[5]
    let rows = try RandomLaw(text, seed: 8).rows(3000, seed: 2)
    @Sendable func digests(_ communicator: any Communicator) throws -> [String] {
      let network = try network(text, rows, mode: .sampled, on: communicator)
      let settings = try InterventionSettings(network, set: ["X": "1"], seen: [:])
      let sample = InterventionalSample(network, settings, rowCount: 5000, seed: 3, all: true)
      return [network.digest(), try sample.survey(on: communicator).digest]
    }
    let alone = try digests(SoloCommunicator())
    for ranks in [2, 3, 8] {
      let all = try LoopbackCommunicator.run(ranks: ranks) { try digests($0) }
      #expect(all.allSatisfy { $0 == alone })
    }
    // Another seed draws other rows to learn on.
    #expect(try network(text, rows, mode: .sampled, seed: 1).digest() != alone[0])
  }

  // MARK: Rows

  /// The levels of some variables in all rows.
  private func drawn(_ sample: InterventionalSample, _ places: [Int], block length: Int = 1024) throws -> [[Int]] {
    var block = sample.emptyBlock
    var rows: [[Int]] = []
    for start in stride(from: 0, to: sample.rowCount, by: length) {
      let own = start..<min(start + length, sample.rowCount)
      try sample.draw(own, into: &block)
      let columns = places.map { block.levels(of: $0).map(Int.init) }
      rows += own.indices.map { row in columns.map { $0[row - start] } }
    }
    return rows
  }

  @Test(arguments: [(graphs[2], false), (graphs[5], false), (graphs[6], true), (graphs[4], true)])
  func `rows follow the law of the network`(text: String, isGiven: Bool) throws {
    let seen = isGiven ? (text == Self.graphs[6] ? "Z1" : "Z") : nil
    let law = try RandomLaw(text, seed: 12)
    let network = try network(text, law.rows(5000, seed: 1), mode: .sampled, given: seen.map { [$0] } ?? [])
    let settings = try InterventionSettings(network, set: ["X": "1"], seen: seen.map { [$0: "1"] } ?? [:])
    let count = 60_000
    let sample = InterventionalSample(network, settings, rowCount: count, seed: 3, all: true)
    let asked = network.outcome + (network.network.flatMap(\.variables).filter { $0 != network.outcome[0] }.prefix(2))
    let rows = try drawn(sample, asked + network.intervened + network.given)
    #expect(rows.allSatisfy { $0[asked.count...].allSatisfy { $0 == 1 } })
    let fixed = Dictionary(uniqueKeysWithValues: (network.intervened + network.given).map { ($0, 1) })
    let conditioned = network.plan.query.given.sorted()
    let joint = self.law(network, set: fixed, of: asked + conditioned)
      .filter { $0.key[asked.count...].allSatisfy { $0 == 1 } }
    let total = joint.values.reduce(0, +)
    var counts: [[Int]: Int] = [:]
    for row in rows { counts[Array(row[..<asked.count]), default: 0] += 1 }
    for (key, value) in joint {
      let (expected, found) = (value / total, Double(counts[Array(key[..<asked.count]), default: 0]) / Double(count))
      let error = (expected * (1 - expected) / Double(count)).squareRoot()
      #expect(abs(found - expected) <= 5 * error, "\(text): \(key) \(found) \(expected)")
    }
    #expect(counts.keys.allSatisfy { key in joint.contains { Array($0.key[..<asked.count]) == key && $0.value > 0 } })
  }

  @Test func `how rows are cut changes none of them, nor do rows before`() throws {
    let text = Self.graphs[6]
    let network = try network(text, RandomLaw(text, seed: 1).rows(2000, seed: 1), mode: .exact, given: ["Z1"])
    let settings = try InterventionSettings(network, set: ["X": "0"], seen: ["Z1": "1"])
    func rows(_ count: Int, _ block: Int) throws -> [[Int]] {
      try drawn(
        InterventionalSample(network, settings, rowCount: count, seed: 9, all: true), network.outcome, block: block)
    }
    let whole = try rows(3001, 1024)
    #expect(try rows(3001, 7) == whole && rows(1500, 333) == Array(whole.prefix(1500)))
  }

  @Test func `values from a table go row by row`() throws {
    let text = Self.graphs[0]
    let law = try RandomLaw(text, seed: 3, levels: 3...3)
    let network = try network(text, law.rows(4000, seed: 1), mode: .exact)
    let values = (0..<2500).map { [Double($0 / 3 % 3)] }
    let sample = InterventionalSample(
      network, try InterventionSettings(network, table: frame(["X"], values)), rowCount: 2500, seed: 1, all: true)
    let x = network.intervened[0]
    let rows = try drawn(sample, [x] + network.outcome, block: 500)
    #expect(rows.map { Double($0[0]) } == values.map { $0[0] })
    // The same as of a sample in which all rows have that level.
    for level in 0..<3 {
      let settings = try InterventionSettings(network, set: ["X": "\(level)"], seen: [:])
      let constant = try drawn(
        InterventionalSample(network, settings, rowCount: 2500, seed: 1, all: true), [x] + network.outcome)
      #expect(rows.indices.allSatisfy { rows[$0][0] != level || rows[$0] == constant[$0] })
    }
  }

  @Test func `what rests on few rows is told as in the exact answer`() throws {
    // Two rows alone have Z = 1 and X = 1, where under do(X = 1) half of the answer goes.
    let text = "Z -> X -> Y; Z -> Y"
    let rows = (0..<400).map { row -> [Double] in
      let z = row % 2
      return [z, z == 0 ? row / 2 % 2 : (row < 4 ? 1 : 0), row / 4 % 2].map(Double.init)
    }
    for mode in [NetworkOptions.Mode.exact, .sampled] {
      let network = try network(text, rows, mode: mode)
      #expect(network.network.last!.table!.thinCount == 1)
      let shares = try ["0", "1"].map { value in
        let settings = try InterventionSettings(network, set: ["X": value], seen: [:])
        return try InterventionalSample(network, settings, rowCount: 40_000, seed: 1, all: false)
          .survey(on: SoloCommunicator()).rareShare
      }
      #expect(shares[0] == 0 && abs(shares[1] - 0.5) < 5 * 0.0025, "\(shares)")
    }
  }

  @Test func `rare combinations are followed through generated rows`() throws {
    // The napkin, with a level of W2 that three rows have.
    let text = Self.graphs[2]
    var rows = try RandomLaw(text, seed: 14, levels: 2...2).rows(4000, seed: 1)
    for row in 0..<3 { rows[row][1] = 2 }
    let network = try network(text, rows, mode: .sampled)
    // Of the rows that were generated with W2 = 2 none was learned on rows enough; those with W2 = 0 or 1 were.
    let last = network.network.last!.table!
    let w2 = network.graph.names.firstIndex(of: "W2")!
    let place = try #require(last.parents.firstIndex(of: w2))
    let stride = last.parentLevelCounts[(place + 1)...].reduce(1, *)
    for law in 0..<last.combinationCount {
      let shares = last.soundShares[law * last.levelCount..<(law + 1) * last.levelCount]
      let isRare = law / stride % 3 == 2
      #expect(shares.allSatisfy { isRare ? $0 == 0 : $0 > 0.99 }, "\(law) \(shares)")
    }
  }

  // MARK: Acceptance

  /// A sample of a sampled network beside the exact answer of the same rows, in every cell: its variance is that of the
  /// draws and that of what the generated rows leave to chance, which networks of other seeds show.
  private func accept(_ text: String, rows: Int, draws: Int, seeds: Int) throws {
    let data = try RandomLaw(text, seed: 21).rows(rows, seed: 22)
    let exact = try exactAnswers(text, data)
    let networks = try (0..<UInt64(seeds)).map { try network(text, data, mode: .sampled, seed: $0) }
    for answer in exact.answers {
      let set = [networks[0].intervened[0]: answer.levels[0]]
      let settings = try InterventionSettings(
        networks[0], set: [networks[0].options.intervened[0]: "\(answer.levels[0])"], seen: [:])
      let counts = try InterventionalSample(networks[0], settings, rowCount: draws, seed: 1, all: false)
        .survey(on: SoloCommunicator()).counts[0]
      for (level, probability) in answer.probabilities.enumerated() {
        let laws = networks.map { law($0, set: set, of: $0.outcome)[[level], default: 0] }
        let mean = laws.reduce(0, +) / Double(seeds)
        let variance = laws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(seeds - 1)
        let expected = probability.estimate
        let error = (expected * (1 - expected) / Double(draws) + variance).squareRoot()
        let found = Double(counts[level]) / Double(draws)
        #expect(abs(found - expected) <= 5 * error, "\(text): \(found) \(expected) \(error)")
      }
    }
  }

  @Test(arguments: graphs)
  func `samples agree with exact answers`(text: String) throws {
    try accept(text, rows: 5000, draws: 50_000, seeds: 8)
  }

  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["GIV_SLOW_TESTS"] == "1"), arguments: graphs)
  func `a million samples agree with exact answers`(text: String) throws {
    try accept(text, rows: 100_000, draws: 1_000_000, seeds: 8)
  }

  // MARK: Files and refusals

  @Test func `a network is read as it was written`() throws {
    let folder = try ScratchFolder()
    let text = Self.graphs[5]
    let network = try network(text, RandomLaw(text, seed: 1).rows(2000, seed: 1), mode: .sampled)
    let path = folder.file("idgen.h5")
    try network.save(to: path, inputDigest: "rows", software: ["giv-dist": "test"])
    let (read, inputDigest) = try InterventionalNetwork.load(ofRun: path)
    #expect(inputDigest == "rows" && read.digest() == network.digest())
    #expect(read.network == network.network && read.free == network.free && read.generated == network.generated)
    #expect(read.options == network.options && read.variables == network.variables && !read.isExact)
  }

  @Test func `questions and values that a network does not know are named`() throws {
    let text = Self.graphs[6]
    let network = try network(text, RandomLaw(text, seed: 1).rows(2000, seed: 1), mode: .exact, given: ["Z1"])
    func message(_ set: [String: String], _ seen: [String: String]) -> String {
      failure { _ = try InterventionSettings(network, set: set, seen: seen) }.map {
        "\($0.exitCode.rawValue): \($0.message)"
      } ?? "taken"
    }
    #expect(message(["X": "1"], ["Z1": "0"]) == "taken" && message(["X": "1.0"], ["Z1": "0"]) == "taken")
    #expect(message([:], ["Z1": "0"]) == "64: the network was learned for --do X; add --do X=VALUE")
    #expect(message(["X": "1"], [:]) == "64: the network was learned for --given Z1; add --given Z1=VALUE")
    #expect(message(["X": "7"], ["Z1": "0"]).hasPrefix("64: --do X=7: no row that the network was learned on has"))
    #expect(message(["XX": "1"], ["Z1": "0"]).contains("no such variable; did you mean 'X'?"))
    #expect(message(["X": "1", "Z2": "0"], ["Z1": "0"]).contains("the network was learned for --do X; run idgen fit"))
    let table = failure { _ = try InterventionSettings(network, table: frame(["X", "Z1"], [[0, 0], [9, 1]])) }
    #expect(table?.exitCode == .data && table?.message.contains("'X' is 9 in some rows") == true)
    let lacking = failure { _ = try InterventionSettings(network, table: frame(["X"], [[0], [1]])) }
    #expect(lacking?.exitCode == .usage && lacking?.message.hasPrefix("--do-from names 'Z1'") == true)
  }

  @Test func `what never occurs under the intervention is not waited for`() throws {
    // Z1 = 1 never occurs with X = 0.
    let rows = (0..<600).map { row -> [Double] in
      let x = Double(row % 2)
      return [x, x * Double(row / 2 % 2), Double(row / 4 % 2), Double(row / 8 % 2), Double(row / 16 % 2)]
    }
    let network = try network(Self.graphs[6], rows, mode: .exact, given: ["Z1"])
    #expect(!network.plan.query.given.isEmpty)
    let settings = try InterventionSettings(network, set: ["X": "0"], seen: ["Z1": "1"])
    let sample = InterventionalSample(network, settings, rowCount: 10, seed: 0, all: false)
    #expect(failure { _ = try sample.survey(on: SoloCommunicator()) }?.exitCode == .data)
  }
}
