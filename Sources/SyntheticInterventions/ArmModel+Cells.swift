import LinearAlgebra

/// A target's coordinates c = U'y on the singular vectors of donors, and what the first k leave of y.
struct TargetCoordinates {
  let values: UnsafePointer<Double>
  /// |(I - UU')y|².
  let residual: Double
  /// Cells of y that were observed.
  let observed: Int

  subscript(index: Int) -> Double { values[index] }
}

/// A unit's own outcomes after, in their own units.
struct OwnOutcomes {
  let values: UnsafePointer<Double>

  subscript(cell: Int) -> Double { values[cell] }
}

extension ArmModel {
  /// v below this share of what it is a rest of is rounding.
  private static let rounding = 1e-13

  /// A target that is none of the donors.
  @inline(__always) func numbers(_ c: TargetCoordinates, metric: Int) -> CellNumbers {
    var (estimate, weightSquare, slopeSquare) = (0.0, 0.0, Double.nan)
    if let choice {
      (estimate, weightSquare) = choice.answer(c, metric)
    } else {
      slopeSquare = slopeSquares[metric]
      withTables { means, inverses in
        for j in 0..<rank {
          estimate += means[metric * width + j] * c[j]
          weightSquare += c[j] * c[j] * inverses[j]
        }
      }
    }
    let (afterDegrees, beforeDegrees) = (afterDegrees(donorCount), beforeDegrees(donorCount))
    return numbers(
      c, metric, estimate, weightSquare, slopeSquare, donors: donorCount,
      afterVariance: afterDegrees > 0 ? afterResiduals[metric] / afterDegrees : .nan, afterDegrees: afterDegrees,
      beforeVariance: beforeDegrees > 0 ? beforeResidual / beforeDegrees : .nan)
  }

  /// A donor, from the others by regression on the subspace of all:
  /// (Zw - z h) / (1 - h), h = c'Λ⁻¹c, and |w|² = h / (1 - h).
  func own(_ c: TargetCoordinates, _ after: OwnOutcomes, metric: Int, unit: Int) -> CellNumbers {
    let others = donorCount - 1
    let leverage = leverage(c, rank)
    guard !ownShare(leverage).isNaN else { return .undefined(rank: rank, donors: others) }
    let (fit, mean, errorSquare) = fit(c, after, metric)
    var (estimate, weightSquare, slopeSquare) = (
      (fit - leverage * mean) / (1 - leverage), leverage / (1 - leverage), Double.nan
    )
    if let choice {
      guard let chosen = choice.without(unit) else { return .undefined(rank: rank, donors: others) }
      (estimate, weightSquare) = chosen.answer(c, metric)
    } else {
      slopeSquare = 0
      let pull = (mean - fit) / (1 - leverage)
      withTables { means, inverses in
        for j in 0..<rank {
          let slope = means[metric * width + j] - pull * c[j] * inverses[j]
          slopeSquare += slope * slope
        }
      }
    }
    let rest = max(0, afterResiduals[metric] - errorSquare / (1 - leverage))
    let restBefore = max(0, beforeResidual - c.residual)
    let (afterDegrees, beforeDegrees) = (afterDegrees(others), beforeDegrees(others))
    return numbers(
      c, metric, estimate, weightSquare, slopeSquare, donors: others,
      afterVariance: afterDegrees > 0 ? rest / afterDegrees : .nan, afterDegrees: afterDegrees,
      beforeVariance: beforeDegrees > 0 ? restBefore / beforeDegrees : .nan)
  }

