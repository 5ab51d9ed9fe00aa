import Mixture
import Runs

extension Journal {
  /// Runs accelerated EM from several joint models as one phase, or what is left of it.
  func run(
    accelerated fits: [Fit<JointMixture>], on design: Design, _ convergence: Convergence, phase: String
  ) throws -> [Fit<JointMixture>] {
    try run(
      phase, from: fits.map(JointAcceleration.init), progress: { Progress($0.map(\.fit)) },
      outcome: { $0.map(\.finished) }
    ) { runs, afterPass in
      try design.acceleratedMaximization(runs, convergence: convergence, afterPass: afterPass)
    }
  }
}
