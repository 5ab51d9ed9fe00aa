import Diagnostics
import Storage

/// The results of a sweep as one table, in three formats.
///
/// `sweep.jsonl` has one JSON object per cell; `sweep.csv` one line, empty where a value is undefined; `sweep.h5` one
/// dataset per column, with NaN, or -1 in columns of integers, where a value is undefined. Cells are in the order of the
/// grid.
public struct SweepFiles {
  private enum Column {
    case text([String])
    case integers([Int?])
    case seeds([UInt64])
    case numbers([Double?])
  }

  static let encodingType = "giv-sweep"
  static let encodingVersion = "1.0.0"

  private let results: [SweepResult]

  public init(_ results: [SweepResult]) { self.results = results }

  /// Writes the three files, replacing those of the same sweep.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(toFolder folder: String) throws {
    try AtomicFile.save([UInt8](try jsonLines().utf8), to: "\(folder)/sweep.jsonl", force: true)
    try AtomicFile.save([UInt8](csv.utf8), to: "\(folder)/sweep.csv", force: true)
    let target = try AtomicFile("\(folder)/sweep.h5", force: true)
    let file = try HDF5File.create(target.temporaryPath, named: "\(folder)/sweep.h5")
    try file.setAttribute("encoding-type", .string(Self.encodingType))
    try file.setAttribute("encoding-version", .string(Self.encodingVersion))
    for (name, column) in columns {
      switch column {
      case .text(let values): try file.write(values, to: name)
      case .integers(let values): try file.write(values.map { Int64($0 ?? -1) }, to: name)
      case .seeds(let values): try file.write(values, to: name)
      case .numbers(let values): try file.write(values.map { $0 ?? .nan }, to: name)
      }
    }
    try file.close()
    try target.commit()
  }

  private func jsonLines() throws -> String {
    try results.map { try jsonText($0) + "\n" }.joined()
  }

  private var csv: String {
    let columns = columns
    let lines = results.indices.map { row in
      columns.map { column in
        switch column.values {
        case .text(let values): quoted(values[row])
        case .integers(let values): values[row].map(String.init) ?? ""
        case .seeds(let values): "\(values[row])"
        case .numbers(let values): values[row].map { "\($0)" } ?? ""
        }
      }.joined(separator: ",")
    }
    return ([columns.map(\.name).joined(separator: ",")] + lines).map { $0 + "\n" }.joined()
  }

  private func quoted(_ text: String) -> String {
    text.contains { ",\"\n".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }

  private var columns: [(name: String, values: Column)] {
    func text(_ value: (SweepResult) -> String?) -> Column { .text(results.map { value($0) ?? "" }) }
    func integers(_ value: (SweepResult) -> Int?) -> Column { .integers(results.map(value)) }
    func numbers(_ value: (SweepResult) -> Double?) -> Column { .numbers(results.map(value)) }
    return [
      ("groups", integers { $0.cell.groups }),
      ("representation", text { $0.cell.representation.rawValue }),
      ("distribution", text { $0.cell.distribution.rawValue }),
      ("lambda", numbers(\.cell.lambda)),
      ("seed", .seeds(results.map(\.cell.seed))),
      ("form", text { $0.form?.rawValue }),
      ("logLikelihood", numbers(\.logLikelihood)),
      ("parameterCount", integers(\.parameterCount)),
      ("bic", numbers(\.bic)),
      ("icl", numbers(\.icl)),
      ("entropy", numbers(\.entropy)),
      ("heldOutLogLikelihood", numbers(\.heldOutLogLikelihood)),
      ("mmd", numbers(\.mmd)),
      ("agreement", numbers(\.agreement)),
      ("likelihoodRatio", numbers { $0.likelihoodRatioTest?.ratio }),
      ("pValue", numbers { $0.likelihoodRatioTest?.pValue }),
      ("converged", integers { $0.converged.map { $0 ? 1 : 0 } }),
      ("accuracy", numbers(\.accuracy)),
      ("seconds", numbers(\.seconds)),
      ("modelDigest", text(\.modelDigest)),
      ("failure", text { $0.failure?.message }),
    ]
  }
}
