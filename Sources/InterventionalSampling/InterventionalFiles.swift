import Runs
import Statistics
import Storage

/// The files of an interventional law: `idgen.h5` with all numbers, and tidy tables of answers and tests.
public struct InterventionalFiles {
  /// In the order in which they get their names.
  public static let names = ["idgen.h5", "effect.csv", "tests.csv"]
  private static let encodingType = "giv-idgen"
  private static let encodingVersion = "1.0.0"

  private let result: InterventionalResult
  /// Attributes of the root: versions, digests of what the answers come from.
  private let origin: [String: String]

  public init(_ result: InterventionalResult, origin: [String: String]) {
    self.result = result
    self.origin = origin
  }

  /// Writes one of ``names``.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(_ name: String, to path: String) throws {
    switch name {
    case "effect.csv": try AtomicFile.save([UInt8](effect.csv.utf8), to: path, force: true)
    case "tests.csv": try AtomicFile.save([UInt8](tests.csv.utf8), to: path, force: true)
    default: try writeHDF5(to: path)
    }
  }

  /// A row for each level of what is set and given, and of the outcome.
  private var effect: ResultTable {
    let outcomes = result.outcomeLevels
    let lines = result.answers.flatMap { answer in
      outcomes.indices.map { (answer, levels: answer.levels + outcomes[$0], $0) }
    }
    var table = ResultTable(rowCount: lines.count)
    for (index, place) in (result.intervened + result.given + result.outcome).enumerated() {
      let variable = result.variables[place]
      table.add(variable.name, .text(lines.map { variable.levels[$0.levels[index]] }))
    }
    table.add("estimate", .numbers(lines.map { $0.0.probabilities[$0.2].estimate }))
    table.add("std.error", .numbers(lines.map { $0.0.probabilities[$0.2].standardError }))
    table.add("conf.low", .numbers(lines.map { $0.0.probabilities[$0.2].lower }))
    table.add("conf.high", .numbers(lines.map { $0.0.probabilities[$0.2].upper }))
    table.add("conditional", .numbers(lines.map { $0.0.conditional?[$0.2] }))
    table.add("rare_share", .numbers(lines.map(\.0.rareShare)))
    return table
  }

  private var tests: ResultTable {
    ResultTable(
      result.independences, result.invariance, freeInputs: result.plan.freeInputs, names: result.variables.map(\.name))
  }

  private func writeHDF5(to path: String) throws {
    try HDF5File.writeResults(
      to: path, encodingType: Self.encodingType, encodingVersion: Self.encodingVersion, origin: origin,
      configuration: result.options, fill)
  }

  private func fill(_ file: borrowing HDF5File) throws {
    try file.setAttribute("graph", .string(result.graph.text))
    try file.setAttribute("result-digest", .string(result.digest()))
    try file.setAttribute("verdict", .string(result.verdict.rawValue))
    for variable in result.variables { try file.write(variable.levels, to: "levels/\(variable.name)") }
    let (answers, outcomes) = (result.answers, result.outcomeLevels.count)
    let asked = result.intervened + result.given
    try file.write(asked.map { result.variables[$0].name }, to: "asked")
    try file.write(result.outcome.map { result.variables[$0].name }, to: "outcome")
    try file.write(
      answers.flatMap { $0.levels.map(Double.init) }, shape: [answers.count, asked.count], to: "answers/levels")
    func table(_ number: (JackknifeEstimate) -> Double?) -> [Double] {
      answers.flatMap { $0.probabilities.map { number($0) ?? .nan } }
    }
    let shape = [answers.count, outcomes]
    try file.write(table(\.estimate), shape: shape, to: "answers/probability")
    try file.write(table(\.standardError), shape: shape, to: "answers/standard_error")
    try file.write(table(\.lower), shape: shape, to: "answers/lower")
    try file.write(table(\.upper), shape: shape, to: "answers/upper")
    try file.write(
      answers.flatMap { $0.conditional ?? [Double](repeating: .nan, count: outcomes) }, shape: shape,
      to: "answers/conditional")
    try file.write(answers.map(\.rareShare), to: "answers/rare_share")
  }
}

extension ResultTable {
  /// A row for the test of free inputs, where there is one, and for each independence that a graph implies.
  init(_ independences: [IndependenceTest], _ invariance: FTest?, freeInputs: [Int], names: [String]) {
    func words(_ places: [Int]) -> String { places.map { names[$0] }.joined(separator: " ") }
    let free = invariance.map { [$0] } ?? []
    self.init(rowCount: free.count + independences.count)
    add("test", .text(free.map { _ in "free inputs" } + independences.map { _ in "independence" }))
    add(
      "variables",
      .text(free.map { _ in words(freeInputs) } + independences.map { words([$0.claim.first, $0.claim.second]) }))
    add("given", .text(free.map { _ in "" } + independences.map { words($0.claim.given) }))
    add("statistic", .numbers(free.map(\.statistic) + independences.map { $0.test?.statistic }))
    add(
      "df", .numbers(free.map(\.numerator) + independences.map { $0.test.map { Double($0.degreesOfFreedom) } }))
    add("df2", .numbers(free.map(\.denominator) + independences.map { _ in nil }))
    add("p.value", .numbers(free.map(\.pValue) + independences.map { $0.test?.pValue }))
    add("p.adjusted", .numbers(free.map { _ in nil } + independences.map(\.adjusted)))
  }
}
