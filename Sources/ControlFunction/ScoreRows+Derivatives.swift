import LinearAlgebra

extension ScoreRows {
  /// Adds Σ_i Σ_k (λ_ik γ_k (s_k - s) + μ_ik π_k a_k), as ``JointEstimation`` says.
  ///
  /// - Parameters:
  ///   - posteriors: λ of quantity a and group k at `(k * quantities + a) * stride + row`.
  ///   - shares: μ likewise; nil for 0.
  ///   - sums: parameter j of quantity a at `a * parameters.count + j`.
  func addDerivatives(
    of quantities: Int, posteriors: UnsafePointer<Double>, shares: UnsafePointer<Double>?, to sums: inout [Double]
  ) {
    func times(_ values: UnsafePointer<Double>, _ factor: (Int) -> UnsafeMutablePointer<Double>) -> AlignedBuffer {
      let product = AlignedBuffer(count: parameters.groups * quantities * stride)
      for k in 0..<parameters.groups {
        let own = factor(k)
        for place in k * quantities..<(k + 1) * quantities {
          for row in 0..<block.rowCount {
            product.pointer[place * stride + row] = values[place * stride + row] * own[row]
          }
        }
      }
      return product
    }
    addDerivatives(
      of: quantities, pulls: times(posteriors, posterior), sharePulls: shares.map { times($0, share) }, to: &sums)
  }

  /// Adds Σ_i Σ_k (l_ik (s_k - s) + m_ik a_k), a the part of a score that is of the shares; the parameters are laid out as
  /// above.
  func addDerivatives(of quantities: Int, pulls: AlignedBuffer, sharePulls: AlignedBuffer?, to sums: inout [Double]) {
    let (groups, rowCount, stride) = (0..<parameters.groups, block.rowCount, stride)
    let totals = AlignedBuffer(count: quantities * stride)
    for k in groups {
      for place in 0..<quantities * stride { totals.pointer[place] += pulls.pointer[k * quantities * stride + place] }
    }
    // One product for all families of the same columns.
    for width in Set(families.map(\.width)) {
      let own = families.indices.filter { families[$0].width == width }
      let numbers = AlignedBuffer(count: own.count * quantities * stride)
      for (position, f) in own.enumerated() {
        for a in 0..<quantities {
          let target = numbers.pointer + (position * quantities + a) * stride
          let (mean, total) = (mean(f), totals.pointer + a * stride)
          for row in 0..<rowCount { target[row] = -total[row] * mean[row] }
          for k in self.groups(f) {
            let (score, pull) = (score(f, k), pulls.pointer + (k * quantities + a) * stride)
            for row in 0..<rowCount { target[row] += pull[row] * score[row] }
            guard case .logShare = families[f].role, let sharePulls else { continue }
            let sharePull = sharePulls.pointer + (k * quantities + a) * stride
            for row in 0..<rowCount { target[row] += sharePull[row] * score[row] }
          }
        }
      }
      var products = [Double](repeating: 0, count: own.count * quantities * width)
      addProducts(of: numbers.pointer, own.count * quantities, with: regressors.pointer, width, to: &products)
      for (position, f) in own.enumerated() {
        for a in 0..<quantities {
          for (j, place) in families[f].places.enumerated() {
            sums[a * parameters.count + place] += products[(position * quantities + a) * width + j]
          }
        }
      }
    }
  }
}
