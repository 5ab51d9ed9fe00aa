import CausalGraphs
import Communication
import Frames
import InterventionalSampling
import LinearAlgebra
import Runs
import TestSupport
import Testing

/// Answers by models: what halves of the rows make of errors, and what free inputs say of the graph.
@Suite struct SampledEffectTests {
  private func rows(_ count: Int, seed: UInt64, _ law: (_ normal: (Int) -> Double) -> [Double]) -> [[Double]] {
    let random = CounterRandom(seed: seed, stream: .test)
    return (0..<count).map { row in law { random.normal(row: row, draw: $0) } }
  }

  /// The answer, and what its halves came to.
  private func answer(
    _ text: String, _ data: [[Double]], halves: Int, seed: UInt64 = 0, draws: Int = 4000
  ) throws -> (SampledEffectResult, [HalfSample], [RowSelection]) {
    let graph = try MixedGraph(text: text, file: "g")
    var network = NetworkOptions(graph: graph.text, intervened: ["X"], outcome: ["Y"])
    for name in graph.names { network.models.kinds[name] = .gaussian }
    (network.seed, network.expand) = (seed, 2)
    var options = InterventionalOptions(network)
    (options.draws, options.replicates, options.values) = (draws, halves, ["X": ["-1", "1"]])
    let query = CausalQuery(
      intervened: [graph.names.firstIndex(of: "X")!], outcome: [graph.names.firstIndex(of: "Y")!])
    var (found, chosen): ([HalfSample], [RowSelection]) = ([], [])
    let result = try SampledEffect(options, graph: graph, query: query).fit(
      frame(graph.names, data), in: Run(),
      halves: { plan in
        found = try plan.cells.map { cell in
          let selection = plan.rows(cell, of: data.count)
          chosen.append(selection)
          let half = try frame(graph.names, (0..<selection.count).map { data[selection.row($0)] })
          return try plan.replicate(cell, half, in: Run())
        }
        return found
      })
    return (result, found, chosen)
  }

  private func linear(_ count: Int, seed: UInt64) -> [[Double]] {
    rows(count, seed: seed) { normal in
      let u = normal(0)
      let x = u + normal(1)
      let m = 0.7 * x + 0.5 * normal(2)
      return [x, m, 1.1 * m + 1.5 * u + 0.4 * normal(3)]
    }
  }

  @Test func `halves are half of the rows, each another, and errors are the deviations of what they come to`() throws {
    let (result, halves, chosen) = try answer("X -> M -> Y; X <-> Y", linear(601, seed: 1), halves: 5)
    #expect(chosen.allSatisfy { $0.count == 300 && $0.total == 601 })
    #expect(Set(chosen.map { half in (0..<300).map(half.row) }).count == 5)
    for (place, estimate) in result.answers[1].estimates.enumerated() {
      let values = halves.map { $0.answers[1][place] }
      let mean = values.reduce(0, +) / 5
      let error = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot()
      #expect(abs(estimate.standardError! - error) < 1e-12 * max(1, error))
      #expect(abs(estimate.upper! - estimate.estimate - 2.7764451 * error) < 1e-6 * max(1, error))
    }
    let differences = halves.map { $0.answers[1][0] - $0.answers[0][0] }
    let mean = differences.reduce(0, +) / 5
    let error = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot()
    #expect(abs(result.contrasts[0].differences[0].standardError! - error) < 1e-12)
  }

  /// E[Y | do(x)] = .77 x: of 30 answers' 60 means, 95% intervals hold some 57.
  @Test func `intervals hold the truth as often as they say`() throws {
    var (held, all) = (0, 0)
    for seed in 0..<30 as Range<UInt64> {
      let (result, _, _) = try answer("X -> M -> Y; X <-> Y", linear(400, seed: seed + 100), halves: 12, seed: seed)
      for (answer, x) in zip(result.answers, [-1.0, 1]) {
        all += 1
        if answer.estimates[0].lower! <= 0.77 * x, 0.77 * x <= answer.estimates[0].upper! { held += 1 }
      }
    }
    // Fewer than 50 of 60 at .95 happen once in 1,000 times.
    #expect(all == 60 && held >= 50, "\(held) of \(all)")
  }

