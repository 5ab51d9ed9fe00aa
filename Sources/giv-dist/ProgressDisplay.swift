import ArgumentParser
import Foundation
import MetaEM
import Mixture
import Reports
import Runs

/// How long work shows that it goes on.
enum ProgressStyle: String, CaseIterable, ExpressibleByArgument {
  /// Lines, once a run takes more than two seconds.
  case auto
  /// One line that is written over.
  case bar
  /// A line every two seconds.
  case plain
  case none
}

/// Progress on standard error, and now and then in the ``RunLog``, with what remains where that can be told. Whether standard
/// error is a terminal cannot be told under mpirun, so the style is an option.
final class ProgressDisplay {
  private static let interval = 2.0
  /// Seconds from one line of the log to the next.
  private static let logInterval = 300.0
  private let style: ProgressStyle
  private let start = ContinuousClock.now
  private var last = 0.0
  private var lastInLog = 0.0
  private var isOpen = false
  private var passes = PassPace()
  private var cells: (pace: CellPace, words: String)?

  init(_ style: ProgressStyle) { self.style = style }

  /// Shows what begins, once enough time has gone.
  func show(_ stage: String) { show(at: seconds) { stage } }

  func show(_ record: PassRecord) {
    let pace = passes.add(record)
    show(at: record.seconds) {
      let what =
        record.round.map { " \($0) \(record.accepted == true ? "accepted" : "rejected")" }
        ?? ": pass \(record.pass)" + (record.fits.map { ", \($0) fit\($0 == 1 ? "" : "s")" } ?? "")
      let likelihood = record.logLikelihood.map { ", log-likelihood \(format($0, decimals: 3))" }
      let remaining = record.remaining.map { "; \($0.words(secondsPerPass: pace))" }
      return record.phase + what + (likelihood ?? "") + (remaining ?? "") + (cells.map { "; \($0.words)" } ?? "")
    }
  }

  /// Takes note of how many cells of a scheduler are done, for the lines that follow.
  func count(_ noun: String, done: Int, of total: Int) {
    let pace = cells?.pace ?? CellPace(noun, done: done, of: total, at: seconds)
    let words = pace.words(done: done, at: seconds)
    cells = done < total ? (pace, words) : nil
    show(at: seconds) { words }
  }

  private var seconds: Double { start.duration(to: .now).seconds }

  private func show(at seconds: Double, _ makeLine: () -> String) {
    let isDue = style != .none && seconds - last >= (style == .bar ? 0.1 : Self.interval)
    let isDueInLog = seconds - lastInLog >= Self.logInterval
    guard isDue || isDueInLog else { return }
    let line = makeLine()
    if isDue {
      last = seconds
      write(line: "\(format(seconds, decimals: 1)) s  \(line)")
    }
    if isDueInLog {
      lastInLog = seconds
      RunLog.note(line)
    }
  }

  private func write(line: String) {
    write(style == .bar ? "\r\u{1B}[K\(line)" : "\(line)\n")
    isOpen = style == .bar
  }

  /// Ends a line that was written over.
  func finish() { if isOpen { write("\n") } }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
