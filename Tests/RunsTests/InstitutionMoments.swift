import Communication
import Diagnostics
import Foundation
import Frames
import LinearAlgebra
import Runs

/// The weighted mean and variance of the outcome in every institution, m_g = Σ w y / Σ w and Σ w (y - m_g)² / Σ w.
struct InstitutionMoments: Estimator {
  struct Options: Codable, Equatable, Sendable {
    /// Institutions are numbered from 0.
    var institutions: Int
    var seed: UInt64 = 1
    /// Weights the rows by Exp(1) in addition, as the Bayesian bootstrap does (Rubin 1981); nil for the rows as they are.
    var replicate: Int?
  }

  /// By institution; a mean or variance without rows is NaN.
  struct Moments: Codable, Equatable, Sendable {
    var weights: [Double]
    var means: [Double]
    var variances: [Double]
    fileprivate var passes = 0
  }

  let options: Options

  init(_ options: Options) { self.options = options }

  /// Two passes: means, then squares about them, which lose no digits.
  func fit(_ frame: Frame, in run: Run) throws -> Moments {
    let zero = [Double](repeating: 0, count: options.institutions)
    func progress(_ moments: Moments) -> Journal.Progress {
      Journal.Progress(passes: moments.passes, values: ["largest": .number(moments.means.max() ?? 0)])
    }
    let start = Moments(weights: zero, means: zero, variances: zero)
    return try run.journal.run("moments", from: start, progress: progress) { state, afterPass in
      var state = state
      while state.passes < 2 {
        let sums = try sums(frame, about: state.means)
        state.weights = Array(sums[..<zero.count])
        let moments = zip(sums[zero.count...], state.weights).map { $0 / $1 }
        if state.passes == 0 { state.means = moments } else { state.variances = moments }
        state.passes += 1
        try afterPass(state)
      }
      return state
    }
  }

  /// Σ w, then Σ w y in the first pass (means are 0) and Σ w (y - m)² in the second.
  private func sums(_ frame: Frame, about means: [Double]) throws -> [Double] {
    let (count, isFirst) = (options.institutions, means.allSatisfy { $0 == 0 })
    let random = CounterRandom(seed: options.seed, stream: .bootstrap)
    return try frame.rows.sum([Double](repeating: 0, count: 2 * count)) { partial, chunk in
      guard let y = try frame.outcome(chunk: chunk), let institutions = try frame.sources(chunk: chunk) else { return }
      let weights = try frame.weight(chunk: chunk)
      let rows = frame.rows.grid.rows(ofChunk: chunk)
      for (offset, institution) in institutions.enumerated() {
        let (row, group) = (rows.lowerBound + offset, Int(institution))
        let draw = options.replicate.map { -log(random.openUniform(row: row, draw: $0)) } ?? 1
        let weight = (weights?[offset] ?? 1) * draw
        let deviation = y[offset] - means[group]
        partial[group] += weight
        partial[count + group] += weight * (isFirst ? deviation : deviation * deviation)
      }
    }
  }
}

/// Standard errors of ``InstitutionMoments`` by the spread of bootstrap replicates, done side by side.
struct InstitutionBootstrap {
  struct Cell: ScheduledCell {
    /// Nil for the rows as they are.
    let replicate: Int?
    var name: String { replicate.map { "replicate-\($0)" } ?? "sample" }
  }

  struct Estimate: ScheduledResult {
    let cell: Cell
    let moments: InstitutionMoments.Moments
    var failure: Failure? { nil }
  }

  let options: InstitutionMoments.Options
  let replicates: Int
  var observer: (PassRecord) throws -> Void = { _ in }
  var isStopRequested: () -> Bool = { false }

  /// Mean, variance and standard error of the mean by institution. Collective.
  func table(
    in folder: String, existing: ExistingRun = .refuse, on communicator: any Communicator,
    frame: (any Communicator) throws -> Frame
  ) throws -> ResultTable {
    var scheduler = Scheduler<Estimate>([Cell(replicate: nil)] + (0..<replicates).map { Cell(replicate: $0) })
    scheduler.observer = observer
    scheduler.isStopRequested = isStopRequested
    let team = try scheduler.team(of: communicator)
    let frame = try frame(team)
    let estimates = try scheduler.run(
      options, inputDigest: frame.digest, in: folder, existing: existing, team: team, on: communicator
    ) { cell, run in
      var options = options
      options.replicate = cell.replicate
      return Estimate(cell: cell, moments: try InstitutionMoments(options).fit(frame, in: run))
    }
    return table(estimates[0].moments, replicates: estimates.dropFirst().map(\.moments))
  }

  private func table(
    _ sample: InstitutionMoments.Moments, replicates: [InstitutionMoments.Moments]
  ) -> ResultTable {
    func finite(_ values: [Double]) -> ResultTable.Column { .numbers(values.map { $0.isFinite ? $0 : nil }) }
    let errors = sample.means.indices.map { group in
      let means = replicates.map { $0.means[group] }
      let center = means.reduce(0, +) / Double(means.count)
      return (means.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(means.count - 1)).squareRoot()
    }
    var table = ResultTable(rowCount: options.institutions)
    table.add("institution", .integers(Array(0..<options.institutions)))
    table.add("weight", finite(sample.weights))
    table.add("mean", finite(sample.means))
    table.add("variance", finite(sample.variances))
    table.add("standardError", finite(errors))
    return table
  }
}
