import Communication
import LinearAlgebra
import Networks

/// Rows in memory with the features of ``DFIV``, which are computed where they lie.
package final class FeatureBlocks {
  let rows: RowBlocks
  let columns: FeatureColumns

  /// Collective.
  package init(_ drawn: [Int], of data: NetworkRows<some StructuralRows>, _ columns: FeatureColumns) throws {
    rows = try RowBlocks(drawn, of: data, spare: columns.count)
    self.columns = columns
    for block in rows.local {
      block.column(columns.instruments.lowerBound).update(repeating: 1, count: NetworkBlock.stride)
      block.column(columns.outcome).update(from: block.outcome, count: NetworkBlock.stride)
    }
  }

  /// φ of a network in use.
  package func fillInstruments(_ network: Network) {
    fill(columns.instruments.dropFirst(), network, inputs: rows.columns.conditional)
  }

  /// ψ.
  package func fillTreatment(_ network: Network) {
    fill(columns.treatment, network, inputs: NetworkColumns.treatment..<NetworkColumns.treatment + 1)
  }

  /// ξ.
  package func fillCovariates(_ network: Network) { fill(columns.covariates, network, inputs: rows.columns.covariates) }

  private func fill(_ target: Range<Int>, _ network: Network, inputs: Range<Int>) {
    let use = NetworkUse(network)
    for block in rows.local { block.take(use { block.fill($0, inputs) }, as: target) }
  }

  /// The ridge of ψ on (1, φ). Collective.
  package func firstStage(penalty: Double) throws -> FeatureRidge {
    try FeatureRidge(gram: gram(columns.firstStage), featureCount: columns.instruments.count, penalty: penalty)
  }

  /// Writes ψ^ = V'(1, φ), and the products that the second stage regresses on.
  package func predict(_ stage: FeatureRidge) {
    for block in rows.local {
      for (j, fitted) in columns.fitted.enumerated() {
        block.combine(columns.instruments, by: { stage.coefficients[$0, j] }, into: block.column(fitted))
      }
    }
    multiply()
  }

  /// Writes (1, ψ^) ⊗ (1, ξ).
  package func multiply() {
    for block in rows.local {
      var target = columns.products.lowerBound
      for left in columns.fittedFactors {
        for right in columns.covariateFactors {
          let (product, a, b) = (block.column(target), block.column(left), block.column(right))
          for i in 0..<NetworkBlock.stride { product[i] = a[i] * b[i] }
          target += 1
        }
      }
    }
  }

  /// The ridge of y on the products. Collective.
  package func secondStage(penalty: Double) throws -> FeatureRidge {
    try FeatureRidge(gram: gram(columns.secondStage), featureCount: columns.products.count, penalty: penalty)
  }

  /// Σ w c c' of some columns, the first of them 1. Collective.
  private func gram(_ range: Range<Int>) throws -> Matrix {
    let zero = [Double](repeating: 0, count: PackedTriangle.count(order: range.count))
    let sums = try rows.sum(zero) { sums, block in
      let pointers = range.map { Optional(UnsafePointer(block.column($0))) }
      let columns = Kernel.Block(columns: pointers, columnCount: range.count, rowCount: block.rows.count)
      Kernel.addWeightedGram(
        of: columns, weights: block.weight, groupCount: 1, stride: NetworkBlock.stride, to: &sums)
    }
    return Matrix(packedTriangle: sums, order: range.count)
  }

  /// The mean of (y - u'F)². Collective.
  package func meanLoss(_ stage: FeatureRidge) throws -> Double {
    let fitted = AlignedBuffer(count: NetworkBlock.stride)
    let sums = try rows.sum([0.0, 0.0]) { sums, block in
      block.combine(columns.products, by: { stage.coefficients[$0, 0] }, into: fitted.pointer)
      for i in block.rows.indices {
        let residual = block.outcome[i] - fitted[i]
        sums[0] += block.weight[i] * residual * residual
        sums[1] += block.weight[i]
      }
    }
    return sums[0] / sums[1]
  }
}

extension RowBlock {
  /// Copies the outputs of a network to columns.
  func take(_ outputs: UnsafePointer<Double>, as columns: Range<Int>) {
    column(columns.lowerBound).update(from: outputs, count: columns.count * NetworkBlock.stride)
  }

  /// Writes the combination of columns by coefficients, the first of which is number 0.
  func combine(_ columns: Range<Int>, by coefficient: (Int) -> Double, into target: UnsafeMutablePointer<Double>) {
    target.update(repeating: 0, count: NetworkBlock.stride)
    for (k, source) in columns.enumerated() {
      let (factor, values) = (coefficient(k), column(source))
      for i in 0..<NetworkBlock.stride { target[i] += factor * values[i] }
    }
  }
}
