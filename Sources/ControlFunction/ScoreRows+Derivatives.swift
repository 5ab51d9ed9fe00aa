import LinearAlgebra

extension ScoreRows {
  /// Adds Σ_i Σ_k (λ_ik γ_k (s_k - s) + μ_ik π_k a_k), as ``JointEstimation`` says; fills in the scores of the rows'
  /// likelihood.
  func addDerivatives(
    of quantities: Int, posteriors: UnsafePointer<Double>, shares: UnsafePointer<Double>?, to sums: inout [Double]
  ) {
    let buffer = AlignedBuffer(count: 2 * quantities * stride)
    let (lifted, all) = (buffer.pointer, buffer.pointer + quantities * stride)
    for k in 0..<parameters.groups {
      fillOwn(k)
      addToTotal(k)
      let own = parameters.own(k)
      lift(posteriors, by: posterior(k), k, quantities, into: lifted)
      for place in 0..<quantities * stride { all[place] += lifted[place] }
      add(lifted, quantities, times: column(0), places: own, to: &sums)
      guard let shares else { continue }
      lift(shares, by: share(k), k, quantities, into: lifted)
      let first = own.count - parameters.logShares.count
      // The column before those of the shares stands in the place of the constant.
      add(lifted, quantities, times: column(first), places: Array(parameters.logShares), to: &sums)
    }
    for place in 0..<quantities * stride { all[place].negate() }
    add(all, quantities, times: total(0), places: Array(0..<parameters.count), to: &sums)
  }

  private func lift(
    _ values: UnsafePointer<Double>, by factor: UnsafePointer<Double>, _ k: Int, _ quantities: Int,
    into target: UnsafeMutablePointer<Double>
  ) {
    for a in 0..<quantities {
      let (source, own) = (values + (k * quantities + a) * stride, target + a * stride)
      for row in 0..<block.rowCount { own[row] = source[row] * factor[row] }
    }
  }

  /// Adds Σ g s' over the columns s behind one that is passed over.
  private func add(
    _ values: UnsafePointer<Double>, _ quantities: Int, times columns: UnsafePointer<Double>, places: [Int],
    to sums: inout [Double]
  ) {
    var products = [Double](repeating: 0, count: quantities * (1 + places.count))
    Kernel.Layer(inputs: places.count, outputs: quantities, rowCount: block.rowCount, stride: stride)
      .addGradient(inputs: columns, outputGradient: values, to: &products)
    for a in 0..<quantities {
      for (position, place) in places.enumerated() {
        sums[a * parameters.count + place] += products[a * (1 + places.count) + 1 + position]
      }
    }
  }
}
