import Communication
import Diagnostics
import Frames
import Shards

/// Which rows of a collection are fitted: those that have weight and are not kept for testing. The others are not there
/// for anything but posteriors, and for the score of those that are kept for testing.
struct RowsInUse: Sendable {
  /// The rows that are fitted; nil for all.
  let fitted: RowSelection?
  /// The rows with weight that are kept for testing; nil when there are none.
  let tests: RowSelection?
  /// The column that marks these.
  let testName: String
  /// The rows of weight 0 that are not kept for testing.
  let withoutWeight: Int

  /// Reads what weights and marks there are, in one pass. Collective.
  ///
  /// - Parameters:
  ///   - rows: all of the collection.
  ///   - weights: what the weights are; nil when they are not used.
  /// - Throws: on all ranks the same ``Failure`` `data`: rows that cannot be read, frequencies that are no whole
  ///   numbers, no row left to fit.
  init(_ collection: ShardCollection, rows: DistributedRows, weights: WeightKind?, storage: FrameStorage) throws {
    var roles: Set<Role> = weights == nil ? [] : [.weight]
    if collection.roles.contains(.test) { roles.insert(.test) }
    guard !roles.isEmpty else {
      (fitted, tests, testName, withoutWeight) = (nil, nil, "", 0)
      return
    }
    let marks = try Frame.load(collection, rows: rows, roles: roles, storage: storage)
    if weights == .frequency { try Self.requireWholeNumbers(marks, collection) }
    let weighted = try RowSelection.of(rows) { chunk in
      let weight = try marks.weight(chunk: chunk)
      return (0..<marks.rowCount(ofChunk: chunk)).map { weight?[$0] != 0 }
    }
    let marked = try RowSelection.of(rows) { try marks.testMarks(chunk: $0) }
    let count = rows.rowCount
    let chosen = weighted.subtracting(marked)
    guard chosen.count > 0 else {
      throw Failure(
        .data,
        "column '\(marks.testName)' keeps every row\(weighted.count < count ? " that has weight" : "") for testing, and none "
          + "is left to fit; give the rows that are to be fitted a 0 there")
    }
    let tested = weighted.intersection(marked)
    fitted = chosen.count < count ? chosen : nil
    tests = tested.count > 0 ? tested : nil
    testName = marks.testName
    withoutWeight = count - chosen.count - marked.count
  }

  /// What the fit leaves out, for the reader of its result.
  func findings(of total: Int) -> [Finding] {
    var findings: [Finding] = []
    if withoutWeight > 0 {
      findings.append(.note(.rowsWithoutWeight, [.count: .count(withoutWeight), .total: .count(total)]))
    }
    if let tests {
      findings.append(
        .note(.testRowsLeftOut, [.column: .name(testName), .count: .count(tests.count), .total: .count(total)]))
    }
    return findings
  }

  private static func requireWholeNumbers(_ marks: Frame, _ collection: ShardCollection) throws {
    let rows = marks.rows
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        guard let weight = try marks.weight(chunk: chunk) else { return }
        for (offset, row) in rows.grid.rows(ofChunk: chunk).enumerated()
        where weight[offset] != weight[offset].rounded() {
          let place = collection.place(ofRow: row)
          throw Failure(
            .data,
            "\(place.file): row \(place.row) (counted from 0) has the weight \(weight[offset]), and frequencies are whole "
              + "numbers of equal rows; give --weights sampling for weights of other kinds")
        }
      }
    }
  }
}

extension Frame {
  /// Which rows of a chunk are kept for testing.
  fileprivate func testMarks(chunk: Int) throws -> [Bool] {
    let rows = 0..<rowCount(ofChunk: chunk)
    guard let column = columns(of: .test).first else { return rows.map { _ in false } }
    if schema.columns[column].kind.holdsCodes {
      let codes = try codes(column, chunk: chunk)
      return rows.map { codes[$0] != 0 }
    }
    let values = try reals(column, chunk: chunk)
    return rows.map { values[$0] != 0 }
  }

  fileprivate var testName: String { columns(of: .test).first.map { schema.columns[$0].name } ?? "test" }
}
