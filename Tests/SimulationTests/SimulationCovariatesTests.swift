import Diagnostics
import Foundation
import Simulation
import Testing

@Suite struct SimulationCovariatesTests {
  private func withCSV<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    let path = NSTemporaryDirectory() + "covariates-\(UUID().uuidString).csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  @Test func `Standardises the named columns in their order`() throws {
    let table = try withCSV("id,a,skipped,b\n1,2,x,10\n2,4,y,20\n3,6,z,60\n") {
      try SimulationCovariates(csv: $0, columns: ["b", "a"])
    }
    #expect(table.rows == 3 && table.columns == 2)
    // b: mean 30, variance 1400/3; a: mean 4, variance 8/3.
    let b = [-20, -10, 30].map { $0 / (1400.0 / 3).squareRoot() }
    let a = [-2, 0, 2].map { $0 / (8.0 / 3).squareRoot() }
    for row in 0..<3 {
      #expect(abs(table.values[2 * row] - b[row]) < 1e-14)
      #expect(abs(table.values[2 * row + 1] - a[row]) < 1e-14)
    }
  }

  @Test func `Clips at three standard deviations`() throws {
    let values = [100] + [Double](repeating: 0, count: 99)
    let table = try SimulationCovariates(names: ["a"], values: values, origin: "memory")
    // (100 - 1) / √99 = 9.95 before.
    #expect(table.values[0] == 3)
    #expect(abs(table.values[1] + 1 / 99.0.squareRoot()) < 1e-14)
  }

  @Test(arguments: [
    ("a,b\n1,2\n2,3\n", ["c"], "no column named 'c'"), ("a,b\n1,2\n2,\n", ["b"], "line 3, column b"),
    ("a,b\n1,nan\n2,3\n", ["b"], "line 2, column b"), ("a\n0.1\n0.1\n0.1\n", ["a"], "column a is constant"),
    ("a\n", ["a"], "no rows"), ("", ["a"], "empty"),
  ])
  func `Refuses tables that cannot serve`(text: String, columns: [String], message: String) throws {
    try withCSV(text) { path in
      let failure = #expect(throws: Failure.self) { try SimulationCovariates(csv: path, columns: columns) }
      #expect(failure?.exitCode == .data)
      #expect(failure?.message.contains(path) == true && failure?.message.contains(message) == true)
    }
  }

  @Test func `Refuses a missing file and missing columns`() throws {
    #expect(throws: Failure.self) { try SimulationCovariates(csv: "/no/such/file.csv", columns: ["a"]) }
    let failure = #expect(throws: Failure.self) { try SimulationCovariates(csv: "some.csv", columns: []) }
    #expect(failure?.message.contains("--columns") == true)
  }

  // MARK: In a simulation

  private func table(rows: Int) throws -> SimulationCovariates {
    try SimulationCovariates(
      names: ["a", "b"], values: (0..<2 * rows).map { Double($0 * $0 % 97) }, origin: "memory")
  }

  private func parameters(rows: Int, testRows: Int) -> SimulationParameters {
    var parameters = SimulationParameters()
    (parameters.covariates, parameters.rows, parameters.testRows) = (2, rows, testRows)
    return parameters
  }

  @Test func `Rows are taken in order and test rows follow`() throws {
    let table = try table(rows: 50)
    let simulation = try Simulation(parameters(rows: 30, testRows: 20), covariates: table)
    #expect(simulation.rows(0..<30).x + simulation.testRows(0..<20).x == table.values)
    #expect(simulation.rows(10..<12).x == Array(table.values[20..<24]))
  }

  @Test func `Epsilon is then of the law alone`() throws {
    let table = try table(rows: 50)
    var other = parameters(rows: 50, testRows: 0)
    let normal = try Simulation(other, covariates: table).rows(0..<50).epsilon
    let shifted = try SimulationCovariates(names: table.names, values: table.values.reversed(), origin: "memory")
    // The same ε whatever X.
    #expect(try Simulation(other, covariates: shifted).rows(0..<50).epsilon == normal)
    other.errors = .uniform
    #expect(try Simulation(other, covariates: table).rows(0..<50).epsilon.allSatisfy { abs($0) < 3.0.squareRoot() })
  }

  @Test func `Refuses more rows or other columns than the table`() throws {
    let table = try table(rows: 50)
    let tooMany = #expect(throws: Failure.self) {
      try Simulation(parameters(rows: 40, testRows: 11), covariates: table)
    }
    #expect(tooMany?.exitCode == .usage && tooMany?.message.contains("--rows 40") == true)
    var wrong = parameters(rows: 10, testRows: 0)
    wrong.covariates = 3
    let failure = #expect(throws: Failure.self) { try Simulation(wrong, covariates: table) }
    #expect(failure?.message.contains("--columns") == true)
  }
}
