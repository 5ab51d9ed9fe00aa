import Runs

extension Journal {
  /// Runs EM from several models as one phase, or what is left of it.
  package func run<Model>(
    _ fits: [Fit<Model>], on design: Design, _ convergence: Convergence, phase: String
  ) throws -> [Fit<Model>] {
    // Of some chunks about as many as of all.
    let share = Double(design.rows.rowCount) / Double(design.table.rows.rowCount)
    let total = share * Double(design.table.observationCount)
    func progress(_ fits: [Fit<Model>]) -> Progress {
      Progress(fits, remaining: convergence.remaining(fits, total: total))
    }
    return try run(phase, from: fits, progress: progress) { fits, afterPass in
      try design.expectationMaximization(fits, convergence: convergence, afterPass: afterPass)
    }
  }
}

extension Journal.Progress {
  package init<Model>(_ fits: [Fit<Model>], remaining: RemainingPasses?) {
    let passes = fits.map(\.trace.count).max() ?? 0
    self.init(
      passes: passes,
      values: [
        "fits": .integer(fits.count { $0.trace.count == passes }),
        "logLikelihood": .number(fits.map(\.logLikelihood).max() ?? -.infinity),
      ], remaining: remaining)
  }
}

extension PassRecord {
  /// Fits that the pass served; nil in the records of other estimators.
  public var fits: Int? { integer("fits") }
  /// The best log-likelihood of the fits that have not degenerated; nil when none is left.
  public var logLikelihood: Double? { number("logLikelihood") }
}
