import LinearAlgebra

/// SQUAREM on the passes of EM (Varadhan and Roland 2008): after two EM steps θ0 → θ1 → θ2, with r = θ1 - θ0 and
/// v = θ2 - θ1 - r, the next point is θ0 - 2 α r + α² v, α = -|r| / |v|, at most -1.
///
/// A point whose likelihood is below the last one is given up: an extrapolated point for θ2; a step of EM that is no exact
/// maximisation (κ2) for one with half the step of β from the same point. So the likelihood never falls; the pass that
/// found it out repeats the likelihood in the trace.
public struct JointAcceleration: Sendable, Codable {
  /// Where passes go on, and how the model came about.
  private struct Point: Codable {
    var model: JointMixture
    /// The share of the step of β that the next M step takes.
    var slopeStep = 1.0
    /// Whether the model is a step of EM from that of the last trace entry, so that their likelihoods tell convergence.
    var isStep = true
  }

  public private(set) var fit: Fit<JointMixture>
  private var origin: [Double]?
  private var slopeStep = 1.0
  private var isStep = true
  /// Where to go on when the likelihood has fallen, the last one first; empty when it cannot fall.
  private var retreats: [Point] = []

  public init(_ fit: Fit<JointMixture>) { self.fit = fit }

  /// The fit where it stands, at the last point whose likelihood cannot be below that of the trace.
  public var finished: Fit<JointMixture> {
    var result = fit
    if let point = retreats.first { result.model = point.model }
    return result
  }

  /// Takes the statistics of a pass at the present point.
  package mutating func advance(_ statistics: SufficientStatistics, convergence: Convergence) {
    let last = fit.trace.last ?? -.infinity
    let (rise, tolerance) = (statistics.logLikelihood - last, convergence.tolerance * statistics.total)
    // A step may fall by less than tolerance: rounding.
    let isConverged = isStep && slopeStep == 1 && abs(rise) <= tolerance
    if !isConverged, !(rise >= 0), let point = retreats.popLast() {
      fit.trace.append(last)
      (fit.model, slopeStep, isStep) = (point.model, point.slopeStep, point.isStep)
      origin = nil
      return
    }
    retreats = []
    fit.trace.append(statistics.logLikelihood)
    if isConverged || (isStep && slopeStep == 1 && rise <= tolerance) {
      fit.isConverged = true
      return
    }
    if isStep { slopeStep = min(1, 2 * slopeStep) }
    let present = fit.model
    do { fit.events = try fit.model.maximize(statistics, slopeStep: slopeStep) } catch {
      fit.degeneracy = error.description
      return
    }
    if present.bends != nil { retreats = [Point(model: present, slopeStep: slopeStep / 2, isStep: false)] }
    isStep = true
    guard let start = origin else {
      origin = present.vector
      return
    }
    origin = nil
    extrapolate(start, present.vector, fit.model.vector)
  }

  private mutating func extrapolate(_ first: [Double], _ second: [Double], _ third: [Double]) {
    let step = zip(second, first).map { $0 - $1 }
    let bend = zip(zip(third, second), step).map { $0.0 - $0.1 - $1 }
    let length = -(step.dot(step) / bend.dot(bend)).squareRoot()
    guard length < -1, length.isFinite else { return }
    retreats.append(Point(model: fit.model, slopeStep: slopeStep))
    isStep = false
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
