import LinearAlgebra

/// Which variables of a graph are numbers in rows that are drawn, and how many each has.
package struct RowLayout: Sendable, Equatable {
  /// The numbers that a variable has in a row; 0 for a category.
  package let widths: [Int]
  /// The first column of each among those of all numbers.
  fileprivate let firsts: [Int]

  package init(widths: [Int]) {
    self.widths = widths
    firsts = widths.reduce(into: [0]) { $0.append($0.last! + $1) }
  }

  /// Variables all of which are categories.
  package init(categories count: Int) { self.init(widths: Array(repeating: 0, count: count)) }

  fileprivate var numberCount: Int { firsts.last! }
}

/// The values of all variables of a graph in some rows, variable by variable: levels of categories, and numbers.
package struct RowBlock: Sendable {
  /// Rows of a block at most: the columns stay in a near cache.
  package static let length = 1024

  package let layout: RowLayout
  package private(set) var rowCount = 0
  let stride = Kernel.paddedCount(length)
  /// Whole columns of ``length`` rows; those past the last row have levels too.
  var levels: [Int32]
  /// The columns of numbers in the same way.
  private var numbers: [Double]
  /// The numbers of the rows, which their random numbers belong to.
  private(set) var rows: [Int64]
  /// A place for random words.
  var words: [UInt32]

  package init(_ layout: RowLayout) {
    self.layout = layout
    levels = Array(repeating: 0, count: layout.widths.count * Kernel.paddedCount(Self.length))
    numbers = Array(repeating: 0, count: layout.numberCount * Kernel.paddedCount(Self.length))
    rows = Array(repeating: 0, count: Kernel.paddedCount(Self.length))
    words = Array(repeating: 0, count: 4 * Kernel.paddedCount(Self.length))
  }

  /// Takes consecutive rows.
  ///
  /// - Precondition: there are ``length`` at most.
  package mutating func take(_ range: Range<Int>) {
    precondition(range.count <= Self.length)
    rowCount = range.count
    for (index, row) in range.enumerated() { rows[index] = Int64(row) }
  }

  /// Takes some of the rows of another block, with all their values.
  mutating func take(_ own: [Int], of other: RowBlock) {
    rowCount = own.count
    for (index, row) in own.enumerated() { rows[index] = other.rows[row] }
    for start in Swift.stride(from: 0, to: levels.count, by: stride) {
      for (index, row) in own.enumerated() { levels[start + index] = other.levels[start + row] }
    }
    for start in Swift.stride(from: 0, to: numbers.count, by: stride) {
      for (index, row) in own.enumerated() { numbers[start + index] = other.numbers[start + row] }
    }
  }

  /// Puts the values of some of its rows where they belong in another block.
  func put(_ own: [Int], rows: [Int], into other: inout RowBlock) {
    for start in Swift.stride(from: 0, to: levels.count, by: stride) {
      for (index, row) in zip(own, rows) { other.levels[start + row] = levels[start + index] }
    }
    for start in Swift.stride(from: 0, to: numbers.count, by: stride) {
      for (index, row) in zip(own, rows) { other.numbers[start + row] = numbers[start + index] }
    }
  }

  /// Sets a category to the same level in all rows.
  package mutating func set(_ variable: Int, to level: Int) {
    for index in variable * stride..<(variable + 1) * stride { levels[index] = Int32(level) }
  }

  /// The level of a category in a row.
  package subscript(_ variable: Int, row: Int) -> Int32 {
    get { levels[variable * stride + row] }
    set { levels[variable * stride + row] = newValue }
  }

  /// One of the numbers of a variable in a row.
  package subscript(_ variable: Int, component component: Int, row: Int) -> Double {
    get { numbers[(layout.firsts[variable] + component) * stride + row] }
    set { numbers[(layout.firsts[variable] + component) * stride + row] = newValue }
  }

  /// The levels of a category in all rows.
  package func levels(of variable: Int) -> ArraySlice<Int32> {
    levels[variable * stride..<variable * stride + rowCount]
  }

  /// One of the numbers of a variable in all rows.
  package func numbers(of variable: Int, component: Int) -> ArraySlice<Double> {
    let first = (layout.firsts[variable] + component) * stride
    return numbers[first..<first + rowCount]
  }

  /// The columns of a variable as numbers: its own, or that of its levels.
  func width(of variable: Int) -> Int { max(1, layout.widths[variable]) }

  /// Copies some rows of a column of a variable, levels as numbers.
  func copy(_ variable: Int, component: Int, rows: Range<Int>, to target: UnsafeMutablePointer<Double>) {
    guard layout.widths[variable] == 0 else {
      let first = (layout.firsts[variable] + component) * stride
      for (index, row) in rows.enumerated() { target[index] = numbers[first + row] }
      return
    }
    for (index, row) in rows.enumerated() { target[index] = Double(levels[variable * stride + row]) }
  }
}
