import Foundation
import Reports
import Storage

/// The passes of a run, as `metrics.jsonl` tells: what took how long, and how the likelihood rose.
struct RunPhases {
  /// One line of the file.
  struct Pass: Decodable {
    let phase: String
    let pass: Int
    let seconds: Double
    let logLikelihood: Double?
  }

  private struct Phase {
    let name: String
    var passes = 0
    var seconds = 0.0
  }

  /// Phases that are shown at most.
  private static let mostPhases = 16
  private static let source = StoredRun.metricsName

  let passes: [Pass]

  init(_ run: StoredRun) {
    let bytes = (try? WholeFile.bytes("\(run.path)/\(Self.source)")) ?? []
    let decoder = JSONDecoder()
    passes = bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? decoder.decode(Pass.self, from: Data($0)) }
  }

  /// Phases in the order in which they began. What was done since the pass before belongs to the phase of a pass; repeats
  /// of a phase are added up. A clock that went back is that of a run that was stopped and went on.
  private var phases: [Phase] {
    var phases: [Phase] = []
    var before = 0.0
    for pass in passes {
      let name = pass.phase.replacing(/\ \d+$/, with: "")
      let place = phases.firstIndex { $0.name == name } ?? phases.endIndex
      if place == phases.endIndex { phases.append(Phase(name: name)) }
      phases[place].passes += 1
      phases[place].seconds += max(pass.seconds - before, 0)
      before = pass.seconds
    }
    return phases
  }

  var section: PageSection {
    let phases = phases
    let longest = Set(phases.sorted { $0.seconds > $1.seconds }.prefix(Self.mostPhases).map(\.name))
    let shown = phases.filter { longest.contains($0.name) }
    guard let slowest = shown.max(by: { $0.seconds < $1.seconds }) else { return PageSection("Phases in time", []) }
    let table = PageTable(
      "Passes over the rows, or steps, and seconds by phase", ["phase", "passes", "seconds"],
      shown.map { [.text($0.name), .count($0.passes), .number($0.seconds, .significant)] }, from: Self.source)
    let figure = Figure.bars(
      "phases", caption: "Seconds of each phase.",
      alternative: "Bars of the seconds of \(shown.count) phases; the longest is \(slowest.name).", x: "seconds",
      bars: shown.map { ($0.name, $0.seconds) })
    return PageSection("Phases in time", PageBlock.drawing(figure) + [.table(table)])
  }

  /// The best log-likelihood of the fits of each phase, pass by pass.
  var likelihood: [PageBlock] {
    let told = passes.filter { $0.logLikelihood?.isFinite ?? false }
    var names: [String] = []
    for pass in told where !names.contains(pass.phase) { names.append(pass.phase) }
    // The last phases are those that the result comes from.
    let shown = names.suffix(6)
    let lines = shown.map { name in
      (name, told.filter { $0.phase == name }.map { (x: Double($0.pass), y: $0.logLikelihood) })
    }
    guard told.count > 1 else { return [] }
    return PageBlock.drawing(
      .lines(
        "log-likelihood",
        caption: "Log-likelihood of the best fit of a phase by its passes (\(Self.source))"
          + (names.count > shown.count ? ", the last \(shown.count) of \(names.count) phases." : "."),
        alternative: "Lines of the log-likelihood over passes, one for each of \(shown.count) phases.",
        x: "pass of the phase", y: "log-likelihood", lines: lines))
  }
}
