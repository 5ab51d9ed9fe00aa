/// How well found labels agree with true ones, from their confusion matrix.
public struct Agreement: Sendable, Equatable, Codable {
  /// Rows by true label (row) and found label (column).
  public let confusion: [[Int]]
  /// The share of rows whose label is right under the best one-to-one matching of labels.
  public let accuracy: Double
  /// Hubert and Arabie (1985): 1 for equal partitions, 0 expected by chance.
  public let adjustedRandIndex: Double
  /// The true label that each found label is matched to, where there is one.
  public let matching: [Int?]

  /// - Parameter confusion: counts [true labels][found labels].
  public init(confusion: [[Int]]) {
    self.confusion = confusion
    let total = confusion.joined().reduce(0, +)
    let found = confusion.first?.count ?? 0
    let order = max(confusion.count, found)
    // A square cost matrix: unmatched labels cost nothing.
    let costs = (0..<order).map { column in
      (0..<order).map { row in row < confusion.count && column < found ? -Double(confusion[row][column]) : 0 }
    }
    let assigned = minimumCostAssignment(costs)
    matching = (0..<found).map { assigned[$0] < confusion.count ? assigned[$0] : nil }
    let right = zip(matching, 0...).reduce(0) { sum, pair in
      sum + (pair.0.map { confusion[$0][pair.1] } ?? 0)
    }
    accuracy = total == 0 ? 0 : Double(right) / Double(total)
    adjustedRandIndex = Self.adjustedRand(confusion, total: total)
  }

  private static func adjustedRand(_ confusion: [[Int]], total: Int) -> Double {
    func pairs(_ count: Int) -> Double { Double(count) * Double(count - 1) / 2 }
    let cells = confusion.joined().reduce(0) { $0 + pairs($1) }
    let rows = confusion.reduce(0) { $0 + pairs($1.reduce(0, +)) }
    let columns = (0..<(confusion.first?.count ?? 0)).reduce(0) { sum, column in
      sum + pairs(confusion.reduce(0) { $0 + $1[column] })
    }
    let expected = total < 2 ? 0 : rows * columns / pairs(total)
    let largest = (rows + columns) / 2
    // Both partitions trivial: they agree.
    return largest == expected ? 1 : (cells - expected) / (largest - expected)
  }
}

/// The column of each row in the assignment of least total cost (Kuhn 1955; the O(n³) form with potentials of Jonker
/// and Volgenant 1987).
///
/// - Parameter costs: a square matrix.
package func minimumCostAssignment(_ costs: [[Double]]) -> [Int] {
  let n = costs.count
  var rowPotential = Array(repeating: 0.0, count: n + 1)
  var columnPotential = Array(repeating: 0.0, count: n + 1)
  // Column n is a virtual one, where each new row begins its search.
  var rowOfColumn = Array(repeating: -1, count: n + 1)
  for row in 0..<n {
    rowOfColumn[n] = row
    var column = n
    var slack = Array(repeating: Double.infinity, count: n)
    var previous = Array(repeating: n, count: n)
    var isVisited = Array(repeating: false, count: n + 1)
    repeat {
      isVisited[column] = true
      let current = rowOfColumn[column]
      var next = -1
      for j in 0..<n where !isVisited[j] {
        let reduced = costs[current][j] - rowPotential[current] - columnPotential[j]
        if reduced < slack[j] {
          slack[j] = reduced
          previous[j] = column
        }
        if next < 0 || slack[j] < slack[next] { next = j }
      }
      let delta = slack[next]
      for j in 0...n {
        if isVisited[j] {
          rowPotential[rowOfColumn[j]] += delta
          columnPotential[j] -= delta
        } else if j < n {
          slack[j] -= delta
        }
      }
      column = next
    } while rowOfColumn[column] >= 0
    while column != n {
      rowOfColumn[column] = rowOfColumn[previous[column]]
      column = previous[column]
    }
  }
  var columnOfRow = Array(repeating: 0, count: n)
  for column in 0..<n { columnOfRow[rowOfColumn[column]] = column }
  return columnOfRow
}
