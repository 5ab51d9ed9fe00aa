import Communication
import Features
import Frames
import Networks

/// Learned features r_j = (e_j(x) - center_j) / scale_j of an encoder e: one network of all covariates, or one of each.
public struct NetworkRepresentation: FeatureMap {
  public let encoder: NetworkEncoder
  /// The parameters of the encoder, part after part.
  public let parameters: [Double]
  public let centers: [Double]
  public let scales: [Double]

  public var dimension: Int { encoder.dimension }
  public var featureNames: [String] { encoder.featureNames }

  /// - Precondition: as many parameters as the encoder has, as many centers and scales as features.
  public init(encoder: NetworkEncoder, parameters: [Double], centers: [Double], scales: [Double]) {
    precondition(parameters.count == encoder.parameterCount)
    precondition(centers.count == encoder.dimension && scales.count == encoder.dimension)
    self.encoder = encoder
    self.parameters = parameters
    self.centers = centers
    self.scales = scales
  }

  /// Standardises the features over the rows of a table, by its weights. Collective.
  ///
  /// - Parameter pivots: near the means, so that little is lost to cancellation.
  public init(encoder: NetworkEncoder, parameters: [Double], pivots: [Double], over table: Frame) throws {
    let p = encoder.dimension
    let raw = NetworkRepresentation(
      encoder: encoder, parameters: parameters, centers: pivots, scales: Array(repeating: 1, count: p))
    let moments = try table.rows.sum(WeightedMoments(columns: p)) { moments, chunk in
      try raw.addMoments(of: table, chunk: chunk, to: &moments)
    }
    self.init(
      encoder: encoder, parameters: parameters, centers: (0..<p).map { pivots[$0] + moments.shift($0) },
      scales: (0..<p).map { j in
        let variance = moments.variance(j)
        return variance > 0 ? variance.squareRoot() : 1
      })
  }

  /// Adds a chunk's sums of the weights, of the features and of their squares.
  private func addMoments(of table: Frame, chunk: Int, to moments: inout WeightedMoments) throws {
    let count = table.rowCount(ofChunk: chunk)
    let covariates = try (0..<table.covariateCount).map { try table.pointer(covariate: $0, chunk: chunk) }
    let weights = try table.weight(chunk: chunk)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: dimension * count) { features in
      transform(covariates, rowCount: count, into: features.baseAddress!, stride: count)
      for row in 0..<count {
        let weight = weights?[row] ?? 1
        moments.summands[moments.weight] += weight
        for j in 0..<dimension {
          let value = features[j * count + row]
          moments.summands[moments.sums[j]] += weight * value
          moments.summands[moments.squares[j]] += weight * value * value
        }
      }
    }
  }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let block = NetworkEncoderBlock(encoder)
    let blockCount = (rowCount + NetworkBlock.longest - 1) / NetworkBlock.longest
    for index in 0..<blockCount {
      let rows = rowCount * index / blockCount..<rowCount * (index + 1) / blockCount
      block.forward(
        covariates.map { $0 + rows.lowerBound }, rowCount: rows.count, parameters: parameters,
        into: features + rows.lowerBound, stride: stride)
    }
    for j in 0..<dimension {
      let target = features + j * stride
      for row in 0..<rowCount { target[row] = (target[row] - centers[j]) / scales[j] }
    }
  }
}
