import CausalGraphs
import Communication
import Diagnostics
import Foundation
import Frames
import InterventionalSampling
import LinearAlgebra
import Runs
import TestSupport
import Testing

/// Models of numbers and vectors: against closed forms, against the laws that rows were made from, and the same bits on ranks.
@Suite struct NumberModelTests {
  static let frontDoor = "X -> M -> Y; X <-> Y"

  private func network(
    _ text: String, _ frame: Frame, set: [String] = ["X"], outcome: [String] = ["Y"], given: [String] = [],
    run: Run = Run(), _ change: (inout NetworkOptions) -> Void = { _ in }
  ) throws -> InterventionalNetwork {
    let graph = try MixedGraph(text: text, file: "g")
    var options = NetworkOptions(graph: graph.text, intervened: set, outcome: outcome, given: given)
    change(&options)
    func places(_ names: [String]) -> Set<Int> { Set(names.map { graph.names.firstIndex(of: $0)! }) }
    let query = CausalQuery(intervened: places(set), outcome: places(outcome), given: places(given))
    return try NetworkEstimation(options, graph: graph, query: query).run(on: frame, in: run)
  }

  private func sample(
    _ network: InterventionalNetwork, _ set: [String: String], _ seen: [String: String] = [:], rows: Int = 20_000
  ) throws -> InterventionalSample {
    InterventionalSample(
      network, try InterventionSettings(network, set: set, seen: seen), rowCount: rows, seed: 3, all: false)
  }

  /// The numbers of the outcome in all rows, component by component.
  private func drawn(_ sample: InterventionalSample) throws -> [[Double]] {
    let place = sample.network.outcome[0]
    let width = sample.network.variables[place].numbers!.width
    var block = sample.emptyBlock
    var columns = [[Double]](repeating: [], count: width)
    for start in stride(from: 0, to: sample.rowCount, by: 1000) {
      try sample.draw(start..<min(start + 1000, sample.rowCount), into: &block)
      for component in 0..<width { columns[component] += block.numbers(of: place, component: component) }
    }
    return columns
  }

