import Foundation
import Reports
import Storage

/// The course of a run: what took how long, and how the likelihood rose or the loss fell by the passes that `metrics.jsonl`
/// tells of.
struct RunPhases {
  /// One line of the file.
  struct Pass: Decodable {
    let phase: String
    let pass: Int
    let logLikelihood: Double?
    /// Of the training of a network: of the rows that it learns from, and of those that are held out.
    let loss: Double?
    let heldOut: Double?
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

  /// The losses of trainings, round by round, a figure for each network.
  var trainings: [PageBlock] {
    let told = passes.filter { $0.loss?.isFinite ?? false }
    var names: [String] = []
    for pass in told where !names.contains(pass.phase) { names.append(pass.phase) }
    return names.enumerated().flatMap { index, name in
      let own = told.filter { $0.phase == name }
      guard own.count > 1 else { return [PageBlock]() }
      let lines = [("rows that are learned from", \Pass.loss), ("rows held out", \Pass.heldOut)].map { title, value in
        (name: title, points: own.map { (x: Double($0.pass), y: $0[keyPath: value]) })
      }.filter { $0.points.contains { $0.y != nil } }
      return PageBlock.drawing(
        .lines(
          "training-\(index + 1)", caption: "Loss of the \(name) by the rounds of its training (\(Self.source)).",
          alternative: "Lines of the loss over \(own.count) rounds, from \(significant(own[0].loss!)) to "
            + "\(significant(own.last!.loss!)) on the rows that are learned from.",
          x: "round", y: "loss of a row", lines: lines))
    }
  }
}
