import Communication
import ControlFunction
import Diagnostics
import Frames
import LinearAlgebra
import Testing

/// What is looked at in the rows before a joint fit, and beside it.
@Suite struct JointRowsTests {
  private let random = CounterRandom(seed: 41, stream: .test)

  /// Rows of normal numbers.
  private func frame(
    covariates: Int = 2, count: Int = 1000, outcome: (_ noise: Double) -> Double = { $0 },
    communicator: any Communicator = SoloCommunicator(), row: (Int) -> Int = { $0 },
    treatment: (_ noise: Double, _ row: Int) -> Double = { noise, _ in noise }
  ) throws -> Frame {
    func column(_ number: Int) -> [Double] { (0..<count).map { random.normal(row: row($0), draw: number) } }
    return try Frame(
      rows: DistributedRows(rowCount: count, chunkLength: 64, communicator: communicator),
      covariates: (0..<covariates).map(column),
      treatment: column(covariates).enumerated().map { treatment($1, $0) },
      outcome: column(covariates + 1).map(outcome))
  }

  private func refusal(_ frame: Frame, _ basis: CovariateBasis = .auto) -> Failure? {
    var options = ControlFunction.Options(groups: 2)
    options.covariateBasis = basis
    do {
      try ControlFunction.check(frame, options)
      return nil
    } catch { return error as? Failure }
  }

  /// A twentieth of the rows at an end is too many, one row fewer is not; between the ends a heap is no cut.
  @Test(arguments: [(-9.0, "least"), (9, "greatest")])
  func `treatments that are cut are refused with the number of rows`(end: Double, word: String) throws {
    func cut(_ count: Int, at value: Double) throws -> Failure? {
      try refusal(frame(treatment: { noise, row in row < count ? value : noise }))
    }
    let cut50 = try #require(try cut(50, at: end))
    #expect(cut50.message.contains("at its \(word) value, \(end), in 50 of 1000 rows") && cut50.exitCode == .data)
    #expect(try cut(49, at: end) == nil && cut(200, at: 0.25) == nil)
    let far = try #require(try refusal(frame(treatment: { noise, row in row % 4 == 0 ? end : noise })))
    #expect(far.message.contains("in 250 of 1000 rows"))
  }

  @Test func `outcomes of few values are refused with what to do`() throws {
    let binary = try #require(try refusal(frame { $0 > 0 ? 1 : 0 }))
    #expect(
      binary.message.contains("only the values 0.0 and 1.0")
        && binary.message.contains("the probability, by a linear model"))
    let counts = try #require(try refusal(frame { max(0, (2 + 2 * $0).rounded()) }))
    #expect(counts.message.contains("values only, from 0.0 to") && counts.message.contains("giv-dist effect"))
    #expect(try refusal(frame { (100 * $0).rounded() }) == nil)
  }

  @Test func `the basis is looked at before anything is fitted, and small ones are taken where no other can be`() throws
  {
    let wide = try frame(covariates: 12)
    #expect(refusal(wide) == nil && refusal(wide, .additive) == nil && refusal(wide, .polynomial2) == nil)
    #expect(try refusal(frame(covariates: 25)) == nil)
    let message = try #require(refusal(wide, .polynomial3)).message
    #expect(message.contains("--covariate-basis polynomial3 of 12 covariates takes 454 columns"))
    #expect(try #require(try refusal(frame(covariates: 25, count: 200))).message.contains("at least 250 rows"))
  }

  @Test func `repeated rows are counted, on any number of ranks`() throws {
    #expect(try frame().repeatedShare() == 0)
    let share = try frame(row: { $0 % 250 }).repeatedShare()
    #expect(share == 0.75)
    let ranks = try LoopbackCommunicator.run(ranks: 3) { communicator in
      try frame(communicator: communicator, row: { $0 % 250 }).repeatedShare()
    }
    #expect(ranks == [0.75, 0.75, 0.75])
    // Of more rows than are looked at.
    let many = try frame(covariates: 1, count: 200_000, row: { $0 / 2 }).repeatedShare()
    #expect(abs(many - 0.5) < 1e-9)
  }

  @Test func `clusters that are none are refused`() throws {
    let rows = DistributedRows(rowCount: 100, communicator: SoloCommunicator())
    let values = (0..<100).map { random.normal(row: $0, draw: 0) }
    let frame = try Frame(
      rows: rows,
      columns: [
        .real("x", .covariate, values), .real("t", .treatment, values), .real("y", .outcome, values),
        .categorical("clinic", .institution, codes: values.map { _ in 1 }, levels: ["a", "b"]),
      ])
    let missing = #expect(throws: Failure.self) { try RowClusters("ward", of: frame) }
    #expect(missing?.exitCode == .usage && missing?.message.contains("--cluster ward") == true)
    let one = #expect(throws: Failure.self) { try RowClusters("clinic", of: frame) }
    #expect(one?.exitCode == .data && one?.message.contains("one cluster of 'clinic'") == true)
  }
}
