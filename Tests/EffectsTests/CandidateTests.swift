import Communication
import Diagnostics
import Effects
import Foundation
import Frames
import TestSupport
import Testing

/// Numbers of `make_candidates.py`.
private struct CandidateOracle: Decodable {
  struct Auto: Decodable {
    struct Phase: Decodable {
      let loss: Double
      let gradient: [Double]
    }
    let candidates: [[Double]]
    let t: [Double]
    let y: [Double]
    let partners: [Int]
    let parameters: [Double]
    let phases: [String: Phase]
  }

  struct Combined: Decodable {
    let x: [[Double]]
    let w: [[Double]]
    let t: [Double]
    let y: [Double]
    let weights: [Double]
    let was: [Double]
    let mode: Int

    /// Rows with x for covariates and w beside them, whose units are doubled if wanted.
    func frame(scale: Double = 1, on communicator: any Communicator = SoloCommunicator()) throws -> Frame {
      var columns = x.enumerated().map { FrameColumn.real("x\($0)", .covariate, $1) }
      columns += [.real("t", .treatment, t), .real("y", .outcome, y), .real("weight", .weight, weights)]
      columns += w.enumerated().map { FrameColumn.real("w\($0)", .instrument, $1.map { scale * $0 }) }
      return try Frame(
        rows: DistributedRows(rowCount: t.count, chunkLength: 64, communicator: communicator), columns: columns)
    }
  }

  let auto: Auto
  let combined: Combined

  static let shared: CandidateOracle = {
    let file = packageDirectory.appendingPathComponent("Tests/OracleFixtures/candidates.json")
    return try! JSONDecoder().decode(CandidateOracle.self, from: Data(contentsOf: file))
  }()
}

extension Frame {
  /// The instrument of a rule from the columns w, and its values.
  fileprivate func instrument(_ rule: CandidateRule, of columns: [Int]? = nil) throws -> ValueInstrument {
    let m = covariateCount
    return try CandidateColumns(
      self, columns ?? self.columns(of: .instrument),
      scaling: ColumnScaling(centers: Array(repeating: 0, count: m + 1), scales: Array(repeating: 1, count: m + 1))
    ).instrument(rule, seed: 4, steps: 20)
  }
}

extension ValueInstrument {
  /// Of the rows of this rank.
  fileprivate func column(_ index: Int = 0) throws -> [Double] {
    try values.rows.localChunks.flatMap { chunk in
      Array(
        UnsafeBufferPointer(
          start: try values.pointer(covariate: index, chunk: chunk), count: values.rowCount(ofChunk: chunk)))
    }
  }
}

@Suite struct CandidateTests {
  private static func centred(_ values: [Double], _ weights: [Double]) -> [Double] {
    let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    return values.map { $0 - mean }
  }

  @Test func `the losses of AutoIV and their gradients are PyTorch's`() throws {
    let auto = CandidateOracle.shared.auto
    let objective = AutoObjective(
      AutoSample(treatment: auto.t, outcome: auto.y, candidates: auto.candidates), on: SoloCommunicator())
    try #require(objective.parameterCount == auto.parameters.count)
    for phase in AutoObjective.Phase.allCases {
      let expected = auto.phases["\(phase)"]!
      let found = try objective.lossGradient(phase, partners: auto.partners, parameters: auto.parameters)
      #expect(abs(found.loss - expected.loss) < 1e-11, "\(phase)")
      let largest = zip(found.gradient, expected.gradient).map { abs($0 - $1) }.max()!
      #expect(largest < 1e-11, "\(phase): \(largest)")
    }
  }

  @Test func `scores are means of the candidates, plain or by their correlations with the treatment`() throws {
    let rows = CandidateOracle.shared.combined
    for (rule, weights) in [(CandidateRule.uas, rows.w.map { _ in 0.2 }), (.was, rows.was)] {
      let found = try rows.frame().instrument(rule).column()
      let expected = Self.centred(
        rows.t.indices.map { i in rows.w.indices.reduce(0) { $0 + weights[$1] * rows.w[$1][i] } }, rows.weights)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rule)")
    }
  }

  @Test func `the mode is the candidate amid the tightest half of the estimates`() throws {
    let rows = CandidateOracle.shared.combined
    let found = try rows.frame().instrument(.mode).column()
    let expected = Self.centred(rows.w[rows.mode], rows.weights)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-13 })
    // Of two candidates there is no middle.
    let frame = try rows.frame()
    let two = Array(frame.columns(of: .instrument).prefix(2))
    #expect(try frame.instrument(.mode, of: two).column() == frame.instrument(.uas, of: two).column())
  }

  @Test func `correlations that cancel give no weights`() throws {
    let rows = CandidateOracle.shared.combined
    var columns: [FrameColumn] = [.real("x", .covariate, rows.x[0]), .real("t", .treatment, rows.t)]
    columns += [.real("y", .outcome, rows.y), .real("a", .instrument, rows.w[0])]
    columns.append(.real("b", .instrument, rows.w[0].map { -$0 }))
    let frame = try Frame(
      rows: DistributedRows(rowCount: rows.t.count, communicator: SoloCommunicator()), columns: columns)
    #expect(throws: Failure.self) { try frame.instrument(.was) }
  }

  @Test func `candidates that are covariates exclude nothing`() throws {
    let frame = try CandidateOracle.shared.combined.frame()
    let covariates = frame.columns(of: .covariate)
    #expect(try !frame.instrument(.uas, of: covariates).isExcluded)
    #expect(try frame.instrument(.uas, of: covariates + frame.columns(of: .instrument)).isExcluded)
  }

  @Test func `so do columns that covariates determine`() throws {
    let rows = CandidateOracle.shared.combined
    func isExcluded(_ change: Double) throws -> Bool {
      var columns: [FrameColumn] = rows.x.enumerated().map { .real("x\($0)", .covariate, $1) }
      columns += [.real("t", .treatment, rows.t), .real("y", .outcome, rows.y)]
      columns.append(.real("a", .instrument, rows.t.indices.map { 3 - 2 * rows.x[0][$0] + change * rows.w[0][$0] }))
      let frame = try Frame(
        rows: DistributedRows(rowCount: rows.t.count, communicator: SoloCommunicator()), columns: columns)
      return try frame.instrument(.uas).isExcluded
    }
    #expect(try !isExcluded(0))
    #expect(try isExcluded(0.1))
  }

  @Test func `every instrument has the same bits on any number of ranks`() throws {
    let rows = CandidateOracle.shared.combined
    for rule in CandidateRule.allCases {
      let alone = try rows.frame().instrument(rule).column()
      let parts = try LoopbackCommunicator.run(ranks: 3) { try rows.frame(on: $0).instrument(rule).column() }
      #expect(parts.flatMap(\.self) == alone, "\(rule)")
      #expect(Set(alone).count > 100)
    }
  }
}
