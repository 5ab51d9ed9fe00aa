import LinearAlgebra
import Mixture

/// SQUAREM on the passes of EM (Varadhan and Roland 2008): after two EM steps θ0 → θ1 → θ2, with r = θ1 - θ0 and
/// v = θ2 - θ1 - r, the next point is θ0 - 2 α r + α² v, α = -|r| / |v|, at most -1. After a point that was too far α goes
/// half as far at most, and twice as far again when that holds.
///
/// A point whose likelihood is below the last one is given up: an extrapolated point for θ2; a step of EM that is no exact
/// maximisation (κ2) for one with half the step of β from the same point. So the likelihood never falls; the pass that
/// found it out repeats the likelihood in the trace.
public struct JointAcceleration: Sendable, Codable {
  /// How a model came about.
  private enum Origin: String, Codable {
    /// By a step of EM from that of the last trace entry, so that their likelihoods tell convergence.
    case step
    case extrapolation
    /// It was there before.
    case retreat
  }

  /// Where passes go on.
  private struct Point: Codable {
    var model: JointMixture
    /// The share of the step of β that the next M step takes.
    var slopeStep: Double
    var origin: Origin
  }

  public private(set) var fit: Fit<JointMixture>
  /// θ0 of the next extrapolation, once its first step is taken.
  private var first: [Double]?
  private var slopeStep = 1.0
  private var origin = Origin.step
  /// -α of the last extrapolation, and the largest to be tried.
  private var length = 1.0
  private var longest = Double.greatestFiniteMagnitude
  /// Where to go on when the likelihood has fallen, the last one first; empty when it cannot fall.
  private var retreats: [Point] = []

  public init(_ fit: Fit<JointMixture>) { self.fit = fit }

  /// The fit where it stands, at the last point whose likelihood cannot be below that of the trace.
  public var finished: Fit<JointMixture> {
    var result = fit
    if let point = retreats.first { result.model = point.model }
    return result
  }

  /// Takes the sums of a pass at the present point.
  package mutating func advance(_ sums: JointSums, convergence: Convergence) {
    let statistics = sums.statistics
    let last = fit.trace.last ?? -.infinity
    let (rise, tolerance) = (statistics.logLikelihood - last, convergence.tolerance * statistics.total)
    // A step may fall by less than tolerance: rounding.
    let isWhole = origin == .step && slopeStep == 1
    let isConverged = isWhole && abs(rise) <= tolerance
    if !isConverged, !(rise >= 0), let point = retreats.popLast() {
      fit.trace.append(last)
      if origin == .extrapolation { longest = max(length / 2, Self.leastLength) }
      (fit.model, slopeStep, origin) = (point.model, point.slopeStep, point.origin)
      first = nil
      return
    }
    if origin == .extrapolation && length == longest { longest *= 2 }
    retreats = []
    fit.trace.append(statistics.logLikelihood)
    if isConverged || isWhole && rise <= tolerance {
      fit.isConverged = true
      return
    }
    if origin == .step { slopeStep = min(1, 2 * slopeStep) }
    let present = fit.model
    do { fit.findings = try fit.model.maximize(sums, slopeStep: slopeStep) } catch {
      fit.degeneracy = error.description
      return
    }
    if present.bends != nil { retreats = [Point(model: present, slopeStep: slopeStep / 2, origin: .retreat)] }
    origin = .step
    guard let start = first else {
      first = present.vector
      return
    }
    first = nil
    extrapolate(start, present.vector, fit.model.vector)
  }

  private mutating func extrapolate(_ first: [Double], _ second: [Double], _ third: [Double]) {
    let step = zip(second, first).map { $0 - $1 }
    let bend = zip(zip(third, second), step).map { $0.0 - $0.1 - $1 }
    length = min((step.dot(step) / bend.dot(bend)).squareRoot(), longest)
    guard length > 1, length.isFinite else { return }
    retreats.append(Point(model: fit.model, slopeStep: slopeStep, origin: .step))
    origin = .extrapolation
    fit.model = fit.model.at(
      zip(first, zip(step, bend)).map { $0 + 2 * length * $1.0 + length * length * $1.1 })
  }

  private static let leastLength = 2.0
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
      let sums = try jointSums(of: active.map { runs[$0].fit.model })
      for (index, sums) in zip(active, sums) { runs[index].advance(sums, convergence: convergence) }
      try afterPass(runs)
    }
  }
}
