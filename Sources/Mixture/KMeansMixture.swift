import Diagnostics
import LinearAlgebra

/// K-means on c = (r, t): each row belongs wholly to the group of the nearest centre (Lloyd 1982). The paper's
/// comparison, Meta-KM.
public struct KMeansMixture: MixtureModel, Equatable {
  public var mixingWeights: [Double]
  /// Centres: K × d, in the order (r, t).
  public var centers: [[Double]]

  public init(centers: [[Double]]) {
    self.centers = centers
    mixingWeights = Array(repeating: 1 / Double(centers.count), count: centers.count)
  }

  /// The "log-likelihood" of the kernels is then -1/2 of the inertia Σ_i min_k |c_i - μ_k|².
  public var forms: MixtureForms {
    var coefficients: [Double] = []
    for center in centers {
      for (f, value) in center.enumerated() {
        coefficients += [-value] + Array(repeating: 0, count: f) + [1]
      }
    }
    return MixtureForms(
      shape: .triangular, coefficients: coefficients, logScale: Array(repeating: 0, count: groupCount), isHard: true)
  }

  /// The K d coordinates of the centres.
  public var parameterCount: Int { groupCount * centers[0].count }
  public var leadingParameters: [Double] { centers.map { $0[$0.count - 1] } }

  /// Half the inertia, whose units are those of the columns, squared.
  public func convergenceScale(total: Double, logLikelihood: Double) -> Double { -logLikelihood }

  public func reordered(_ order: [Int]) -> KMeansMixture {
    var copy = KMeansMixture(centers: order.map { centers[$0] })
    copy.mixingWeights = order.map { mixingWeights[$0] }
    return copy
  }

  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding] {
    let total = statistics.total
    for k in 0..<groupCount {
      let count = statistics.count(k)
      // A group of one row is a valid cluster; one of no rows has no centre.
      try DegenerateGroup.require(count, atLeast: 1, .group(k))
      let gram = statistics.gram(k)
      mixingWeights[k] = count / total
      centers[k] = centers[k].indices.map { gram[0, $0 + 1] / count }
    }
    return []
  }
}
