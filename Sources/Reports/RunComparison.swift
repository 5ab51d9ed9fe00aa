import Diagnostics

/// Runs of one command side by side: a column for each, estimates with their standard errors in brackets.
///
/// It reads what `--json` prints and the folder of a run keeps, so that runs of other versions can be shown too: what one
/// of them does not tell is left blank.
public struct RunComparison {
  /// All of one command.
  private let runs: [StoredRun]
  private let command: String

  /// - Throws: ``Failure`` `usage` when the runs are of several commands, or of one whose runs are not compared.
  public init(_ runs: [StoredRun]) throws {
    self.runs = runs
    command = runs[0].command
    for run in runs where run.command != command {
      throw Failure(
        .usage,
        "\(runs[0].path) is a run of \(command), and \(run.path) one of \(run.command); show runs of one command")
    }
    guard Self.lines[command] != nil else {
      throw Failure(.usage, "runs of \(command) are not compared; show one at a time")
    }
  }

  /// A line of the table: its title, and where its value stands. A last part `*` stands for all that there are.
  private struct Line {
    let title: String
    let path: [String]

    init(_ title: String, _ path: String) {
      self.title = title
      self.path = path.split(separator: ".").map(String.init)
    }
  }

  private static let lines: [String: [Line]] = [
    "train": [
      Line("rows", "rows"), Line("groups", "groups"), Line("distribution", "distribution"),
      Line("representation", "representation"), Line("", "averageSlope"), Line("log-likelihood", "logLikelihood"),
      Line("parameters", "parameterCount"), Line("BIC", "bic"), Line("ICL", "icl"), Line("entropy", "entropy"),
      Line("accuracy", "accuracy"), Line("test log-likelihood", "testLogLikelihood"),
    ],
    "effect": [
      Line("rows", "rows"), Line("instrument", "instrument"), Line("estimator", "estimator"),
      Line("outcome", "outcomeBasis"), Line("standard errors", "standardErrors"),
      Line("", "methods.{estimator}.averageSlope"), Line("", "methods.{estimator}.coefficients.*"),
      Line("2SLS, average slope", "methods.2sls.averageSlope"),
      Line("ordinary, average slope", "methods.ordinary.averageSlope"),
      Line("effective F", "firstStage.t.effectiveF"), Line("Kleibergen-Paap rk F", "kleibergenPaapF"),
      Line("Hansen J, p", "tests.hansenJ.p"), Line("Wu-Hausman, p", "tests.wuHausman.p"),
    ],
    "spo": [
      Line("rows", "rows"), Line("classes", "classes"), Line("average effect", "ate"), Line("naive", "naive"),
      Line("verdict on the average", "verdicts.ate"), Line("verdict on classes", "verdicts.classes"),
    ],
  ]

  /// The table.
  public var report: Report {
    let columns = [Report.Table.Column("")] + runs.map { Report.Table.Column($0.path) }
    let rows = Self.lines[command]!.flatMap(rows)
    return Report([Report.Section("\(command):", [.table(Report.Table(columns, rows: rows))])])
  }

  /// The rows of a line, without those that no run tells of.
  private func rows(_ line: Line) -> [[Report.Cell]] {
    guard line.path.last == "*" else {
      return [row(line.title, line.path)].filter { $0.dropFirst().contains { $0 != .undefined } }
    }
    let list = Array(line.path.dropLast())
    var names: [String] = []
    for run in runs {
      for element in value(list, in: run.numbers).elements {
        if let name = element["name"].text, !names.contains(name) { names.append(name) }
      }
    }
    return names.map { row($0, list + [$0]) }
  }

  private func row(_ title: String, _ path: [String]) -> [Report.Cell] {
    let values = runs.map { value(path, in: $0.numbers) }
    let name = values.lazy.compactMap { $0["name"].text }.first
    return [.text(title.isEmpty ? name ?? "" : title)] + values.map(\.cell)
  }

  /// What stands at a path; `{key}` is the value of that key at the top.
  private func value(_ path: [String], in numbers: JSONNode) -> JSONNode {
    path.reduce(numbers) { node, part in
      let key = part.hasPrefix("{") ? numbers[String(part.dropFirst().dropLast())].text ?? "" : part
      return node[key]
    }
  }
}
