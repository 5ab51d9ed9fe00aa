import Communication
import Frames
import LinearAlgebra

/// What conditioning says: the mean of a number, or the share of a level, in rows whose values are near those asked for.
///
/// E[y | x = x₀] is the constant of a linear regression on x - x₀ with weights Π φ((x_j - x₀j) / h_j), h_j = 1.06 s_j n^(-1/(4 + d))
/// over the d numbers asked for, among the rows that have the levels asked for (Fan and Gijbels, 1996).
struct LocalMeans {
  /// Standard deviations of a kernel beyond which rows weigh nothing.
  private static let reach = 5.0

  /// A column that is averaged.
  enum Target {
    case level(Int, of: Int)
    case number(of: Int)
  }

  /// For each question those of the targets; nil where there are no rows.
  let means: [[Double?]]
  /// Kish's number of rows that weigh as much, (Σ w)² / Σ w².
  let effectiveRows: [Double]

  init(means: [[Double?]], effectiveRows: [Double]) { (self.means, self.effectiveRows) = (means, effectiveRows) }

  /// One pass. Collective.
  ///
  /// - Parameter questions: values by places in the graph, of the same variables in each.
  init(
    _ targets: [Target], at questions: [[Int: InterventionSettings.Value]], _ variables: GraphVariables, _ frame: Frame
  ) throws {
    let places = questions[0].keys.sorted()
    let numbers = places.filter { !variables.isCategory($0) }
    let count = Double(frame.rows.rowCount)
    let widths = numbers.map { place in
      1.06 * variables.numbers[place]!.standardization.deviations[0]
        * Elementary.exp(-Elementary.log(count) / Double(4 + numbers.count))
    }
    // Of each question the products of (1, differences), those with each target, and the sum of squared weights.
    let order = 1 + numbers.count
    let size = order * order + order * targets.count + 1
    let sums = try frame.rows.sum([Double](repeating: 0, count: questions.count * size)) { partial, chunk in
      let readers = try places.reduce(into: [:]) { $0[$1] = try variables.columns[$1].readers(frame, chunk: chunk)[0] }
      let outcomes = try targets.map { target -> (Int) -> Double in
        switch target {
        case .number(let place): return try variables.columns[place].readers(frame, chunk: chunk)[0]
        case .level(let level, let place):
          let (value, read) = (
            variables.levels[place][level], try variables.columns[place].readers(frame, chunk: chunk)[0]
          )
          return { read($0) == value ? 1 : 0 }
        }
      }
      var row = [Double](repeating: 1, count: order)
      for index in 0..<frame.rowCount(ofChunk: chunk) {
        questions: for (question, values) in questions.enumerated() {
          var square = 0.0
          for place in places {
            let value = readers[place]!(index)
            switch values[place]! {
            case .level(let level): if variables.levels[place][level] != value { continue questions }
            case .number(let number):
              let j = numbers.firstIndex(of: place)!
              row[1 + j] = (value - number) / widths[j]
              square += row[1 + j] * row[1 + j]
            }
          }
          guard square < Self.reach * Self.reach else { continue }
          let weight = Elementary.exp(-square / 2)
          var slot = question * size
          for i in 0..<order {
            for j in 0..<order {
              partial[slot] += weight * row[i] * row[j]
              slot += 1
            }
          }
          for outcome in outcomes {
            let value = outcome(index)
            for i in 0..<order {
              partial[slot] += weight * row[i] * value
              slot += 1
            }
          }
          partial[slot] += weight * weight
        }
      }
    }
    var (means, effectiveRows): ([[Double?]], [Double]) = ([], [])
    for question in questions.indices {
      let own = Array(sums[question * size..<(question + 1) * size])
      var products = Matrix(rows: order, columns: order)
      for i in 0..<order { for j in 0..<order { products[i, j] = own[i * order + j] } }
      let factor = try? Cholesky(products)
      means.append(
        targets.indices.map { target in
          guard own[0] > 0 else { return nil }
          let right = Array(own[order * order + target * order..<order * order + (target + 1) * order])
          let mean = factor?.solve(right)[0] ?? right[0] / own[0]
          if case .level = targets[target] { return min(1, max(0, mean)) }
          return mean
        })
      effectiveRows.append(own[size - 1] > 0 ? own[0] * own[0] / own[size - 1] : 0)
    }
    (self.means, self.effectiveRows) = (means, effectiveRows)
  }
}
