import Mixture
import Runs

extension Journal {
  /// Runs accelerated EM from several joint models as one phase, or what is left of it.
  func run(
    accelerated fits: [Fit<JointMixture>], on design: Design, _ convergence: Convergence, phase: String
  ) throws -> [Fit<JointMixture>] {
    // Extrapolated points rise by no constant factor.
    func progress(_ runs: [JointAcceleration]) -> Progress {
      let fits = runs.map(\.fit)
      let active = fits.filter { $0.isActive && $0.trace.count < convergence.maximumPasses }
      return Progress(
        fits, remaining: .together(active.map { (convergence.maximumPasses - $0.trace.count, nil) }))
    }
    func finished(_ runs: [JointAcceleration]) -> [Fit<JointMixture>] { runs.map(\.finished) }
    return try run(phase, from: fits.map(JointAcceleration.init), progress: progress, outcome: finished) {
      runs, afterPass in
      try design.acceleratedMaximization(runs, convergence: convergence, afterPass: afterPass)
    }
  }
}
