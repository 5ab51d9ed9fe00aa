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

/// Progress on standard error. Whether that is a terminal cannot be told under mpirun, so the style is an option.
final class ProgressDisplay {
  private static let interval = 2.0
  private let style: ProgressStyle
  private let start = ContinuousClock.now
  private var last = 0.0
  private var isOpen = false

  init(_ style: ProgressStyle) { self.style = style }

  /// Shows what begins, once enough time has gone.
  func show(_ stage: String) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if isDue(seconds) { write(line: "\(format(seconds, decimals: 1)) s  \(stage)") }
  }

  private func isDue(_ seconds: Double) -> Bool {
    guard style != .none, seconds - last >= (style == .bar ? 0.1 : Self.interval) else { return false }
    last = seconds
    return true
  }

  func show(_ record: PassRecord) {
    guard isDue(record.seconds) else { return }
    let what =
      record.round.map { "\($0) \(record.accepted == true ? "accepted" : "rejected")" }
      ?? ": pass \(record.pass)" + (record.fits.map { ", \($0) fit\($0 == 1 ? "" : "s")" } ?? "")
    let line =
      "\(format(record.seconds, decimals: 1)) s  \(record.phase)\(record.round == nil ? "" : " ")\(what)"
      + (record.logLikelihood.map { ", log-likelihood \(format($0, decimals: 3))" } ?? "")
    write(line: line)
  }

  private func write(line: String) {
    write(style == .bar ? "\r\u{1B}[K\(line)" : "\(line)\n")
    isOpen = style == .bar
  }

  /// Ends a line that was written over.
  func finish() { if isOpen { write("\n") } }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
