import ControlFunction
import Diagnostics
import Mixture

extension FittedMixture {
  /// Passes of EM that find a mixture again at most, and the gain of the log-likelihood per row that ends them.
  private static let again = Convergence(tolerance: 1e-6, maximumPasses: 30)

  /// The mixture that EM comes to on a design, from the present parameters. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (numerical) when a group is lost.
  func reestimated(on design: Design) throws -> FittedMixture {
    func found<Model: MixtureModel>(_ model: Model) throws -> Model {
      let fit = try design.expectationMaximization([Fit(start: 0, model: model)], convergence: Self.again)[0]
      return try Self.kept(fit)
    }
    switch self {
    case .regression(let model): return .regression(try found(model))
    case .gaussian(let model): return .gaussian(try found(model))
    case .kmeans(let model): return .kmeans(try found(model))
    case .joint(let joint):
      let runs = try design.acceleratedMaximization(
        [JointAcceleration(Fit(start: 0, model: joint.mixture))], convergence: Self.again)
      return .joint(joint.replacing(try Self.kept(runs[0].finished)))
    }
  }

  private static func kept<Model>(_ fit: Fit<Model>) throws -> Model {
    if let degeneracy = fit.degeneracy { throw Failure(.numerical, "a group was lost: \(degeneracy)") }
    return fit.model
  }
}
