import LinearAlgebra

/// SQUAREM on the passes of EM (Varadhan and Roland 2008): after two EM steps θ0 → θ1 → θ2, with r = θ1 - θ0 and
/// v = θ2 - θ1 - r, the next point is θ0 - 2 α r + α² v, α = -|r| / |v|, at most -1.
///
/// A point whose likelihood is below that of θ1 is given up for θ2, so the likelihood never falls; the pass that found
/// it out repeats the likelihood in the trace.
public struct JointAcceleration: Sendable, Codable {
  public private(set) var fit: Fit<JointMixture>
  private var origin: [Double]?
  /// θ2, while an extrapolated point is being tried.
  private var fallback: JointMixture?

  public init(_ fit: Fit<JointMixture>) { self.fit = fit }

  /// The fit where it stands, at the last EM step if its point is yet to be tried.
  public var finished: Fit<JointMixture> {
    var result = fit
    if let fallback { result.model = fallback }
    return result
  }

  /// Takes the statistics of a pass at the present point.
  mutating func advance(_ statistics: SufficientStatistics, convergence: Convergence) {
    let last = fit.trace.last ?? -.infinity
    let wasExtrapolated = fallback != nil
    if let fallback, !(statistics.logLikelihood >= last) {
      fit.trace.append(last)
      fit.model = fallback
      self.fallback = nil
      return
    }
    fallback = nil
    fit.trace.append(statistics.logLikelihood)
    // The step from θ1 to an extrapolated point says nothing about convergence.
    if !wasExtrapolated && statistics.logLikelihood - last <= convergence.tolerance * statistics.total {
      fit.isConverged = true
      return
    }
    let present = fit.model.vector
    do { fit.events = try fit.model.maximize(statistics) } catch {
      fit.degeneracy = error.description
      return
    }
    guard let start = origin else {
      origin = present
      return
    }
    origin = nil
    fallback = fit.model
    extrapolate(start, present, fit.model.vector)
  }

  private mutating func extrapolate(_ first: [Double], _ second: [Double], _ third: [Double]) {
    let step = zip(second, first).map { $0 - $1 }
    let bend = zip(zip(third, second), step).map { $0.0 - $0.1 - $1 }
    let length = -(step.dot(step) / bend.dot(bend)).squareRoot()
    guard length < -1, length.isFinite else {
      fallback = nil
      return
    }
    fit.model = fit.model.at(
      zip(first, zip(step, bend)).map { $0 - 2 * length * $1.0 + length * length * $1.1 })
  }
}

extension Design {
  /// Runs accelerated EM from several joint models at once; see ``expectationMaximization(_:convergence:afterPass:)``.
  public func acceleratedMaximization(
    _ runs: [JointAcceleration], convergence: Convergence, afterPass: ([JointAcceleration]) throws -> Void = { _ in }
  ) throws -> [JointAcceleration] {
    var runs = runs
    while true {
      let active = runs.indices.filter { runs[$0].fit.isActive && runs[$0].fit.trace.count < convergence.maximumPasses }
      guard !active.isEmpty else { return runs }
      let statistics = try statistics(of: active.map { runs[$0].fit.model })
      for (index, statistics) in zip(active, statistics) { runs[index].advance(statistics, convergence: convergence) }
      try afterPass(runs)
    }
  }
}
