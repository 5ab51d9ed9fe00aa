import Runs
import Statistics
import Storage

/// The files of an interventional law by models that are learned: `idgen.h5` with the models, from which rows can be drawn, and all
/// numbers, and tidy tables of answers and tests.
public struct SampledEffectFiles {
  private let result: SampledEffectResult
  private let inputDigest: String
  private let software: [String: String]

  public init(_ result: SampledEffectResult, inputDigest: String, software: [String: String]) {
    self.result = result
    self.inputDigest = inputDigest
    self.software = software
  }

  /// Writes one of ``InterventionalFiles/names``.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(_ name: String, to path: String) throws {
    switch name {
    case "effect.csv": try AtomicFile.save([UInt8](effect.csv.utf8), to: path, force: true)
    case "tests.csv": try AtomicFile.save([UInt8](tests.csv.utf8), to: path, force: true)
    default: try result.network.save(to: path, inputDigest: inputDigest, software: software, adding: fill)
    }
  }

  private var asked: [Int] { result.network.intervened + result.network.given }

  private func words(_ answer: SampledEffectResult.Answer, _ place: Int) -> String {
    result.network.variables[place].words(answer.values[place]!)
  }

  private func words(_ statistic: OutcomeStatistic) -> String {
    switch statistic.kind {
    case .probability(let level): "probability of \(result.network.variables[statistic.variable].levels[level])"
    case .mean: "mean"
    case .deviation: "deviation"
    case .quantile(let probability): "quantile \(probability)"
    }
  }

  /// A row for each statistic of each answer.
  private var effect: ResultTable {
    let lines = result.answers.flatMap { answer in result.statistics.indices.map { (answer, place: $0) } }
    var table = ResultTable(rowCount: lines.count)
    for place in asked { table.add(result.network.graph.names[place], .text(lines.map { words($0.0, place) })) }
    table.add("outcome", .text(lines.map { result.statistics[$0.place].name }))
    table.add("statistic", .text(lines.map { words(result.statistics[$0.place]) }))
    table.add("estimate", .numbers(lines.map { $0.0.estimates[$0.place].estimate }))
    table.add("std.error", .numbers(lines.map { $0.0.estimates[$0.place].standardError }))
    table.add("conf.low", .numbers(lines.map { $0.0.estimates[$0.place].lower }))
    table.add("conf.high", .numbers(lines.map { $0.0.estimates[$0.place].upper }))
    table.add("monte_carlo_error", .numbers(lines.map { $0.0.monteCarloErrors[$0.place] }))
    table.add("conditional", .numbers(lines.map { $0.0.conditional[$0.place] }))
    table.add("rare_share", .numbers(lines.map(\.0.rareShare)))
    table.add("rows_near", .numbers(lines.map(\.0.effectiveRows)))
    return table
  }

  private var tests: ResultTable {
    ResultTable(
      result.independences, result.invariance, freeInputs: result.network.plan.freeInputs,
      names: result.network.graph.names)
  }

  private func fill(_ file: borrowing HDF5File) throws {
    try file.setAttribute("result-digest", .string(result.digest()))
    try file.setAttribute("verdict", .string(result.verdict.rawValue))
    let (answers, statistics) = (result.answers, result.statistics)
    for place in asked {
      try file.write(answers.map { words($0, place) }, to: "answers/values/\(result.network.graph.names[place])")
    }
    try file.write(statistics.map { "\($0.name): \(words($0))" }, to: "answers/statistics")
    func write(_ name: String, _ number: (SampledEffectResult.Answer, Int) -> Double?) throws {
      try file.write(
        answers.flatMap { answer in statistics.indices.map { number(answer, $0) ?? .nan } },
        shape: [answers.count, statistics.count], to: "answers/\(name)")
    }
    try write("estimate") { $0.estimates[$1].estimate }
    try write("standard_error") { $0.estimates[$1].standardError }
    try write("lower") { $0.estimates[$1].lower }
    try write("upper") { $0.estimates[$1].upper }
    try write("monte_carlo_error") { $0.monteCarloErrors[$1] }
    try write("conditional") { $0.conditional[$1] }
    try file.write(answers.map(\.rareShare), to: "answers/rare_share")
    try file.write(answers.map(\.effectiveRows), to: "answers/rows_near")
  }
}
