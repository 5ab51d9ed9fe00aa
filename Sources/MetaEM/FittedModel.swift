import ControlFunction
import Foundation
import Frames
import LinearAlgebra
import Mixture

/// A fitted distribution block.
public enum FittedMixture: Sendable {
  case regression(RegressionMixture)
  case gaussian(GaussianMixture)
  case kmeans(KMeansMixture)
  case joint(JointModel)

  public var base: any MixtureModel {
    switch self {
    case .regression(let model): model
    case .gaussian(let model): model
    case .kmeans(let model): model
    case .joint(let model): model.mixture
    }
  }
}

/// All that new rows need to get their posteriors: columns, scaling, representation and mixture.
public struct FittedModel: Sendable {
  /// What the columns of the covariates stand for, with the levels of categories.
  public var covariates: [Covariate]
  public var treatmentName: String
  public var scaling: ColumnScaling
  public var representation: Representation
  public var mixture: FittedMixture
}

extension FittedModel {
  /// The names of the columns of the covariates.
  public var covariateNames: [String] { covariates.flatMap(\.columnNames) }

  public var joint: JointModel? { if case .joint(let model) = mixture { model } else { nil } }

  /// The columns of a centered table that the model's posteriors are functions of.
  func design(_ table: Frame) -> Design {
    if case .joint(let model) = mixture { return model.design(of: table) }
    return Design(table: table, representation: representation)
  }

  /// What a table must hold for this.
  var roles: Set<Role> {
    if case .joint = mixture { [.covariate, .treatment, .outcome] } else { [.covariate, .treatment] }
  }

  /// The log of the scale factors of the columns whose density the model is: what the log density of a row is larger by
  /// in scaled units than in those of the data. Nil for `kmeans`, which is no density.
  var logVolume: Double? {
    switch mixture {
    case .regression: return Elementary.log(scaling.scales[scaling.scales.count - 1])
    case .gaussian:
      // Features other than x keep the units of their representation.
      guard representation.isIdentity else { return Elementary.log(scaling.scales[scaling.scales.count - 1]) }
      return scaling.scales.reduce(0) { $0 + Elementary.log($1) }
    case .kmeans: return nil
    case .joint(let model): return Elementary.log(model.outcomeScale * model.treatmentScale)
    }
  }
}
