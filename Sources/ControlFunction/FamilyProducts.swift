import Communication
import LinearAlgebra

/// Where the sums Σ_i W_fg(i) c c' stand for all pairs of families f and g of parameters, W a symmetric matrix of numbers of
/// each row and c the columns of the families.
///
/// Columns of all families are the first of φ: of b all of them, of wide families those of ρ, and of others the constant. So
/// two wide families take a triangle of ρρ', though each has parameters of its own; b with a wide one takes that too, and
/// the products of ρ with the columns that are in φ alone. Of p columns φ, r of them ρ, and R wide families a row takes about
/// p²/2 + R (R + 3) r²/4 + R r (p - r) multiplications.
struct FamilyProducts {
  /// The pairs of columns of ρ: of b and wide families but b with itself.
  private let pairs: [(Int, Int)]
  private let families: [ScoreFamily]
  private let wide: [Int]
  private let narrow: [Int]
  private let parameterCount: Int
  /// p and r.
  private let shared: Int
  private let selection: Int

  /// φφ'.
  private let outcome: PackedVector
  /// ρρ' of each pair.
  private let triangles: PackedTable
  /// Of b and each wide family, φ_j ρ' of the columns that are not in ρ.
  private let rest: PackedTable
  /// Of b, and of each wide family, with the narrow ones.
  private let outcomeNarrow: PackedTable
  private let wideNarrow: PackedTable
  /// Of each narrow family, with itself and those behind it.
  private let narrows: [PackedVector]

  init(_ parameters: JointParameters, packing: inout Packing) {
    families = parameters.families
    (shared, selection, parameterCount) = (parameters.shared, parameters.selection, parameters.count)
    let widths = families.map(\.width)
    wide = widths.indices.dropFirst().filter { widths[$0] > 1 }
    let narrow = widths.indices.dropFirst().filter { widths[$0] == 1 }
    self.narrow = narrow
    let lead = [0] + wide
    pairs = lead.indices.flatMap { i in lead[i...].map { (lead[i], $0) } }.filter { $0 != (0, 0) }
    outcome = packing.vector(PackedTriangle.count(order: shared))
    triangles = packing.table(pairs.count, PackedTriangle.count(order: selection))
    rest = packing.table(wide.count, (shared - selection) * selection)
    outcomeNarrow = packing.table(shared, narrow.count)
    wideNarrow = packing.table(wide.count, selection * narrow.count)
    narrows = narrow.indices.map { packing.vector(narrow.count - $0) }
  }

  /// Adds a chunk.
  ///
  /// - Parameter weights: writes W of two families, the first of them no later in their order.
  func add(
    _ rows: ScoreRows, to sums: inout [Double],
    weights: (_ f: Int, _ g: Int, _ target: UnsafeMutablePointer<Double>) -> Void
  ) {
    let (stride, columns) = (rows.stride, rows.regressors.pointer)
    let numbers = AlignedBuffer(count: max(pairs.count, selection, narrow.count, 1) * stride)
    func fill(_ pairs: [(Int, Int)]) {
      for (place, pair) in pairs.enumerated() {
        weights(min(pair.0, pair.1), max(pair.0, pair.1), numbers.pointer + place * stride)
      }
    }
    sums.withUnsafeMutableBufferPointer { sums in
      func addGrams(_ columnCount: Int, groups: Int, at start: Int) {
        Kernel.addWeightedGram(
          of: Kernel.Block(columns: rows.block.columns, columnCount: columnCount, rowCount: rows.block.rowCount),
          weights: numbers.pointer, groupCount: groups, stride: stride, to: sums.baseAddress! + start)
      }
      func addProducts(_ regressors: Range<Int>, _ count: Int, at start: Int) {
        rows.addProducts(
          of: columns + regressors.lowerBound * stride, regressors.count, with: numbers.pointer, count,
          to: sums.baseAddress! + start)
      }
      fill([(0, 0)])
      addGrams(shared, groups: 1, at: outcome[0])
      fill(pairs)
      addGrams(selection, groups: pairs.count, at: triangles.start)
      for (place, f) in wide.enumerated() where shared > selection {
        fill([(0, f)])
        // From the last one on: the first overwrites W.
        for j in (0..<selection).reversed() {
          let (target, values) = (numbers.pointer + j * stride, columns + j * stride)
          for row in 0..<rows.block.rowCount { target[row] = numbers.pointer[row] * values[row] }
        }
        addProducts(selection..<shared, selection, at: rest[place, 0])
      }
      guard !narrow.isEmpty else { return }
      fill(narrow.map { (0, $0) })
      addProducts(0..<shared, narrow.count, at: outcomeNarrow.start)
      for (place, f) in wide.enumerated() {
        fill(narrow.map { (f, $0) })
        addProducts(0..<selection, narrow.count, at: wideNarrow[place, 0])
      }
      for (place, f) in narrow.enumerated() {
        fill(narrow[place...].map { (f, $0) })
        addProducts(0..<1, narrow.count - place, at: narrows[place][0])
      }
    }
  }

  /// The symmetric matrix in all parameters.
  func matrix(_ sums: [Double]) -> Matrix {
    var result = Matrix(rows: parameterCount, columns: parameterCount)
    func set(_ i: Int, _ j: Int, _ value: Double) { (result[i, j], result[j, i]) = (value, value) }
    func setTriangle(_ places: Range<Int>, order: Int, _ f: Int, _ g: Int) {
      let own = Matrix(packedTriangle: sums[places], order: order)
      for a in 0..<order {
        for b in 0..<order { set(families[f].places.lowerBound + a, families[g].places.lowerBound + b, own[a, b]) }
      }
    }
    setTriangle(outcome.places, order: shared, 0, 0)
    for (place, (f, g)) in pairs.enumerated() { setTriangle(triangles.row(place), order: selection, f, g) }
    for (place, f) in wide.enumerated() {
      for j in selection..<shared {
        for (a, index) in families[f].places.enumerated() {
          set(j, index, sums[rest[place, (j - selection) * selection + a]])
        }
      }
      for (a, index) in families[f].places.enumerated() {
        for (b, n) in narrow.enumerated() {
          set(index, families[n].places.lowerBound, sums[wideNarrow[place, a * narrow.count + b]])
        }
      }
    }
    for (b, n) in narrow.enumerated() {
      let index = families[n].places.lowerBound
      for j in 0..<shared { set(j, index, sums[outcomeNarrow[j, b]]) }
      for (offset, other) in narrow[b...].enumerated() {
        set(index, families[other].places.lowerBound, sums[narrows[b][offset]])
      }
    }
    return result
  }
}
