import Foundation
import Reports
import Storage

/// The course of a run: what took how long, and how the likelihood rose by the passes that `metrics.jsonl` tells of.
struct RunPhases {
  /// One line of the file.
  struct Pass: Decodable {
    let phase: String
    let pass: Int
    let logLikelihood: Double?
  }

  private static let source = StoredRun.metricsName

  private let times: JSONNode
  private let passes: [Pass]

  init(_ run: StoredRun) {
    times = run.numbers["times"]
    let bytes = (try? WholeFile.bytes("\(run.path)/\(Self.source)")) ?? []
    let decoder = JSONDecoder()
    passes = bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? decoder.decode(Pass.self, from: Data($0)) }
  }

  /// What each phase took, of all starts of the run.
  var section: PageSection {
    let phases = times["phases"].elements
    let title = "Phases in time"
    guard let slowest = phases.max(by: { $0["seconds"].number ?? 0 < $1["seconds"].number ?? 0 }) else {
      return PageSection(title, [])
    }
    let columns = [
      ("phase", "phase"), ("passes", "passes"), ("fits", "fits"), ("seconds", "seconds"), ("share", "share"),
      ("ns per row and fit", "nsPerRowAndFit"), ("share waited", "waitShare"), ("peak bytes of a rank", "peakBytes"),
    ]
    let table = PageTable(
      "Passes over the rows, or rounds of training, and seconds by phase, means over ranks", columns.map(\.0),
      phases.map { phase in columns.map { phase[$0.1].cell } })
    let figure = Figure.bars(
      "phases", caption: "Seconds of each phase.",
      alternative: "Bars of the seconds of \(phases.count) phases; the longest is \(slowest["phase"].label).",
      x: "seconds", bars: phases.map { ($0["phase"].label, $0["seconds"].number ?? 0) })
    return PageSection(title, PageBlock.drawing(figure) + [.table(table)])
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
