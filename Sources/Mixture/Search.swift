import Communication
import Diagnostics
import Runs

/// What the starts of a fit came to.
public struct SearchSummary: Sendable, Codable, Equatable {
  /// What a start reached that was carried on to convergence.
  public struct Reached: Sendable, Codable, Equatable {
    /// The number of the start, from 0; families of starts are numbered one after another.
    public let start: Int
    /// The log-likelihood of the best start less that of this one, at convergence, on the rows that starts are tried on; 0
    /// for the best. A difference does not depend on the units of the columns. Of K-means it is half that of the inertias.
    public let below: Double
  }

  /// The number of starts that were tried.
  public var starts = 0
  /// The number of starts that were given up because a group degenerated.
  public var degenerate = 0
  /// The number of starts that were carried on to convergence.
  public var continued = 0
  /// The number of those carried on that reached the best log-likelihood.
  public var agreed = 0
  /// Each of those carried on, best first.
  public var reached: [Reached] = []

  package init() {}

  init(starts: Int, degenerate: Int, agreed: Int, reached: [Reached]) {
    self.starts = starts
    self.degenerate = degenerate
    self.continued = reached.count
    self.agreed = agreed
    self.reached = reached
  }
}

/// Several short runs of EM, of which the best few go on to convergence.
package struct Search {
  package static let shortPasses = 20
  /// Chunks on which fits converge first when there are more: about a hundred thousand rows place the modes.
  package static let subsetChunks = 96
  /// Chunks of the few first passes where there are more than those: they only tell which starts are worth more.
  package static let briefChunks = 16
  /// Fits whose log-likelihoods differ by no more than this have found the same solution.
  package static let sameLikelihood = 0.5

  package let convergence: Convergence
  package let journal: Journal
  /// Starts of each family that go on to convergence: five, or a quarter where there are many. With five of any number,
  /// more starts would crowd out those that begin slowly and end highest.
  package let continuedStarts: Int

  package init(convergence: Convergence, journal: Journal, continuedStarts: Int = 5) {
    self.convergence = convergence
    self.journal = journal
    self.continuedStarts = continuedStarts
  }

  /// Runs `fits` for a few passes.
  package func short<Model>(_ fits: [Fit<Model>], on design: Design, phase: String) throws -> [Fit<Model>] {
    try journal.run(
      fits, on: design, Convergence(tolerance: convergence.tolerance, maximumPasses: Self.shortPasses), phase: phase)
  }

  /// Carries `fits` on to convergence, best first.
  package func converged<Model>(_ fits: [Fit<Model>], on design: Design, phase: String) throws -> [Fit<Model>] {
    try journal.run(fits, on: design, convergence, phase: phase).best(fits.count)
  }

  /// Fits that were carried on to convergence, best first.
  package struct Continued<Model: MixtureModel> {
    /// What they came to on the rows asked for: of fits that found the same solution in a pilot, the best one.
    package var fits: [Fit<Model>] = []
    /// What each of them came to: in the pilot, where there was one.
    package var ends: [Fit<Model>] = []

    package init() {}

    package init(_ fits: [Fit<Model>], ends: [Fit<Model>]) { (self.fits, self.ends) = (fits, ends) }
  }

  /// Carries `fits` on to convergence: on the rows of a pilot, and each solution from there on those of `design`.
  ///
  /// - Parameter pilot: fewer of the rows of `design`, or `design` itself for no pilot.
  package func converged<Model>(
    _ fits: [Fit<Model>], on design: Design, pilot: Design, phase: String
  ) throws -> Continued<Model> {
    guard pilot !== design else {
      let fits = try converged(fits, on: design, phase: phase)
      return Continued(fits, ends: fits)
    }
    let ends = try converged(fits, on: pilot, phase: "\(phase) pilot")
    let solutions = ends.distinct().map { Fit(continuing: $0, model: $0.model) }
    return Continued(try converged(solutions, on: design, phase: phase), ends: ends)
  }

  /// Carries the best of each family of fits on to convergence, as ``converged(_:on:pilot:phase:)``.
  package func continued<Model>(
    _ families: [Fit<Model>]..., on design: Design, pilot: Design, phase: String
  ) throws -> Continued<Model> {
    let chosen = families.flatMap { $0.best(continuedStarts) }.map { Fit(continuing: $0, model: $0.model) }
    return try converged(chosen, on: design, pilot: pilot, phase: phase)
  }

  /// Carries the best of `fits` that does not degenerate on to convergence over all rows.
  ///
  /// - Throws: ``Failure`` `numerical` when all degenerate.
  package func finished<Model>(
    _ fits: [Fit<Model>], on design: Design, phase: String, groups: Int
  ) throws -> Fit<Model> {
    var degeneracy = fits.lazy.compactMap(\.degeneracy).first
    for fit in fits.best(continuedStarts) {
      let carried = try journal.run([Fit(continuing: fit, model: fit.model)], on: design, convergence, phase: phase)
      if let best = carried.best(1).first { return best }
      degeneracy = degeneracy ?? carried[0].degeneracy
    }
    let reason = degeneracy.map { " (\($0))" } ?? ""
    throw Failure.ofOneFit(
      .numerical,
      "every start degenerated for --groups \(groups)\(reason)",
      remedy: "choose fewer groups or a smaller representation")
  }

  /// The best of `fits` carried on to convergence, as ``finished(_:on:phase:groups:)``; nil when all degenerate.
  package func best<Model>(of fits: [Fit<Model>], on design: Design, phase: String) throws -> Fit<Model>? {
    for fit in fits.best(continuedStarts) {
      let carried = try carried(Fit(continuing: fit, model: fit.model), on: design, phase: phase)
      if let carried { return carried }
    }
    return nil
  }

  /// Carries one fit on to convergence; nil when a group degenerates.
  package func carried<Model>(_ fit: Fit<Model>, on design: Design, phase: String) throws -> Fit<Model>? {
    try converged([fit], on: design, phase: phase).first
  }

  /// - Parameter continued: the fits that were carried on to convergence and did not degenerate, best first.
  package static func summary<First, Second>(_ short: [Fit<First>], _ continued: [Fit<Second>]) -> SearchSummary {
    let best = continued.first?.logLikelihood ?? 0
    let reached = continued.map { SearchSummary.Reached(start: $0.start, below: best - $0.logLikelihood) }
    return SearchSummary(
      starts: short.count, degenerate: short.count { $0.degeneracy != nil },
      agreed: reached.count { $0.below <= sameLikelihood }, reached: reached)
  }
}

extension Fit {
  /// Whether two fits that have converged on the same rows and columns have found the same solution.
  package func isSameSolution(as other: Fit) -> Bool {
    abs(logLikelihood - other.logLikelihood) <= Search.sameLikelihood
  }
}

extension Array {
  /// The fits but those that repeat the solution of one before them.
  package func distinct<Model>() -> [Fit<Model>] where Element == Fit<Model> {
    reduce(into: []) { kept, fit in
      if !kept.contains(where: fit.isSameSolution) { kept.append(fit) }
    }
  }
}
