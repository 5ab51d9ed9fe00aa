import CausalGraphs
import Communication
import Diagnostics
import Foundation
import Frames
import InterventionalSampling
import Runs
import TestSupport
import Testing

@Suite struct InterventionalSamplingTests {
  private func rows(_ law: RandomLaw, count: Int, seed: UInt64) -> [[Double]] { law.rows(count, seed: seed) }

  private func result(
    _ text: String, do intervened: [String], _ outcome: [String], _ rows: [[Double]], names: [String]? = nil,
    change: (inout InterventionalOptions) -> Void = { _ in }, on communicator: any Communicator = SoloCommunicator()
  ) throws -> InterventionalResult {
    let graph = try MixedGraph(text: text, file: "g")
    func places(_ names: [String]) -> Set<Int> { Set(names.map { graph.names.firstIndex(of: $0)! }) }
    var options = exactOptions(text, set: intervened, outcome: outcome)
    change(&options)
    return try InterventionalSampling(
      options, graph: graph, query: CausalQuery(intervened: places(intervened), outcome: places(outcome))
    ).run(on: try frame(names ?? graph.names, rows, on: communicator))
  }

  private static let napkin = "W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y"

  private func law(_ text: String, seed: UInt64, levels: ClosedRange<Int> = 2...3) throws -> RandomLaw {
    try RandomLaw(text, seed: seed, levels: levels)
  }

  @Test func `answers of rows come near the truth, and intervals hold it`() throws {
    var (held, all) = (0, 0)
    for seed in 0..<8 as Range<UInt64> {
      let law = try law("X -> M -> Y; X <-> Y", seed: seed)
      let truth = law.answer(CausalQuery(intervened: [0], outcome: [2]))
      let found = try result("X -> M -> Y; X <-> Y", do: ["X"], ["Y"], rows(law, count: 20_000, seed: seed + 100)) {
        $0.allowsExtrapolation = true
      }
      for answer in found.answers {
        for (level, probability) in answer.probabilities.enumerated() {
          let actual = truth.value(at: [0: answer.levels[0], 2: level])
          #expect(abs(probability.estimate - actual) < 0.05)
          held += probability.lower! - 1e-12 <= actual && actual <= probability.upper! + 1e-12 ? 1 : 0
          all += 1
        }
      }
    }
    #expect(Double(held) / Double(all) > 0.85, "\(held) of \(all)")
  }

  @Test func `without confounding the answer is the truncated factorisation`() throws {
    let text = "Z -> X -> Y; Z -> Y"
    let law = try law(text, seed: 3)
    let data = rows(law, count: 4000, seed: 1)
    let found = try result(text, do: ["X"], ["Y"], data)
    // Σ_z n(z)/n · n(z, x, y)/n(z, x), counted here by hand.
    for answer in found.answers {
      for (level, probability) in answer.probabilities.enumerated() {
        var wanted = 0.0
        for z in 0..<law.sizes[0] {
          let ofZ = data.filter { $0[0] == Double(z) }
          let ofX = ofZ.filter { $0[1] == Double(answer.levels[0]) }
          let ofY = ofX.count { $0[2] == Double(level) }
          wanted += Double(ofZ.count) / 4000 * Double(ofY) / Double(ofX.count)
        }
        #expect(abs(probability.estimate - wanted) < 1e-13)
      }
      #expect(abs(answer.probabilities.reduce(0) { $0 + $1.estimate } - 1) < 1e-13)
    }
  }

