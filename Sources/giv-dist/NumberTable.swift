import Diagnostics
import Frames
import Import
import Storage

/// Small tables of numbers that options name: treatments of a curve, covariates at which answers are asked for.
enum NumberTable {
  /// Treatments from a file: one number a line without a header, or the column of a CSV table that is named as the
  /// treatment, or its only column.
  ///
  /// - Throws: ``Failure``: `noInput` when there is no such file; `data` that names a line which holds no number.
  static func treatments(_ path: String, column name: String) throws -> [Double] {
    let reader = try CSVReader(InputFile(path))
    guard try reader.next() else { throw Failure(.data, "\(path) is empty; give one treatment a line") }
    var values: [Double] = []
    var place = 0
    if reader.fieldCount == 1, case .number(let first) = parseNumber(reader.record[0]) {
      values.append(first)
    } else if reader.fieldCount > 1 {
      let header = try (0..<reader.fieldCount).map { try reader.text($0) }
      guard let found = header.firstIndex(of: name) else {
        throw Failure(
          .data,
          "\(path): no column is named as the treatment, '\(name)'; name it so in line \(reader.line), or give one number a "
            + "line")
      }
      place = found
    }
    let isTable = reader.fieldCount > 1
    let fieldCount = reader.fieldCount
    while try reader.next() {
      guard reader.fieldCount == fieldCount else {
        throw Failure(
          .data,
          "\(path): line \(reader.line) has \(reader.fieldCount) fields where "
            + (isTable ? "the header has \(fieldCount); give it as many" : "one number is expected; give one a line"))
      }
      values.append(try number(reader, place, what: "treatment"))
    }
    guard !values.isEmpty else { throw Failure(.data, "\(path) holds no treatment; give one number a line") }
    return Array(Set(values)).sorted()
  }

  /// Rows of covariates that a file may have.
  static let mostPlaces = 1000

  /// Rows of covariates from a CSV table whose columns are named as the covariates, in any order; categories are given by
  /// their levels.
  ///
  /// - Returns: each row as the columns of numbers that covariates become.
  /// - Throws: ``Failure``: `noInput` when there is no such file; `data` that names a column which is missing, unknown or
  ///   given twice, a line that holds no number, or an unknown level.
  static func places(_ path: String, _ covariates: [Covariate]) throws -> [[Double]] {
    let reader = try CSVReader(InputFile(path))
    let header = try CSVHeader(reader)
    let known = Set(covariates.map(\.name))
    if let other = header.names.first(where: { !$0.isEmpty && !known.contains($0) }) {
      throw Failure(
        .data,
        "\(path): column '\(other)' is no covariate; leave it out, the covariates are "
          + covariates.map { "'\($0.name)'" }.joined(separator: ", "))
    }
    let columns = try covariates.map { try header.index(of: $0.name) }
    var rows: [[Double]] = []
    while try reader.next() {
      guard rows.count < mostPlaces else {
        throw Failure(
          .data, "\(path) has more than \(mostPlaces) rows; give fewer, or have all rows of the shards with --predict")
      }
      rows.append(
        try zip(covariates, columns).flatMap { covariate, column in
          guard let levels = covariate.levels else {
            return [try number(reader, column, what: "covariate '\(covariate.name)'")]
          }
          let text = try reader.text(column)
          guard let level = levels.firstIndex(of: text) else {
            throw Failure(
              .data,
              "\(path): line \(reader.line): '\(text)' is no level of covariate '\(covariate.name)'; its levels are "
                + levels.map { "'\($0)'" }.joined(separator: ", "))
          }
          return levels.indices.dropFirst().map { $0 == level ? 1 : 0 }
        })
    }
    guard !rows.isEmpty else { throw Failure(.data, "\(path) has no row below its header; give one at least") }
    return rows
  }

  private static func number(_ reader: CSVReader, _ place: Int, what: String) throws -> Double {
    guard case .number(let value) = parseNumber(reader.record[place]) else {
      throw Failure(
        .data,
        "\(reader.path): line \(reader.line): '\(try reader.text(place))' is no number for the \(what); correct the line, "
          + "or remove it")
    }
    return value
  }
}
