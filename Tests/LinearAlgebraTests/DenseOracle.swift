import LinearAlgebra
import TestSupport

/// Decompositions by numpy.
struct DenseOracle: Decodable {
  struct General: Decodable {
    let name: String
    let matrix: [[Double]]
    let singularValues: [Double]
    let pseudoInverse: [[Double]]
    let rank: Int
    let absoluteUpper: [[Double]]
  }

  struct Symmetric: Decodable {
    let name: String
    let matrix: [[Double]]
    let eigenvalues: [Double]
  }

  struct Gram: Decodable {
    let name: String
    let gram: [[Double]]
    let order: [Int]
    let tolerance: Double
    let dependent: [Int]
  }

  let matrices: [General]
  let symmetric: [Symmetric]
  let grams: [Gram]

  static func load() throws -> DenseOracle { try oracle("dense.json") }

  /// Standard normal entries.
  static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    let random = CounterRandom(seed: seed, stream: .test)
    return Matrix((0..<rows).map { i in (0..<columns).map { random.normal(row: i, draw: $0) } })
  }
}
