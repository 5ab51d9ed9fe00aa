import Diagnostics
import Frames

/// How a row of x in the coding of its file becomes a row in another: indicators are found by the names of levels.
struct CovariateConversion: Sendable {
  private enum Cell {
    case column(Int)
    /// The file has no such level.
    case absent
    /// The file's reference: where all its indicators, which are these columns, are 0.
    case reference(Range<Int>)
  }

  /// The columns of the file, for messages.
  let columns: [Column]
  private let cells: [Cell]
  private let isIndicator: [Bool]

  /// - Parameters:
  ///   - own: the covariates of the file.
  ///   - target: those of the rows to be: the same with all levels of the file and perhaps more.
  /// - Returns: nil when there is nothing to convert.
  init?(from own: [Covariate], to target: [Covariate]) {
    guard own != target else { return nil }
    columns = own.flatMap(\.columnNames).map { Column($0, .covariate) }
    isIndicator = own.flatMap { covariate in covariate.columnNames.map { _ in covariate.levels != nil } }
    var start = 0
    cells = zip(own, target).flatMap { own, target -> [Cell] in
      let indicators = start..<start + own.columnNames.count
      start = indicators.upperBound
      guard let levels = own.levels, let all = target.levels else { return indicators.map(Cell.column) }
      let places = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, $0) })
      return all.dropFirst().map { level in
        switch places[level] {
        case nil: .absent
        case 0?: .reference(indicators)
        case let place?: .column(indicators.lowerBound + place - 1)
        }
      }
    }
  }

  /// The place of the first value that should be an indicator and is neither 0 nor 1.
  func firstInvalid(_ values: UnsafeBufferPointer<Double>) -> Int? {
    let width = columns.count
    return values.indices.first { isIndicator[$0 % width] && values[$0] != 0 && values[$0] != 1 }
  }

  /// Converts rows, row-major.
  func convert(_ values: UnsafeBufferPointer<Double>, into target: UnsafeMutableBufferPointer<Double>) {
    let width = columns.count
    for row in 0..<target.count / max(cells.count, 1) {
      let (source, start) = (row * width, row * cells.count)
      for (index, cell) in cells.enumerated() {
        target[start + index] =
          switch cell {
          case .column(let column): values[source + column]
          case .absent: 0
          case .reference(let indicators): indicators.contains { values[source + $0] != 0 } ? 0 : 1
          }
      }
    }
  }
}
