import Diagnostics

/// The criterion by which EM stops.
public struct Convergence: Sendable, Equatable {
  /// A fit has converged when a pass raises the log-likelihood per row by at most this, which does not depend on the
  /// units of any column; K-means, when a pass lowers the inertia by at most this share of it.
  public var tolerance: Double
  /// The number of passes after which a fit ends in any case.
  public var maximumPasses: Int

  public init(tolerance: Double = 1e-8, maximumPasses: Int = 1000) {
    self.tolerance = tolerance
    self.maximumPasses = maximumPasses
  }
}

/// The course of EM from one start.
public struct Fit<Model: MixtureModel>: Sendable, Codable {
  /// The start's number, from zero.
  public let start: Int
  public var model: Model
  /// The log-likelihood at the parameters before each M step.
  public package(set) var trace: [Double] = []
  public package(set) var isConverged = false
  /// What kept groups from degenerating in the last M step.
  public package(set) var findings: [Finding] = []
  /// Why the start was given up, if it was.
  public package(set) var degeneracy: String?

  private let earlierPasses: Int
  /// Passes so far, those of the fit that this one carries on included.
  public var passes: Int { earlierPasses + trace.count }

  public init(start: Int, model: Model) {
    self.start = start
    self.model = model
    earlierPasses = 0
  }

  /// Carries another fit on with a model made from its own.
  public init<Other>(continuing other: Fit<Other>, model: Model) {
    start = other.start
    self.model = model
    earlierPasses = other.passes
  }

  /// Whether passes can still change it.
  public var isActive: Bool { !isConverged && degeneracy == nil }

  /// The last log-likelihood; that of a start that was given up counts as the lowest.
  public var logLikelihood: Double { degeneracy == nil ? trace.last ?? -.infinity : -.infinity }

  mutating func advance(_ statistics: SufficientStatistics, convergence: Convergence) {
    let rise = statistics.logLikelihood - (trace.last ?? -.infinity)
    trace.append(statistics.logLikelihood)
    let scale = model.convergenceScale(total: statistics.total, logLikelihood: statistics.logLikelihood)
    // The covariances of a start by Eq. (6) are full whatever the shape: the first M step may lower the likelihood.
    if passes > 2 && rise <= convergence.tolerance * scale {
      isConverged = true
    } else {
      do { findings = try model.maximize(statistics) } catch { degeneracy = error.description }
    }
  }
}

extension Design {
  /// Runs EM from several models at once: one walk over the rows and one reduction per pass serve them all.
  ///
  /// A fit leaves when it converges, degenerates or has had its passes. The model returned is the one whose likelihood
  /// ends the trace when it converged, and one M step further when the passes ran out. Fits that were interrupted go on
  /// where they were. On some chunks of a table fits only tell where to go on from, and a pass takes one Gram matrix of each as
  /// a difference, see ``statisticsByDifference(of:)``.
  ///
  /// - Parameter afterPass: told of the fits after every pass; throws to stop.
  public func expectationMaximization<Model>(
    _ fits: [Fit<Model>], convergence: Convergence, afterPass: ([Fit<Model>]) throws -> Void = { _ in }
  ) throws -> [Fit<Model>] {
    var fits = fits
    while true {
      let active = fits.indices.filter { fits[$0].isActive && fits[$0].trace.count < convergence.maximumPasses }
      guard !active.isEmpty else { return fits }
      let models = active.map { fits[$0].model }
      let statistics = try isOfSomeChunks ? statisticsByDifference(of: models) : statistics(of: models)
      for (index, statistics) in zip(active, statistics) { fits[index].advance(statistics, convergence: convergence) }
      try afterPass(fits)
    }
  }
}

extension Sequence {
  /// The `count` fits of the highest log-likelihood, best first; the earlier start first where they are equal.
  public func best<Model>(_ count: Int) -> [Fit<Model>] where Element == Fit<Model> {
    Array(
      filter { $0.degeneracy == nil && $0.logLikelihood.isFinite }
        .sorted { (-$0.logLikelihood, $0.start) < (-$1.logLikelihood, $1.start) }
        .prefix(count))
  }
}