  /// Rows of a law, by normal numbers of their own.
  private func rows(_ count: Int, _ law: (_ normal: (Int) -> Double) -> [Double]) -> [[Double]] {
    let random = CounterRandom(seed: 7, stream: .test)
    return (0..<count).map { row in law { random.normal(row: row, draw: $0) } }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
  private func variance(_ values: [Double]) -> Double {
    let mean = mean(values)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
  }

  // MARK: Closed forms

  /// Means and variances under do(X = 1) follow from the coefficients; errors of both are some 1 / √n.
  @Test func `linear models have the closed form's means and variances`() throws {
    let count = 20_000
    let normal: [String: ModelKind] = ["X": .gaussian, "M": .gaussian, "Y": .gaussian]
    let backDoor = try network(
      "Z -> X -> Y; Z -> Y",
      frame(
        ["Z", "X", "Y"],
        rows(count) { normal in
          let z = normal(0)
          let x = 0.8 * z + normal(1)
          return [z, x, 1 + 0.5 * x - 1.2 * z + 0.7 * normal(2)]
        })
    ) { $0.models.kinds = normal }
    let front = try network(
      Self.frontDoor,
      frame(
        ["X", "M", "Y"],
        rows(count) { normal in
          let (u, x) = (normal(0), normal(0) + normal(1))
          let m = 0.7 * x + 0.5 * normal(2)
          return [x, m, 1.1 * m + 1.5 * u + 0.4 * normal(3)]
        })
    ) { $0.models.kinds = normal }
    #expect(front.generatedRowCount == 4 * count && front.generated.count == 1)
    for (network, mean, variance) in [
      (backDoor, 1.5, 1.44 + 0.49), (front, 0.77, 1.21 * 0.25 + 2.25 + 0.16),
    ] {
      let values = try drawn(sample(network, ["X": "1"], rows: 40_000))[0]
      #expect(abs(self.mean(values) - mean) < 4 * (variance / Double(count)).squareRoot() * 1.7)
      #expect(abs(self.variance(values) - variance) < 4 * variance * (2 / Double(count)).squareRoot() * 1.7)
    }
  }

  @Test func `a least-squares model is that of the normal equations`() throws {
    let data = rows(500) { normal in
      let level = Double(Int(abs(normal(2)) * 1.3) % 3)
      return [level, 3 + 2 * normal(0), 0.5 * level + 0.3 * normal(0) + normal(1)]
    }
    let network = try network("A -> Y; X -> Y; A -> X", frame(["A", "X", "Y"], data)) {
      $0.models.kinds = ["Y": .gaussian]
    }
    let model = try #require(network.network.last?.network)
    let x = data.map { $0[1] }
    let (mean, deviation) = (mean(x), variance(x).squareRoot())
    let y = data.map { $0[2] }
    let target = y.map { ($0 - self.mean(y)) / variance(y).squareRoot() }
    let columns = data.map { row in
      [1] + (0..<3).map { row[0] == Double($0) ? 3.0.squareRoot() : 0 } + [(row[1] - mean) / deviation]
    }
    // Residuals are orthogonal to all columns: what least squares means.
    let b = model.network.parameters
    let residuals = zip(columns, target).map { row, value in value - zip(row, b).reduce(0) { $0 + $1.0 * $1.1 } }
    for column in 0..<5 {
      #expect(abs(zip(columns, residuals).reduce(0) { $0 + $1.0[column] * $1.1 }) < 1e-9)
    }
    guard case .gaussian(let found) = model.law else { return #expect(Bool(false), "\(model.law)") }
    #expect(abs(found - (residuals.reduce(0) { $0 + $1 * $1 } / 500).squareRoot()) < 1e-12)
  }

  /// E[Y | do(X = x), Z = z] = x + (z - x) / 2 with variance 1/2, where Z = Y + e and Y = X + e.
  @Test func `a number that is seen conditions the answer`() throws {
    let network = try network(
      "X -> Y -> Z",
      frame(
        ["X", "Y", "Z"],
        rows(8000) { normal in
          let y = normal(0) + normal(1)
          return [normal(0), y, y + normal(2)]
        }), given: ["Z"]
    ) { $0.models.kinds = ["Y": .gaussian, "Z": .gaussian] }
    #expect(network.plan.query.given.isEmpty && network.generated.count == 1)
    for (x, z) in [(0.0, 1.0), (1.0, -1.0)] {
      let values = try drawn(sample(network, ["X": "\(x)"], ["Z": "\(z)"], rows: 40_000))[0]
      #expect(abs(mean(values) - (x + (z - x) / 2)) < 0.05 && abs(variance(values) - 0.5) < 0.04)
    }
  }

  // MARK: Laws

  /// The mean distance of the quantiles of samples of one size.
  private func wasserstein(_ first: [Double], _ second: [Double]) -> Double {
    zip(first.sorted(), second.sorted()).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(first.count)
  }

  /// The front door with a category between, and y under do(x) by the same law.
  private func mixedRows(_ count: Int, set: Double? = nil) -> [[Double]] {
    rows(count) { normal in
      let u = (normal(0) > 0 ? 1 : -1) + 0.3 * normal(1)
      let x = u + 0.7 * normal(2)
      let weights = [1.5 * (set ?? x), 0.3 - 1.2 * (set ?? x), 0].map(Elementary.exp)
      // A uniform number from a normal one.
      let share = (1 + erf(normal(3) / 2.0.squareRoot())) / 2 * weights.reduce(0, +)
      let m = share < weights[0] ? 0 : share < weights[0] + weights[1] ? 1 : 2
      return [x, Double(m), [-1, 0.5, 2][m] + 1.2 * u + 0.4 * (m == 2 ? 1.5 : 1) * normal(4)]
    }
  }

  /// What conditioning says is wrong by .8.
  @Test(arguments: [ModelKind.mixture, .flow])
  func `networks answer where linear models cannot`(kind: ModelKind) throws {
    let data = mixedRows(6000)
    let network = try network(Self.frontDoor, frame(["X", "M", "Y"], data)) {
      $0.models.kinds = ["Y": kind]
      ($0.expand, $0.models.steps) = (2, 600)
      if kind == .flow { ($0.models.hidden, $0.models.steps) = ([64, 64], 1500) }
    }
    #expect(network.network.map(\.words).first == "softmax")
    var (found, conditioned) = (0.0, 0.0)
    for x in [-1.0, 0, 1] {
      let truth = mixedRows(20_000, set: x).map { $0[2] }
      found += wasserstein(try drawn(sample(network, ["X": "\(x)"]))[0], truth) / 3
      let near = data.filter { abs($0[0] - x) < 0.2 }.map { $0[2] }.sorted()
      let spread = truth.indices.map { near[$0 * near.count / truth.count] }
      conditioned += wasserstein(spread, truth) / 3
    }
    #expect(found < (kind == .flow ? 0.25 : 0.2) && conditioned > 0.5, "\(kind): \(found) \(conditioned)")
  }

  /// Y is (a, b) with a = ±1 by X and b = a² + noise a little: no product of laws of components.
  @Test(arguments: [2, 3]) func `a flow gives vectors whose components belong together`(width: Int) throws {
    let random = CounterRandom(seed: 5, stream: .test)
    let count = 4000
    let x = (0..<count).map { Int64($0 % 2) }
    let y = (0..<count).flatMap { row -> ArraySlice<Double> in
      let (first, second) = random.normalPair(row: row, draw: 0)
      return [first + Double(2 * (row % 2)), 10 + 3 * first + second, -5 - first][..<width]
    }
    let frame = try Frame(
      rows: DistributedRows(rowCount: count, communicator: SoloCommunicator()),
      columns: [
        .categorical("X", .variable, codes: x, levels: ["a", "b"]), .vector("Y", .variable, y, width: width),
      ])
    let network = try network("X -> Y", frame) { ($0.models.steps, $0.models.hidden) = (800, [32, 32]) }
    for (level, shift) in [("a", 0.0), ("b", 2)] {
      let values = try drawn(sample(network, ["X": level], rows: 8000))
      let centers = values.map(mean)
      let product = mean(zip(values[0], values[1]).map { ($0 - centers[0]) * ($1 - centers[1]) })
      // Means 2 [X = b] and 10, variances 1 and 10, covariance 3.
      #expect(abs(centers[0] - shift) < 0.12 && abs(centers[1] - 10) < 0.4, "\(centers)")
      // Of the third -5, 1 and with the first -1.
      if width == 3 {
        let product = mean(zip(values[0], values[2]).map { ($0 - centers[0]) * ($1 - centers[2]) })
        #expect(abs(centers[2] + 5) < 0.12 && abs(variance(values[2]) - 1) < 0.2 && abs(product + 1) < 0.2)
      }
      #expect(abs(variance(values[0]) - 1) < 0.15 && abs(variance(values[1]) - 10) < 1.5 && abs(product - 3) < 0.5)
    }
  }

  // MARK: Ranks and files

  private func trained(on communicator: any Communicator) throws -> InterventionalNetwork {
    try network(Self.frontDoor, frame(["X", "M", "Y"], mixedRows(1500), on: communicator)) {
      ($0.expand, $0.models.steps, $0.models.batchSize, $0.seed) = (2, 30, 300, 4)
    }
  }

  @Test func `trained networks and their rows have the same bits on any number of ranks`() throws {
    @Sendable func digests(_ communicator: any Communicator) throws -> [String] {
      let network = try trained(on: communicator)
      return [network.digest(), try sample(network, ["X": "0.5"], rows: 3000).survey(on: communicator).digest]
    }
    let alone = try digests(SoloCommunicator())
    for ranks in [2, 3, 8] {
      #expect(try LoopbackCommunicator.run(ranks: ranks) { try digests($0) }.allSatisfy { $0 == alone })
    }
  }

  @Test func `a file gives the same network, rows of free inputs included`() throws {
    let folder = try ScratchFolder()
    let data = rows(300) { normal in
      let (u, w) = (normal(0), normal(1))
      let w2 = w + normal(2)
      let x = w2 + u + normal(3)
      return [w + 0.5 * u, w2, x, x + u + normal(4)]
    }
    let napkin = try network(
      "W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y", frame(["W1", "W2", "X", "Y"], data)
    ) { ($0.models.steps, $0.models.components) = (5, 2) }
    #expect(napkin.free.first?.rows?.rowCount == 300 && napkin.generatedRowCount == 1200)
    for (index, network) in [napkin, try trained(on: SoloCommunicator())].enumerated() {
      let path = folder.file("\(index).h5")
      try network.save(to: path, inputDigest: "rows", software: [:])
      let read = try InterventionalNetwork.load(ofRun: path).network
      #expect(read.digest() == network.digest() && read.network == network.network && read.free == network.free)
      #expect(read.generated == network.generated && read.variables == network.variables)
      let values = try [network, read].map { try drawn(sample($0, ["X": "0.25"], rows: 2000)) }
      #expect(values[0] == values[1])
    }
  }

  // MARK: Refusals

  @Test func `models that variables cannot have are named`() throws {
    let data = try frame(["X", "M", "Y"], mixedRows(200))
    func message(_ change: (inout NetworkOptions) -> Void) -> String {
      failure { _ = try network(Self.frontDoor, data) { change(&$0) } }.map { "\($0.exitCode.rawValue): \($0.message)" }
        ?? "taken"
    }
    #expect(message { $0.models.kinds = ["Y": .table] }.hasPrefix("64: --model Y=table: 'Y' is no category"))
    #expect(message { $0.models.kinds = ["M": .table] }.hasPrefix("64: --model M=table: 'M' depends on numbers"))
    #expect(message { $0.models.kinds = ["M": .mixture] }.hasPrefix("64: --model M=mixture: 'M' is a category"))
    #expect(message { $0.models.kinds = ["Y": .softmax] }.hasPrefix("64: --model Y=softmax: 'Y' is no category"))
    let diverged = message {
      $0.models.kinds = ["Y": .flow]
      ($0.models.learningRate, $0.models.steps) = (1e200, 20)
    }
    #expect(diverged.hasPrefix("70: the training of the model of 'Y' left the range of numbers by step"), "\(diverged)")
  }

  @Test func `values beyond the rows are refused unless they are asked for`() throws {
    let network = try trained(on: SoloCommunicator())
    func refusal(_ word: String, _ allowed: Bool = false) -> Failure? {
      failure { _ = try InterventionSettings(network, set: ["X": word], seen: [:], allowsExtrapolation: allowed) }
    }
    #expect(refusal("0.5") == nil && refusal("1e3", true) == nil)
    let beyond = refusal("1e3")
    #expect(beyond?.exitCode == .data && beyond?.message.contains("nothing shows what it does beyond") == true)
    #expect(refusal("many")?.exitCode == .usage && refusal("nan")?.exitCode == .usage)
    let table = try frame(["X"], [[0], [1e3]])
    let row = failure { _ = try InterventionSettings(network, table: table) }
    #expect(row?.exitCode == .data && row?.message.contains("row 1 (counted from 0) has 'X' = 1000.0") == true)
    #expect(failure { _ = try InterventionSettings(network, table: table, allowsExtrapolation: true) } == nil)
  }
}
