import Networks

/// How variables enter a network: numbers standardised, and of a category a column for each level, the root of their number
/// where the row has it and else 0, so that such columns weigh about as much as numbers do.
struct NetworkInputs: Sendable, Codable, Equatable {
  enum Part: Sendable, Codable, Equatable {
    case category(levelCount: Int)
    case numbers(Standardization)

    /// Its columns before, and as the network has them.
    var rawWidth: Int { if case .numbers(let own) = self { own.width } else { 1 } }
    var width: Int {
      switch self {
      case .category(let levelCount): levelCount
      case .numbers(let own): own.width
      }
    }
  }

  let parts: [Part]

  init(parts: [Part]) { self.parts = parts }

  init(_ variables: [InterventionalNetwork.Variable]) {
    parts = variables.map { variable in
      variable.numbers.map { .numbers($0.standardization) } ?? .category(levelCount: variable.levels.count)
    }
  }

  /// The columns of the variables, and of what a network reads.
  var rawWidth: Int { parts.reduce(0) { $0 + $1.rawWidth } }
  var width: Int { parts.reduce(0) { $0 + $1.width } }

  /// The columns, as a network has them, of what is no vector.
  var singles: [Int] {
    var first = 0
    return parts.flatMap { part in
      defer { first += part.width }
      if case .numbers(let own) = part, own.width > 1 { return [Int]() }
      return Array(first..<first + part.width)
    }
  }

  /// Fills columns that lie ``NetworkBlock/stride`` apart from such columns of numbers and levels.
  func encode(_ raw: UnsafePointer<Double>, rowCount: Int, to target: UnsafeMutablePointer<Double>) {
    let stride = NetworkBlock.stride
    var (source, place) = (raw, target)
    for part in parts {
      switch part {
      case .category(let levelCount):
        let weight = Double(levelCount).squareRoot()
        for level in 0..<levelCount {
          let column = place + level * stride
          for row in 0..<rowCount { column[row] = source[row] == Double(level) ? weight : 0 }
        }
      case .numbers(let own):
        place.update(from: source, count: own.width * stride)
        own.standardize(place, rowCount: rowCount)
      }
      source += part.rawWidth * stride
      place += part.width * stride
    }
  }
}

/// Means of the numbers of a variable and their scale, by which networks see them.
public struct Standardization: Sendable, Codable, Equatable {
  public let means: [Double]
  /// The standard deviation; of a vector for every number the root mean square of those of all. Positive: 1 where all rows
  /// have the same numbers.
  public let deviations: [Double]

  var width: Int { means.count }

  /// Of columns that lie ``NetworkBlock/stride`` apart.
  func standardize(_ columns: UnsafeMutablePointer<Double>, rowCount: Int) {
    for component in 0..<width {
      let column = columns + component * NetworkBlock.stride
      for row in 0..<rowCount { column[row] = (column[row] - means[component]) / deviations[component] }
    }
  }

  func restore(_ value: Double, _ component: Int) -> Double { means[component] + deviations[component] * value }
}