  /// The means of the path B c and of outcomes over the periods of a metric, over its scale, and the square sum of what is
  /// between them.
  private func fit(
    _ c: TargetCoordinates, _ after: OwnOutcomes, _ metric: Int
  ) -> (fit: Double, mean: Double, errorSquare: Double) {
    let (scale, periods) = (scales[metric], Double(periodCount))
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: periodCount) { values in
      values.initialize(repeating: 0)
      let values = values.baseAddress!
      pathColumns.withUnsafeBufferPointer { columns in
        for j in 0..<rank {
          let (column, own) = (columns.baseAddress! + (j * metricCount + metric) * periodCount, c[j])
          for period in 0..<periodCount { values[period] += column[period] * own }
        }
      }
      var (fit, mean, errorSquare) = (0.0, 0.0, 0.0)
      for period in 0..<periodCount {
        let own = after[period * metricCount + metric]
        // A quotient takes as long as ten products.
        let outcome = scale == 1 ? own : own / scale
        fit += values[period]
        mean += outcome
        errorSquare += (outcome - values[period]) * (outcome - values[period])
      }
      return (fit / periods, mean / periods, errorSquare)
    }
  }

  /// In the units of the metric.
  @inline(__always) private func numbers(
    _ c: TargetCoordinates, _ metric: Int, _ estimate: Double, _ weightSquare: Double, _ slopeSquare: Double,
    donors: Int, afterVariance: Double, afterDegrees: Double, beforeVariance: Double
  ) -> CellNumbers {
    let (scale, degrees) = (scales[metric], Double(c.observed - rank))
    return CellNumbers(
      estimate: scale * estimate, weightSquare: weightSquare, slopeSquare: slopeSquare,
      targetVariance: degrees > 0 ? scale * scale * c.residual / degrees : .nan,
      afterVariance: scale * scale * afterVariance, beforeVariance: scale * scale * beforeVariance,
      targetDegrees: degrees, afterDegrees: afterDegrees,
      preRMSE: scale * (c.residual / Double(max(1, c.observed))).squareRoot(), periodCount: periodCount, rank: rank,
      donors: donors)
  }

  /// 1 - h of a donor, by which what the others tell of it is divided; NaN where it is all there is in some direction, of
  /// which the others tell nothing.
  private func ownShare(_ leverage: Double) -> Double { donorCount > 1 && 1 - leverage > 1e-12 ? 1 - leverage : .nan }

  /// h = c'Λ⁻¹c of the first singular vectors.
  func leverage(_ c: TargetCoordinates, _ rank: Int) -> Double {
    withTables { _, inverses in
      var sum = 0.0
      for j in 0..<rank { sum += c[j] * c[j] * inverses[j] }
      return sum
    }
  }

  /// Gives the means of the rows of B and 1 / λ, without what an array costs for each number.
  @inline(__always) private func withTables<Value>(
    _ body: (_ means: UnsafePointer<Double>, _ inverses: UnsafePointer<Double>) -> Value
  ) -> Value {
    means.values.withUnsafeBufferPointer { means in
      inverses.withUnsafeBufferPointer { body(means.baseAddress!, $0.baseAddress!) }
    }
  }

  /// A row of B times c.
  @inline(__always) private func fitted(_ c: TargetCoordinates, _ cell: Int) -> Double {
    path.values.withUnsafeBufferPointer { path in
      var sum = 0.0
      for j in 0..<rank { sum += path[cell * width + j] * c[j] }
      return sum
    }
  }

  /// Outcomes after, by cell in their own units; with `own` those that the other donors give a donor.
  func outcomes(_ c: TargetCoordinates, own: (after: OwnOutcomes, unit: Int)? = nil) -> [Double] {
    if let choice {
      let chosen: DonorChoice? = if let own { choice.without(own.unit) } else { choice }
      guard let chosen else { return Array(repeating: .nan, count: path.rows) }
      return (0..<path.rows).map { scales[$0 % metricCount] * chosen.outcome(c, $0) }
    }
    let leverage = own == nil ? 0 : leverage(c, rank)
    return (0..<path.rows).map { cell in
      let fitted = scales[cell % metricCount] * fitted(c, cell)
      guard let own else { return fitted }
      return (fitted - leverage * own.after[cell]) / ownShare(leverage)
    }
  }

  /// The estimates of principal component regression of ranks 1, 2, … in the units of a metric.
  func rankPath(_ c: TargetCoordinates, metric: Int, own: OwnOutcomes? = nil) -> [Double] {
    let mean = own.map { own in
      (0..<periodCount).reduce(0) { $0 + own[$1 * metricCount + metric] } / Double(periodCount)
    }
    var (sum, leverage) = (0.0, 0.0)
    return (0..<min(width, Self.pathLength)).map { j in
      sum += scales[metric] * means[metric, j] * c[j]
      leverage += c[j] * c[j] * inverses[j]
      return mean.map { (sum - leverage * $0) / ownShare(leverage) } ?? sum
    }
  }

  /// The vector a [p] with weights w_j = a'x_j, of principal component regression; with `own` among the other donors.
  func weightForm(_ c: TargetCoordinates, isOwn: Bool) -> [Double] {
    let factor = isOwn ? 1 / ownShare(leverage(c, rank)) : 1
    return withTables { _, inverses in
      mapBasis { row, scale in
        var sum = 0.0
        for j in 0..<rank { sum += row[j] * c[j] * inverses[j] }
        return sum * factor / scale
      }
    }
  }

  /// U U'y in own units.
  func fitted(_ c: TargetCoordinates) -> [Double] {
    mapBasis { row, scale in
      var sum = 0.0
      for j in 0..<rank { sum += row[j] * c[j] }
      return scale * sum
    }
  }

  /// A number for each row of U and the scale of its metric.
  @inline(__always) private func mapBasis(
    _ number: (_ row: UnsafePointer<Double>, _ scale: Double) -> Double
  ) -> [Double] {
    basis.values.withUnsafeBufferPointer { basis in
      scales.withUnsafeBufferPointer { scales in
        var numbers = [Double](repeating: 0, count: beforeCount)
        for first in stride(from: 0, to: beforeCount, by: metricCount) {
          for metric in 0..<metricCount {
            numbers[first + metric] = number(basis.baseAddress! + (first + metric) * width, scales[metric])
          }
        }
        return numbers
      }
    }
  }

  /// |b_t|² by cell after, b_t the row of B; with `own` that of the other donors.
  func pathSlopes(_ c: TargetCoordinates, own: OwnOutcomes? = nil) -> [Double] {
    let leverage = own == nil ? 0 : leverage(c, rank)
    return (0..<path.rows).map { cell in
      let pull = own.map { ($0[cell] / scales[cell % metricCount] - fitted(c, cell)) / ownShare(leverage) } ?? 0
      return (0..<rank).reduce(0) { sum, j in
        let slope = path[cell, j] - pull * c[j] * inverses[j]
        return sum + slope * slope
      }
    }
  }

  /// U b, b = S⁻¹V'z̄, the gradient of θ in the target's outcomes before, both over scales.
  func gradient(_ c: TargetCoordinates, metric: Int, own: OwnOutcomes? = nil) -> [Double] {
    var slopes = (0..<rank).map { means[metric, $0] }
    if let own {
      let mean =
        (0..<periodCount).reduce(0) { $0 + own[$1 * metricCount + metric] } / Double(periodCount) / scales[metric]
      let fitted = (0..<rank).reduce(0) { $0 + means[metric, $1] * c[$1] }
      let pull = (mean - fitted) / ownShare(leverage(c, rank))
      for j in 0..<rank { slopes[j] -= pull * c[j] * inverses[j] }
    }
    return slopes.withUnsafeBufferPointer { slopes in
      mapBasis { row, _ in
        var sum = 0.0
        for j in 0..<rank { sum += row[j] * slopes[j] }
        return sum
      }
    }
  }

  /// The residual |(I - UU')y|² from |y|² and coordinates.
  @inline(__always) func residual(square: Double, _ c: UnsafePointer<Double>) -> Double {
    var rest = square
    for j in 0..<rank { rest -= c[j] * c[j] }
    return rest > Self.rounding * square ? rest : 0
  }

  /// |y|² over scales, from the square sums of the metrics.
  @inline(__always) func square(_ ofMetric: (Int) -> Double) -> Double {
    scales.withUnsafeBufferPointer { scales in
      var square = 0.0
      for metric in scales.indices { square += ofMetric(metric) / (scales[metric] * scales[metric]) }
      return square
    }
  }

  /// Coordinates of outcomes before, given whole.
  func withCoordinates<Value>(_ before: [Double], _ body: (TargetCoordinates) throws -> Value) rethrows -> Value {
    let (values, square) = coordinates(before)
    return try values.withUnsafeBufferPointer { values in
      let c = values.baseAddress!
      return try body(
        TargetCoordinates(values: c, residual: residual(square: square, c), observed: beforeCount))
    }
  }
}
