import LinearAlgebra

/// The moments of some rows of one arm: sums over these rows, with weights.
///
/// For φ_Z [dz] and φ_X [dx], and y scaled: `products[l]` is Σ w y^l φφ' [dz + dx, dz + dx] with φ = (φ_Z, φ_X); of y² only
/// the blocks of each side are in use.
struct ArmMoments: Sendable {
  var rowCount: Double
  var weight: Double
  var weightSquares: Double
  /// For y to the powers 0, 1 and 2.
  var products: [Matrix]
  let treatmentCount: Int

  static func + (first: ArmMoments, second: ArmMoments) -> ArmMoments { first.combined(second, +, +) }
  static func - (first: ArmMoments, second: ArmMoments) -> ArmMoments { first.combined(second, -, -) }

  private func combined(
    _ other: ArmMoments, _ number: (Double, Double) -> Double, _ matrix: (Matrix, Matrix) -> Matrix
  ) -> ArmMoments {
    ArmMoments(
      rowCount: number(rowCount, other.rowCount), weight: number(weight, other.weight),
      weightSquares: number(weightSquares, other.weightSquares),
      products: zip(products, other.products).map(matrix), treatmentCount: treatmentCount)
  }

  private var treatment: [Int] { Array(0..<treatmentCount) }
  private var outcome: [Int] { Array(treatmentCount..<products[0].rows) }

  /// Σ w y^power φ_Z φ_Z'.
  func treatmentProducts(_ power: Int) -> Matrix { products[power].selecting(rows: treatment, columns: treatment) }
  /// Σ w y^power φ_Z φ_X'.
  func crossProducts(_ power: Int) -> Matrix { products[power].selecting(rows: treatment, columns: outcome) }
  /// Σ w y^power φ_X φ_X'.
  func outcomeProducts(_ power: Int) -> Matrix { products[power].selecting(rows: outcome, columns: outcome) }
}

extension ProxyMoments {
  /// The moments of every arm and block of a stratum, over features in use: `[arm][block]`.
  func moments(stratum: Int) -> [[ArmMoments]] {
    groups.arms.indices.map { arm in
      (0..<groups.blocks.count).map { moments(ofGroup: groups.index(stratum: stratum, arm: arm, block: $0)) }
    }
  }

  private func moments(ofGroup group: Int) -> ArmMoments {
    let start = group * groupWidth
    let used = treatment.used + outcome.used.map { treatment.allCount + $0 }
    let first = start + Self.headCount
    let products = isTable ? productsOfTable(from: first) : productsOfTriangles(from: first)
    return ArmMoments(
      rowCount: summands[start], weight: summands[start + 1], weightSquares: summands[start + 2],
      products: products.map { $0.selecting(rows: used, columns: used) }, treatmentCount: treatment.count)
  }

  private func productsOfTable(from first: Int) -> [Matrix] {
    (0..<3).map { part in
      Self.products(
        ofTable: (0..<pairCount).map { summands[first + 3 * $0 + part] }, treatment.allCount, outcome.allCount)
    }
  }

  private func productsOfTriangles(from first: Int) -> [Matrix] {
    let counts = triangleCounts
    func triangle(_ offset: Int, _ count: Int, order: Int) -> Matrix {
      Matrix(packedTriangle: summands[first + offset..<first + offset + count], order: order)
    }
    let sides = [
      triangle(2 * counts.both, counts.treatment, order: treatment.allCount),
      triangle(2 * counts.both + counts.treatment, counts.outcome, order: outcome.allCount),
    ]
    return [
      triangle(0, counts.both, order: order), triangle(counts.both, counts.both, order: order),
      Self.diagonal(sides[0], sides[1]),
    ]
  }

  /// Two blocks and zeros.
  private static func diagonal(_ first: Matrix, _ second: Matrix) -> Matrix {
    var result = Matrix(rows: first.rows + second.rows, columns: first.rows + second.rows)
    for i in 0..<first.rows { for j in 0..<first.rows { result[i, j] = first[i, j] } }
    for i in 0..<second.rows { for j in 0..<second.rows { result[first.rows + i, first.rows + j] = second[i, j] } }
    return result
  }

  /// Σ φφ' of indicators: the table beside its margins.
  private static func products(ofTable table: [Double], _ rows: Int, _ columns: Int) -> Matrix {
    var result = Matrix(rows: rows + columns, columns: rows + columns)
    for z in 0..<rows {
      for x in 0..<columns {
        let value = table[z * columns + x]
        result[z, z] += value
        result[rows + x, rows + x] += value
        result[z, rows + x] = value
        result[rows + x, z] = value
      }
    }
    return result
  }

  /// The sum of the weights of every joint cell of both sides, over all groups.
  ///
  /// - Precondition: the features of the side are cells.
  func cellWeights(ofOutcome isOutcome: Bool) -> [Double] {
    let side = isOutcome ? outcome : treatment
    var sums = Array(repeating: 0.0, count: side.allCount)
    for group in 0..<groups.count {
      let first = group * groupWidth + Self.headCount
      for cell in 0..<side.allCount {
        if isTable {
          let others = isOutcome ? treatment.allCount : outcome.allCount
          for other in 0..<others {
            let pair = isOutcome ? other * side.allCount + cell : cell * others + other
            sums[cell] += summands[first + 3 * pair]
          }
        } else {
          let place = isOutcome ? treatment.allCount + cell : cell
          sums[cell] += summands[first + PackedTriangle.index(place, place, order: order)]
        }
      }
    }
    return sums
  }
}
