import Communication
import Frames
import LinearAlgebra

/// What quantities follow the group weights of single rows by, through what a ``GroupIndex`` estimates with these weights: shares and the
/// regressions of the treatment in each group.
///
/// ```
/// π_k = Σ w Z_k / Σ w                           ∂π_k/∂Z_ik = w_i / Σ w
/// β_k^(-v) = (G_k^(-v))⁻¹ h_k^(-v)              ∂β_k^(-v)/∂Z_ik = w_i (t_i - r_i'β_k^(-v)) (G_k^(-v))⁻¹ r_i,  i not in fold v
/// ```
/// r = (1, r). Quantities follow π_k by σ_k and an index f_ik by φ_ik; so they follow β_k^(-v) by Σ_{i in v} φ_ik r_i', which one pass
/// sums, and Z_ik by w_i (σ_k / Σ w + Σ_{v not i's} c_kv'r_i (t_i - r_i'β_k^(-v))), c_kv = (G_k^(-v))⁻¹ Σ φ r.
struct GroupIndexDerivatives {
  /// Where the sums that they are made of lie: σ [groups, quantities], then Σ φ r' [quantities, 1 + p] by fold and group.
  struct Layout {
    let groups: Int
    let quantities: Int
    /// 1 + p.
    let columns: Int

    init(_ index: GroupIndex, quantities: Int) {
      (groups, columns, self.quantities) = (index.groupCount, 1 + index.featureCount, quantities)
    }

    func share(_ group: Int) -> Range<Int> { group * quantities..<(group + 1) * quantities }
    func coefficients(_ fold: Int, _ group: Int) -> Range<Int> {
      let (length, place) = (quantities * columns, fold * groups + group)
      return groups * quantities + place * length..<groups * quantities + (place + 1) * length
    }
    var count: Int { coefficients(GroupIndex.foldCount, 0).lowerBound }
  }

  private let index: GroupIndex
  private let layout: Layout
  /// σ_k / Σ w.
  private let shares: [[Double]]
  /// c_kv, fold by fold for each group [folds * quantities, 1 + p].
  private let forms: [Matrix]

  /// - Parameter sums: of ``add(_:_:chunk:to:)`` and σ over all rows.
  init(_ index: GroupIndex, _ layout: Layout, _ sums: [Double]) throws {
    (self.index, self.layout) = (index, layout)
    let total = index.sizes.sorted().reduce(0, +)
    shares = (0..<layout.groups).map { k in sums[layout.share(k)].map { $0 / total } }
    let columns = Array(0..<layout.columns)
    forms = try (0..<layout.groups).map { k in
      let values = try (0..<GroupIndex.foldCount).flatMap { fold in
        let factor = try index.gram(without: fold, group: k).selecting(rows: columns, columns: columns)
          .independentFactor()
        let sum = Matrix(
          rows: layout.quantities, columns: layout.columns, values: Array(sums[layout.coefficients(fold, k)]))
        return (0..<layout.quantities).flatMap { factor.solve(Array(sum[row: $0])) }
      }
      return Matrix(rows: GroupIndex.foldCount * layout.quantities, columns: layout.columns, values: values)
    }
  }

  /// Adds φ r' of the rows of a chunk.
  ///
  /// - Parameter slopes: φ of quantity a and group k at `(k * quantities + a) * stride + row`.
  static func add(
    _ slopes: UnsafePointer<Double>, _ index: GroupIndex, _ layout: Layout, chunk: Int, stride: Int,
    to sums: inout [Double]
  ) throws {
    let folds = index.folds(ofChunk: chunk)
    let features = try index.features(ofChunk: chunk, stride: stride)
    let own = AlignedBuffer(count: layout.quantities * stride)
    let layer = Kernel.Layer(
      inputs: layout.columns - 1, outputs: layout.quantities, rowCount: folds.count, stride: stride)
    for fold in 0..<GroupIndex.foldCount {
      for k in 0..<layout.groups {
        for a in 0..<layout.quantities {
          let (source, target) = (slopes + (k * layout.quantities + a) * stride, own.pointer + a * stride)
          for (row, other) in folds.enumerated() { target[row] = other == fold ? source[row] : 0 }
        }
        let start = layout.coefficients(fold, k).lowerBound
        sums.withUnsafeMutableBufferPointer {
          layer.addGradient(
            inputs: features.pointer, outputGradient: own.pointer, to: $0.baseAddress! + start)
        }
      }
    }
  }

  /// Adds what quantities follow Z_ik by to `values[(k * quantities + a) * stride + row]`.
  func add(chunk: Int, to values: UnsafeMutablePointer<Double>, stride: Int) throws {
    let (folds, quantities) = (index.folds(ofChunk: chunk), layout.quantities)
    let features = try index.features(ofChunk: chunk, stride: stride)
    let count = GroupIndex.foldCount * quantities
    let buffer = AlignedBuffer(count: (count + 1) * stride)
    let residual = buffer.pointer + count * stride
    let layer = Kernel.Layer(inputs: layout.columns - 1, outputs: count, rowCount: folds.count, stride: stride)
    try index.design.withBlock(ofChunk: index.design.rows.chunk(chunk)) { block, weights in
      for (k, form) in forms.enumerated() {
        let targets = values + k * quantities * stride
        layer.forward(weights: form.values, inputs: features.pointer, outputs: buffer.pointer)
        for fold in 0..<GroupIndex.foldCount {
          // t - r'β: t is the last column.
          block.evaluate(index.crossFitted[fold][k].map(-) + [1], into: residual)
          for a in 0..<quantities {
            let (own, target) = (buffer.pointer + (fold * quantities + a) * stride, targets + a * stride)
            for (row, other) in folds.enumerated() where other != fold {
              target[row] += (weights?[row] ?? 1) * own[row] * residual[row]
            }
          }
        }
        for (a, share) in shares[k].enumerated() {
          for row in folds.indices { targets[a * stride + row] += (weights?[row] ?? 1) * share }
        }
      }
    }
  }
}

extension GroupIndex {
  /// The columns (1, r) of a chunk.
  fileprivate func features(ofChunk chunk: Int, stride: Int) throws -> AlignedBuffer {
    let features = AlignedBuffer(count: (1 + featureCount) * stride)
    features.pointer.update(repeating: 1, count: stride)
    try fillFeatures(chunk, into: features.pointer + stride, stride: stride)
    return features
  }
}
