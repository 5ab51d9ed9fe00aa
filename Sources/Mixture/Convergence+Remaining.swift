import Glibc
import Runs

extension Convergence {
  /// Passes until the log-likelihood of a trace rises by at most `leastRise`, if it goes on as it did.
  ///
  /// Near a maximum EM converges linearly: each rise is the one before times a factor in (0, 1), the largest share of
  /// missing information (Dempster, Laird and Rubin 1977, section 3). The factor is that of the last four rises; it is
  /// taken for settled when the four before had one whose logarithm is within a quarter of it. Until then, and where
  /// nothing ends the passes but their limit, there is no basis for a number.
  ///
  /// - Returns: nil where there is no basis.
  package static func expectedPasses(_ trace: [Double], untilRise leastRise: Double) -> Int? {
    let rises = zip(trace.suffix(10), trace.suffix(10).dropFirst()).map { $1 - $0 }
    guard leastRise > 0, rises.count == 9, rises.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    let (earlier, later) = (log(rises[4] / rises[0]) / 4, log(rises[8] / rises[4]) / 4)
    guard later < 0, abs(earlier - later) <= -later / 4 else { return nil }
    return max(1, Int((log(leastRise / rises[8]) / later).rounded(.up)))
  }

  /// What is before fits that go on together.
  ///
  /// - Parameter total: the sum of the rows' weights.
  func remaining<Model>(_ fits: [Fit<Model>], total: Double) -> RemainingPasses? {
    .together(
      fits.filter { $0.isActive && $0.trace.count < maximumPasses }.map { fit in
        let scale = fit.model.convergenceScale(total: total, logLikelihood: fit.logLikelihood)
        return (
          maximumPasses - fit.trace.count, Self.expectedPasses(fit.trace, untilRise: tolerance * scale)
        )
      })
  }
}
