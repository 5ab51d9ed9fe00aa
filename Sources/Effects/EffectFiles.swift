import InstrumentalVariables
import Runs
import Statistics
import Storage

/// The files of an effect: `effect.h5` with all numbers, and tidy tables as broom and pyfixest name their columns.
public struct EffectFiles {
  /// In the order in which they get their names.
  public static let names = [
    "effect.h5", "coefficients.csv", "curve.csv", "first_stage.csv", "tests.csv", "balance.csv",
  ]
  /// The file of the methods that stand side by side, where some are asked for.
  public static let methodTableName = "methods.csv"
  /// The file of the answers at given covariates, where there are some.
  public static let covariateTableName = "at_x.csv"
  private static let encodingType = "giv-effect"
  private static let encodingVersion = "1.0.0"

  let result: EffectResult
  /// Attributes of the root: the configuration as JSON, digests of what the effect was found from.
  private let origin: [String: String]

  public init(_ result: EffectResult, origin: [String: String]) {
    self.result = result
    self.origin = origin
  }

  /// Writes one of ``names``.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(_ name: String, to path: String) throws {
    let table: ResultTable? =
      switch name {
      case "coefficients.csv": estimates
      case "curve.csv": curves
      case Self.methodTableName: methods
      case "first_stage.csv": firstStage
      case "tests.csv": tests
      case "balance.csv": balance
      case Self.covariateTableName: covariateTable
      default: nil
      }
    if let table {
      try AtomicFile.save([UInt8](table.csv.utf8), to: path, force: true)
    } else {
      try writeHDF5(to: path)
    }
  }

  // MARK: Tidy tables

  /// The average slope, contrasts and coefficients of all methods.
  private var estimates: ResultTable {
    Self.tidy(
      result.answers.flatMap { answer in
        Self.terms(answer.method.rawValue, answer.averageSlope, answer.contrasts)
          + answer.terms.map { (answer.method.rawValue, $0.name, $0) }
      })
  }

  /// The average slope and contrasts of the methods that stand side by side.
  private var methods: ResultTable {
    Self.tidy(result.ladder.flatMap { Self.terms($0.method.name, $0.averageSlope, $0.contrasts) })
  }

  private typealias Term = (method: String, name: String, estimate: EffectEstimate)

  private static func terms(
    _ method: String, _ slope: EffectEstimate, _ contrasts: [ContrastEstimate]
  ) -> [Term] {
    [(method, "average slope", slope)]
      + contrasts.map { (method, "\($0.contrast.from) to \($0.contrast.to)", $0.effect) }
  }

  private static func tidy(_ rows: [Term]) -> ResultTable {
    var table = ResultTable(rowCount: rows.count)
    table.add("method", .text(rows.map(\.method)))
    table.add("term", .text(rows.map(\.name)))
    table.add("estimate", .numbers(rows.map(\.estimate.estimate)))
    table.add("std.error", .numbers(rows.map(\.estimate.standardError)))
    table.add(
      "statistic", .numbers(rows.map { row in row.estimate.standardError.map { row.estimate.estimate / $0 } }))
    table.add("p.value", .numbers(rows.map(\.estimate.pValue)))
    table.add("conf.low", .numbers(rows.map(\.estimate.lower)))
    table.add("conf.high", .numbers(rows.map(\.estimate.upper)))
    return table
  }

  private var curves: ResultTable {
    let points = result.answers.flatMap { answer in answer.curve.map { (answer.method.rawValue, $0) } }
    var table = ResultTable(rowCount: points.count)
    table.add("method", .text(points.map(\.0)))
    for (name, values) in Self.curveColumns(points.map(\.1)) { table.add(name, .numbers(values)) }
    return table
  }

  static func curveColumns(_ points: [CurvePoint]) -> [(String, [Double?])] {
    [
      ("t", points.map(\.t)), ("g", points.map(\.g)), ("tau", points.map(\.tau)),
      ("standard_error", points.map(\.standardError)), ("lower", points.map(\.lower)), ("upper", points.map(\.upper)),
      ("uniform_lower", points.map(\.uniformLower)), ("uniform_upper", points.map(\.uniformUpper)),
    ]
  }

  private var firstStage: ResultTable {
    let stages = result.diagnostics?.firstStage ?? []
    var table = ResultTable(rowCount: stages.count)
    table.add("term", .text(stages.map(\.name)))
    for (name, values) in Self.firstStageColumns(stages) { table.add(name, .numbers(values)) }
    return table
  }

  private static func firstStageColumns(_ stages: [FirstStageStatistics]) -> [(String, [Double?])] {
    [
      ("r2", stages.map(\.rSquared)), ("partial_r2", stages.map(\.partialRSquared)),
      ("shea_r2", stages.map(\.sheaRSquared)), ("f", stages.map(\.f.statistic)), ("f_p", stages.map(\.f.pValue)),
      ("robust_f", stages.map { $0.robustF?.statistic }), ("effective_f", stages.map(\.effectiveF)),
      ("effective_f_critical", stages.map(\.effectiveFCritical)),
      ("conditional_f", stages.map { $0.conditionalF?.statistic }),
    ]
  }

  /// By name: statistic, degrees of freedom of the numerator and the denominator, p-value.
  private var allTests: [(name: String, statistic: Double, df: (Double, Double?), p: Double)] {
    guard let diagnostics = result.diagnostics else { return [] }
    let squares: [(String, ChiSquareTest?)] = [
      ("hansen_j", diagnostics.hansenJ), ("sargan", diagnostics.sargan), ("basmann", diagnostics.basmann),
      ("durbin", diagnostics.durbin), ("wooldridge", diagnostics.wooldridge),
      ("kleibergen_paap", diagnostics.kleibergenPaap.test),
      ("control", result.ladder.lazy.compactMap(\.exogeneity).first),
    ]
    let wuHausman = diagnostics.wuHausman
    return squares.compactMap { name, test in
      test.map { (name, $0.statistic, (Double($0.degreesOfFreedom), nil), $0.pValue) }
    } + [("wu_hausman", wuHausman.statistic, (wuHausman.numerator, wuHausman.denominator), wuHausman.pValue)]
  }

  private var tests: ResultTable {
    let all = allTests
    var table = ResultTable(rowCount: all.count)
    table.add("test", .text(all.map(\.name)))
    table.add("statistic", .numbers(all.map(\.statistic)))
    table.add("df", .numbers(all.map(\.df.0)))
    table.add("df.denominator", .numbers(all.map(\.df.1)))
    table.add("p.value", .numbers(all.map(\.p)))
    return table
  }

  // MARK: HDF5

  private func writeHDF5(to path: String) throws {
    try HDF5File.writeResults(
      to: path, encodingType: Self.encodingType, encodingVersion: Self.encodingVersion, origin: origin,
      configuration: result.options, fill)
  }

  private func fill(_ file: borrowing HDF5File) throws {
    try file.setAttribute("outcome-basis", .string(result.form.description))
    try file.setAttribute("reference", .number(result.reference))
    try file.setAttribute("standard-errors", .string(result.errors.rawValue))
    try file.setAttribute("effect-digest", .string(result.digest()))
    for answer in result.answers { try write(answer, to: file) }
    for answer in result.ladder { try write(answer, to: file) }
    if let diagnostics = result.diagnostics { try write(diagnostics, to: file) }
    try writePlaces(to: file)
    if let model = result.modelAnswer { try write(model, to: file) }
    if let bootstrap = result.bootstrap { try write(bootstrap, to: file) }
    if !result.instrumentNames.isEmpty { try file.write(result.instrumentNames, to: "instruments/names") }
    try file.write(result.controlNames, to: "controls/names")
    try writeAudit(to: file)
  }

  private func write(_ diagnostics: EffectDiagnostics, to file: borrowing HDF5File) throws {
    try file.write(diagnostics.firstStage.map(\.name), to: "first_stage/names")
    try Self.write(Self.firstStageColumns(diagnostics.firstStage), to: file, group: "first_stage")
    for test in allTests {
      let df: [Double?] = [test.df.0] + (test.df.1.map { [$0] } ?? [])
      try Self.write(
        [("statistic", [test.statistic]), ("df", df), ("p", [test.p])], to: file, group: "tests/\(test.name)")
    }
    let sets =
      [("anderson_rubin", diagnostics.andersonRubin), ("lm", diagnostics.lagrangeMultiplier)]
      + (diagnostics.projectedAndersonRubin.map { [("anderson_rubin_projection", $0)] } ?? [])
      + (diagnostics.conditionalLikelihoodRatio.map { [("clr", $0)] } ?? [])
    for (name, set) in sets {
      try file.write(
        set.intervals.flatMap { [$0.lower, $0.upper] }, shape: [set.intervals.count, 2], to: "sets/\(name)/intervals")
    }
  }

  private func write(_ answer: EffectAnswer, to file: borrowing HDF5File) throws {
    let group = "methods/\(answer.method.rawValue)"
    let q = answer.terms.count
    try file.write(answer.terms.map(\.estimate), to: "\(group)/coefficients")
    try file.setAttribute("names", .strings(answer.terms.map(\.name)), of: "\(group)/coefficients")
    try file.write(answer.covariance, shape: [q, q], to: "\(group)/covariance")
    let slope = answer.averageSlope
    try file.write([slope.estimate, slope.standardError ?? .nan], to: "\(group)/average_slope")
    try Self.write(Self.curveColumns(answer.curve), to: file, group: "\(group)/curve")
  }

  private func write(_ answer: MethodAnswer, to file: borrowing HDF5File) throws {
    let group = "ladder/\(answer.method.name)"
    let slope = answer.averageSlope
    try file.write([slope.estimate, slope.standardError ?? .nan], to: "\(group)/average_slope")
    try file.write([answer.distance, answer.standardizedDistance ?? .nan], to: "\(group)/distance")
    try Self.write(Self.curveColumns(answer.curve), to: file, group: "\(group)/curve")
    guard let fit = answer.fit, let digest = answer.digest else { return }
    try file.write([fit.criterion], to: "\(group)/criterion")
    try file.write([try jsonText(fit)], to: "\(group)/model")
    try file.setAttribute("digest", .string(digest), of: "\(group)/model")
  }

  private func write(_ model: ModelAnswer, to file: borrowing HDF5File) throws {
    let (group, slope) = ("models/\(model.name)", model.averageSlope)
    try file.write([slope.estimate, slope.standardError ?? .nan], to: "\(group)/average_slope")
    try Self.write(
      [
        ("t", result.headline.curve.map(\.t)), ("tau", model.curve.map(\.estimate)),
        ("standard_error", model.curve.map(\.standardError)), ("lower", model.curve.map(\.lower)),
        ("upper", model.curve.map(\.upper)),
      ], to: file, group: "\(group)/curve")
  }

  /// Coefficients [B, q] and effects of the treatments of the curve [B, G] of the first method, NaN where a replicate
  /// failed; its status, 0 where it did not.
  private func write(_ bootstrap: BootstrapResult, to file: borrowing HDF5File) throws {
    let (answer, count) = (result.headline, bootstrap.replicates.count)
    let coefficients = bootstrap.replicates.map {
      $0.coefficients.first ?? Array(repeating: Double.nan, count: answer.terms.count)
    }
    let curves = coefficients.map(result.effects)
    try file.write(
      Array(coefficients.joined()), shape: [count, answer.terms.count], to: "bootstrap/coefficients")
    try file.write(Array(curves.joined()), shape: [count, answer.curve.count], to: "bootstrap/curve")
    try file.write(
      bootstrap.replicates.map { Int64($0.failure == nil ? 0 : 1) }, shape: [count], to: "bootstrap/status")
    for method in result.ladder.map(\.method) {
      let own = bootstrap.replicates.map { replicate in replicate.methods.first { $0.method == method }?.values }
      guard own.contains(where: { $0 != nil }) else { continue }
      let missing = Array(repeating: Double.nan, count: answer.curve.count)
      let group = "bootstrap/methods/\(method.name)"
      try file.write(own.map { $0?.averageSlope ?? .nan }, shape: [count], to: "\(group)/average_slope")
      try file.write(own.flatMap { $0?.curve ?? missing }, shape: [count, missing.count], to: "\(group)/curve")
    }
  }

  static func write(
    _ columns: [(String, [Double?])], to file: borrowing HDF5File, group: String
  ) throws {
    for (name, values) in columns { try file.write(values.map { $0 ?? .nan }, to: "\(group)/\(name)") }
  }
}
