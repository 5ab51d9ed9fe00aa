import Communication
import LinearAlgebra

/// The eigenvalues and eigenvectors of K = U Λ U', the sum of the donors' outcomes before, each metric over its scale.
struct ArmSpectrum: Sendable {
  /// Ascending.
  let values: [Double]
  /// [p, p].
  let vectors: Matrix

  /// - Throws: ``Failure`` numerical when a sum is not finite.
  init(_ moments: ArmMoments) throws {
    let (p, scales) = (moments.beforeCount, moments.scales)
    var gram = Matrix(rows: p, columns: p)
    for j in 0..<p {
      for i in 0..<p {
        gram[i, j] = moments.products[1 + i, 1 + j] / (scales[i % scales.count] * scales[j % scales.count])
      }
    }
    let eigen = try SymmetricEigen(gram)
    (values, vectors) = (eigen.values, eigen.vectors)
  }

  private init(_ message: ArraySlice<Double>, order: Int) {
    values = Array(message.prefix(order))
    vectors = Matrix(rows: order, columns: order, values: Array(message.dropFirst(order)))
  }

  /// Those of all arms, each found by one rank for all. Collective.
  static func all(_ moments: [ArmMoments], on communicator: any Communicator) throws -> [ArmSpectrum] {
    let size = communicator.size
    let own = try communicator.agree {
      try stride(from: communicator.rank, to: moments.count, by: size).map { try ArmSpectrum(moments[$0]) }
    }
    let told = try communicator.allGather(elements: own.flatMap { $0.values + $0.vectors.values })
    let order = moments[0].beforeCount
    let length = order * (1 + order)
    return moments.indices.map { arm in
      ArmSpectrum(told[arm % size].dropFirst(arm / size * length).prefix(length), order: order)
    }
  }
}