  @Test func `the same bits on any number of ranks`() throws {
    let law = try law(Self.napkin, seed: 8)
    let data = rows(law, count: 3000, seed: 2)
    let alone = try result(Self.napkin, do: ["X"], ["Y"], data) { $0.allowsExtrapolation = true }.digest()
    for ranks in [2, 3, 8] {
      let digests = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try result(Self.napkin, do: ["X"], ["Y"], data, change: { $0.allowsExtrapolation = true }, on: communicator)
          .digest()
      }
      #expect(digests.allSatisfy { $0 == alone })
    }
  }

  @Test func `names, the order of columns and of categories, and idle variables change no answer`() throws {
    let law = try law(Self.napkin, seed: 8, levels: 2...2)
    let data = rows(law, count: 3000, seed: 2)
    let base = try result(Self.napkin, do: ["X"], ["Y"], data) { $0.allowsExtrapolation = true }
    func same(_ other: InterventionalResult, flipped: Bool = false) -> Bool {
      zip(base.answers, flipped ? other.answers.reversed() : other.answers).allSatisfy { first, second in
        zip(first.probabilities, second.probabilities).allSatisfy { abs($0.estimate - $1.estimate) < 1e-12 }
      }
    }
    let renamed = "d -> c -> b -> a; d <-> b; d <-> a"
    #expect(same(try result(renamed, do: ["b"], ["a"], data) { $0.allowsExtrapolation = true }))
    #expect(
      same(
        try result(
          Self.napkin, do: ["X"], ["Y"], data.map { $0.reversed() }, names: ["Y", "X", "W2", "W1"]
        ) { $0.allowsExtrapolation = true }))
    let flipped = data.map { [$0[0], $0[1], 7 - $0[2], $0[3]] }
    #expect(
      same(try result(Self.napkin, do: ["X"], ["Y"], flipped) { $0.allowsExtrapolation = true }, flipped: true))
    let further = data.enumerated().map { $1 + [Double($0 % 2)] }
    #expect(
      same(
        try result(Self.napkin + "; Y -> D", do: ["X"], ["Y"], further) { $0.allowsExtrapolation = true }))
    #expect(same(try result(Self.napkin, do: ["X"], ["Y"], data + data) { $0.allowsExtrapolation = true }))
  }

  @Test func `an arrow that the graph lacks is seen`() throws {
    // Data of the napkin with W2 -> Y, and of a chain with an arrow past its middle.
    let napkin = try law("W1 -> W2 -> X -> Y; W2 -> Y; W1 <-> X; W1 <-> Y", seed: 21, levels: 2...2)
    let wrong = try result(Self.napkin, do: ["X"], ["Y"], rows(napkin, count: 50_000, seed: 1)) {
      $0.allowsExtrapolation = true
    }
    #expect(wrong.invariance!.pValue < 1e-4 && wrong.verdict == .contradicted)
    let chain = try law("X -> M -> Y; X -> Y", seed: 4)
    let missing = try result("X -> M -> Y", do: ["X"], ["Y"], rows(chain, count: 20_000, seed: 1))
    #expect(missing.rejected.count == 1 && missing.verdict == .contradicted)
    let right = try law(Self.napkin, seed: 9, levels: 2...2)
    let fine = try result(Self.napkin, do: ["X"], ["Y"], rows(right, count: 50_000, seed: 1))
    #expect(fine.invariance!.pValue > 0.01 && fine.verdict == .supported)
  }

  @Test func `what cannot be answered is refused with what to do`() throws {
    let law = try law("Z -> X -> Y; Z -> Y", seed: 3, levels: 2...2)
    var data = rows(law, count: 500, seed: 1)
    func message(_ text: String, _ rows: [[Double]], change: @escaping (inout InterventionalOptions) -> Void = { _ in })
      -> String
    {
      failure { _ = try result(text, do: ["X"], ["Y"], rows, change: change) }.map {
        "\($0.exitCode.rawValue): \($0.message)"
      } ?? "answered"
    }
    let text = "Z -> X -> Y; Z -> Y"
    #expect(message(text, data.map { [$0[0], 1, $0[2]] }).hasPrefix("65: 'X' has one value in all rows"))
    #expect(message(text, data) { $0.values = ["X": ["5"]] }.hasPrefix("65: no row has 'X' = 5"))
    #expect(
      message(text, (0..<1500).map { [Double($0), Double($0 % 2), Double($0 % 2)] }).hasPrefix(
        "65: 'Z' takes more than 1000 values"))
    let missing = try Frame(
      rows: DistributedRows(rowCount: 4, communicator: SoloCommunicator()),
      columns: [
        .categorical("Z", .institution, ["a", nil, "b", "b"], allowsMissing: true),
        .real("X", .covariate, [0, 1, 0, 1]),
        .real("Y", .covariate, [0, 1, 1, 0]),
      ])
    let graph = try MixedGraph(text: text, file: "g")
    let estimator = InterventionalSampling(
      exactOptions(text, set: ["X"], outcome: ["Y"]), graph: graph,
      query: CausalQuery(intervened: [1], outcome: [2]))
    #expect(failure { _ = try estimator.run(on: missing) }?.message.hasPrefix("'Z' is missing in some rows") == true)
    // Two rows alone have Z = 1 and X = 1.
    data = (0..<400).map { row -> [Double] in
      let z = row % 2
      let x = z == 0 ? row / 2 % 2 : (row < 4 ? 1 : 0)
      return [z, x, row / 4 % 2].map(Double.init)
    }
    #expect(message(text, data).contains("rests for 50% on combinations of levels with fewer than 5 rows"))
    #expect(message(text, data) { $0.allowsExtrapolation = true } == "answered")
  }
}
