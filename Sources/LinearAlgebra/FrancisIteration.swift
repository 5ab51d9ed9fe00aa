/// Francis's double-shift QR iteration on a Hessenberg matrix, which splits off eigenvalues one or two at a time.
struct FrancisIteration {
  /// Steps for one eigenvalue before the iteration is given up.
  private static let mostSteps = 60
  /// Steps after which a shift that leads nowhere is replaced.
  private static let exceptionalSteps: Set<Int> = [10, 20, 30, 40, 50]

  private var h: Matrix
  private let norm: Double
  /// What was subtracted from the diagonal by exceptional shifts.
  private var shift = 0.0
  private(set) var values: [(real: Double, imaginary: Double)] = []

  init(_ hessenberg: Matrix) {
    h = hessenberg
    norm = hessenberg.values.reduce(0) { $0 + abs($1) }
  }

  /// Whether all eigenvalues were found.
  mutating func run() -> Bool {
    var end = h.rows - 1
    var steps = 0
    while end >= 0 {
      let start = blockStart(end)
      if start == end {
        values.append((h[end, end] + shift, 0))
        (end, steps) = (end - 1, 0)
      } else if start == end - 1 {
        splitPair(end)
        (end, steps) = (end - 2, 0)
      } else {
        guard steps < Self.mostSteps else { return false }
        step(start, end, isExceptional: Self.exceptionalSteps.contains(steps))
        steps += 1
      }
    }
    return true
  }

  /// The first row of the block that ends in `end`: a subdiagonal entry that is nothing beside its neighbours cuts it off.
  private func blockStart(_ end: Int) -> Int {
    var row = end
    while row > 0 {
      var size = abs(h[row - 1, row - 1]) + abs(h[row, row])
      if size == 0 { size = norm }
      if abs(h[row, row - 1]) < Double.ulpOfOne * size || h[row, row - 1] == 0 { break }
      row -= 1
    }
    return row
  }

  /// The eigenvalues of the last two rows.
  private mutating func splitPair(_ end: Int) {
    let product = h[end, end - 1] * h[end - 1, end]
    let half = (h[end - 1, end - 1] - h[end, end]) / 2
    let discriminant = half * half + product
    let root = abs(discriminant).squareRoot()
    let corner = h[end, end] + shift
    guard discriminant >= 0 else {
      values += [(corner + half, root), (corner + half, -root)]
      return
    }
    let far = half >= 0 ? half + root : half - root
    values += [(corner + far, 0), (far == 0 ? corner : corner - product / far, 0)]
  }

  /// One double step on the rows `start ... end`.
  private mutating func step(_ start: Int, _ end: Int, isExceptional: Bool) {
    var (x, y) = (h[end, end], h[end - 1, end - 1])
    var w = h[end, end - 1] * h[end - 1, end]
    if isExceptional {
      shift += x
      for i in 0...end { h[i, i] -= x }
      let size = abs(h[end, end - 1]) + abs(h[end - 1, end - 2])
      (x, y, w) = (0.75 * size, 0.75 * size, -0.4375 * size * size)
    }
    // The first column of the product of both shifts, from the lowest row where it may begin.
    var first = end - 2
    var bulge = SIMD3<Double>.zero
    while true {
      let z = h[first, first]
      let (r, s) = (x - z, y - z)
      bulge = SIMD3(
        (r * s - w) / h[first + 1, first] + h[first, first + 1], h[first + 1, first + 1] - z - r - s,
        h[first + 2, first + 1])
      bulge /= abs(bulge.x) + abs(bulge.y) + abs(bulge.z)
      if first == start { break }
      let before = abs(h[first, first - 1]) * (abs(bulge.y) + abs(bulge.z))
      let around = abs(h[first - 1, first - 1]) + abs(z) + abs(h[first + 1, first + 1])
      if before < Double.ulpOfOne * abs(bulge.x) * around { break }
      first -= 1
    }
    for i in first + 2...end {
      h[i, i - 2] = 0
      if i > first + 2 { h[i, i - 3] = 0 }
    }
    chase(bulge, from: first, start, end)
  }

  /// Chases the bulge down by reflections of three rows, and of two at the end.
  private mutating func chase(_ bulge: SIMD3<Double>, from first: Int, _ start: Int, _ end: Int) {
    var v = bulge
    for k in first..<end {
      let isLast = k == end - 1
      var size = 1.0
      if k != first {
        v = SIMD3(h[k, k - 1], h[k + 1, k - 1], isLast ? 0 : h[k + 2, k - 1])
        size = abs(v.x) + abs(v.y) + abs(v.z)
        guard size > 0 else { continue }
        v /= size
      } else if isLast {
        v.z = 0
      }
      var length = (v.x * v.x + v.y * v.y + v.z * v.z).squareRoot()
      if v.x < 0 { length = -length }
      guard length != 0 else { continue }
      if k != first { h[k, k - 1] = -length * size } else if start != first { h[k, k - 1] = -h[k, k - 1] }
      let head = v.x + length
      let left = SIMD3(head / length, v.y / length, v.z / length)
      let right = SIMD3(1, v.y / head, v.z / head)
      reflect(k, left, right, isLast, lastRow: min(end, k + 3))
    }
  }

  /// Applies I - left right' to rows k, k+1, k+2 from the left, and its transpose to the columns from the right.
  private mutating func reflect(
    _ k: Int, _ left: SIMD3<Double>, _ right: SIMD3<Double>, _ isLast: Bool, lastRow: Int
  ) {
    for j in k..<h.columns {
      let sum = h[k, j] + right.y * h[k + 1, j] + (isLast ? 0 : right.z * h[k + 2, j])
      h[k, j] -= sum * left.x
      h[k + 1, j] -= sum * left.y
      if !isLast { h[k + 2, j] -= sum * left.z }
    }
    for i in 0...lastRow {
      let sum = left.x * h[i, k] + left.y * h[i, k + 1] + (isLast ? 0 : left.z * h[i, k + 2])
      h[i, k] -= sum
      h[i, k + 1] -= sum * right.y
      if !isLast { h[i, k + 2] -= sum * right.z }
    }
  }
}
