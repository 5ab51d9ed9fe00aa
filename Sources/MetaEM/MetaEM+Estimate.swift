import ControlFunction
import Diagnostics
import Mixture

extension MetaEM {
  /// What the rows gave for the distribution that was asked for, in that model's own numbers.
  public enum Estimate: Sendable {
    /// Regressions, Gaussians or centres of (r, t); see ``FittedModel/mixture``.
    case mixture(MixtureResult)
    /// The joint model, and the mixture of regressions that it started from.
    case joint(ControlFunction.Result, start: MixtureResult)

    /// What new rows need to get their posteriors.
    public var model: FittedModel {
      switch self {
      case .mixture(let result): return result.model
      case .joint(let result, let start):
        // The representation is that of the groups that the fit started from, and kept as such in the file of the model;
        // the columns of the joint model are those of its basis.
        var model = start.model
        model.mixture = .joint(result.model)
        return model
      }
    }

    public var parameterCount: Int {
      switch self {
      case .mixture(let result): result.parameterCount
      case .joint(let result, _): result.parameterCount
      }
    }

    /// The number of passes of the start that was chosen.
    public var iterations: Int {
      switch self {
      case .mixture(let result): result.iterations
      case .joint(let result, _): result.iterations
      }
    }

    public var isConverged: Bool {
      switch self {
      case .mixture(let result): result.isConverged
      case .joint(let result, _): result.isConverged
      }
    }

    public var search: SearchSummary {
      switch self {
      case .mixture(let result): result.search
      case .joint(let result, _): result.search
      }
    }

    public var findings: [Finding] {
      switch self {
      case .mixture(let result): result.findings
      case .joint(let result, _): result.findings
      }
    }
  }
}
