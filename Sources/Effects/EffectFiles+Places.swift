import Runs
import Storage

/// The answers at given covariates: one line for each of them and each treatment of the curve.
extension EffectFiles {
  var covariateTable: ResultTable {
    let lines = result.places.enumerated().flatMap { row, place in place.curve.map { (row, place, $0) } }
    var table = ResultTable(rowCount: lines.count)
    table.add("row", .integers(lines.map(\.0)))
    for (j, name) in result.covariateNames.enumerated() { table.add("x.\(name)", .numbers(lines.map { $0.1.x[j] })) }
    table.add("average_slope", .numbers(lines.map(\.1.averageSlope.estimate)))
    table.add("average_slope.std.error", .numbers(lines.map(\.1.averageSlope.standardError)))
    for (name, values) in Self.curveColumns(lines.map(\.2)) { table.add(name, .numbers(values)) }
    return table
  }

  /// `at_x/x` [r, m], the average slopes [r] with their errors, and the columns of the curve [r, G].
  func writePlaces(to file: borrowing HDF5File) throws {
    let places = result.places
    guard let first = places.first else { return }
    try file.write(places.flatMap(\.x), shape: [places.count, first.x.count], to: "at_x/x")
    try file.setAttribute("names", .strings(result.covariateNames), of: "at_x/x")
    let slopes = places.map(\.averageSlope)
    try Self.write(
      [
        ("average_slope", slopes.map(\.estimate)), ("average_slope_error", slopes.map(\.standardError)),
        ("t", first.curve.map(\.t)),
      ], to: file, group: "at_x")
    let shape = [places.count, first.curve.count]
    for (name, values) in Self.curveColumns(places.flatMap(\.curve)) where name != "t" {
      try file.write(values.map { $0 ?? .nan }, shape: shape, to: "at_x/curve/\(name)")
    }
  }
}
