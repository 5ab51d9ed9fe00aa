import Communication
import Diagnostics
import Frames

/// What the rows themselves give reason to tell, whatever is fitted to them.
struct RowFindings {
  let table: Frame
  let distribution: DistributionKind

  /// A treatment of so many values or fewer is told.
  static let fewValues = 10
  /// The share of rows at one value of the treatment from which on it is told.
  static let heapedShare = 0.1
  /// The share at one value of a covariate that no Gaussian law has.
  static let pointMassShare = 0.05

  /// Far values, treatments of few values or heaped at one, covariates with mass at a point. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  func all() throws -> [Finding] {
    let scans = try table.scan()
    let columns = scans.map { table.schema.columns[$0.column] }
    let far = zip(scans, columns).flatMap { FarValue.all(in: $0, column: $1.name) }
    var findings = far.map(\.finding)
    if let index = columns.firstIndex(where: { $0.role == .treatment }) { findings += try treatment(scans[index]) }
    if distribution == .gaussian {
      let masses = zip(scans, columns).filter {
        $1.role == .covariate && $0.mode.share >= Self.pointMassShare
      }
      if !masses.isEmpty {
        findings.append(
          .note(
            .massAtPoint,
            [
              .names: .names(masses.map(\.1.name)), .total: .count(table.rows.rowCount),
              .counts: .counts(try masses.map { try table.rowCount(of: $0.0.column, equalTo: $0.0.mode.value) }),
            ]))
      }
    }
    return findings
  }

  private func treatment(_ scan: ColumnScan) throws -> [Finding] {
    let mode = scan.mode
    let isHeaped = mode.share >= Self.heapedShare
    let isFew = scan.distinctCount.map { $0 <= Self.fewValues } ?? false
    guard isHeaped || isFew else { return [] }
    var values: [Finding.Key: Finding.Value] = [
      .column: .name(table.treatmentName), .value: .number(mode.value),
      .count: .count(try table.rowCount(of: scan.column, equalTo: mode.value)), .total: .count(table.rows.rowCount),
    ]
    values[.distinct] = scan.distinctCount.map { .count($0) }
    return [.note(isFew ? .fewTreatmentValues : .heapedTreatment, values)]
  }
}

extension [Finding] {
  /// The same with rows numbered as the collection has them, and the files that they lie in.
  func located(_ place: (_ row: Int) -> (row: Int, file: String, fileRow: Int)) -> [Finding] {
    map { finding in
      guard case .count(let row)? = finding.values[.row] else { return finding }
      let found = place(row)
      return Finding(
        finding.code,
        finding.values.merging([.row: .count(found.row), .file: .name(found.file), .fileRow: .count(found.fileRow)]) {
          $1
        }, severity: finding.severity)
    }
  }
}