  /// In W1 -> W2 -> X -> Y with W1 <-> X and W1 <-> Y the answer may be read at any W2; an arrow W2 -> Y is found.
  @Test func `an answer that moves with its free inputs contradicts the graph`() throws {
    func napkin(_ direct: Double, seed: UInt64) -> [[Double]] {
      rows(3000, seed: seed) { normal in
        let (u, v) = (normal(0), normal(1))
        let w1 = u + v + normal(2)
        let w2 = 0.7 * w1 + normal(3)
        let x = 0.8 * w2 + u + normal(4)
        return [w1, w2, x, 0.6 * x + v + direct * w2 + normal(5)]
      }
    }
    let text = "W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y"
    let (sound, _, _) = try answer(text, napkin(0, seed: 3), halves: 12)
    let (broken, _, _) = try answer(text, napkin(0.8, seed: 3), halves: 12)
    #expect(sound.invariance!.pValue > 0.01 && sound.verdict != .contradicted, "\(sound.invariance!)")
    #expect(broken.invariance!.pValue < 0.01 && broken.verdict == .contradicted, "\(broken.invariance!)")
  }

  /// B bends with A, errors grow with it, and C follows B alone: A and C are independent given B, which straight lines would
  /// deny.
  @Test func `curves and unequal errors are no dependence, and a dependence is found`() throws {
    func p(_ direct: Double, seed: UInt64) throws -> Double {
      let data = rows(2000, seed: seed) { normal in
        let a = normal(0)
        let b = a * a + (1 + a.magnitude) * normal(1)
        return [a, b, b * b / 4 + direct * a + (1 + b.magnitude) * normal(2)]
      }
      let graph = try MixedGraph(text: "A -> X -> Y", file: "g")
      var network = NetworkOptions(graph: graph.text, intervened: ["X"], outcome: ["Y"])
      network.models.kinds = ["Y": .gaussian]
      var options = InterventionalOptions(network)
      (options.draws, options.values) = (100, ["X": ["0"]])
      let result = try SampledEffect(options, graph: graph, query: CausalQuery(intervened: [1], outcome: [2]))
        .fit(frame(graph.names, data), in: Run(), halves: nil)
      #expect(result.independences.count == 1 && result.independences[0].statistic == .residualCovariance)
      return try #require(result.independences[0].test?.pValue)
    }
    let sound = try (0..<20 as Range<UInt64>).map { try p(0, seed: $0) }
    #expect(sound.filter { $0 < 0.05 }.count <= 4, "\(sound)")
    #expect(try p(0.8, seed: 1) < 1e-4)
  }

  /// E[Y | do(X = x), Z = z] = x + (z - x) / 2 with variance 1/2, where Z = Y + e and Y = X + e.
  @Test func `changes are told at each value of a number that is seen`() throws {
    let data = rows(6000, seed: 8) { normal in
      let x = normal(0)
      let y = x + normal(1)
      return [x, y, y + normal(2)]
    }
    let graph = try MixedGraph(text: "X -> Y -> Z", file: "g")
    var network = NetworkOptions(graph: graph.text, intervened: ["X"], outcome: ["Y"], given: ["Z"])
    network.models.kinds = ["Y": .gaussian, "Z": .gaussian]
    var options = InterventionalOptions(network)
    options.values = ["X": ["0", "1"], "Z": ["1", "-1"]]
    let result = try SampledEffect(
      options, graph: graph, query: CausalQuery(intervened: [0], outcome: [1], given: [2])
    ).fit(frame(graph.names, data), in: Run(), halves: nil)
    let means = result.answers.map { $0.estimates[0].estimate }
    #expect(
      means.count == 4 && zip(means, [0.5, -0.5, 1, 0]).allSatisfy { abs($0 - $1) < 0.06 }, "\(means)")
    #expect(result.answers.allSatisfy { abs($0.estimates[1].estimate - 0.5.squareRoot()) < 0.04 })
    #expect(result.contrasts.map { [$0.answer, $0.reference] } == [[2, 0], [3, 1]])
    #expect(result.contrasts.allSatisfy { abs($0.differences[0].estimate - 0.5) < 0.06 })
  }
}
