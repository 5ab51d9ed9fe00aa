import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture

/// What the data must be for a mixture to be fitted; each violation is refused with its remedy.
struct Preconditions {
  let configuration: Configuration
  let table: Frame
  let summaries: [ColumnSummary]

  /// Rows without which the parameters of a group on r = x are not determined.
  static func rowsPerGroup(covariates: Int) -> Int { covariates + 3 }

  /// Two values of t leave nothing for groups to differ in but t itself. Collective.
  func checkTreatment() throws {
    let summary = summaries[table.covariateCount]
    let count = try table.rows.sum(0.0) { count, chunk in
      for value in UnsafeBufferPointer(start: try table.treatment(chunk: chunk), count: table.rowCount(ofChunk: chunk))
      where value + 0 == summary.minimum || value + 0 == summary.maximum { count += 1 }
    }
    guard Int(count) < table.rows.rowCount else {
      throw Failure(
        .data,
        "treatment '\(summary.name)' takes only the values \(summary.minimum) and \(summary.maximum): groups are told "
          + "apart by a treatment that is continuous; name another --t")
    }
  }

  /// Checked on the columns as they are in the files, before centering.
  func checkColumns() throws {
    let (m, n) = (table.covariateCount, table.observationCount)
    let product = configuration.groups.multipliedReportingOverflow(by: Self.rowsPerGroup(covariates: m))
    let needed = product.overflow ? Int.max : product.partialValue
    guard n >= needed else {
      throw Failure(
        .data,
        "\(n) row\(n == 1 ? "" : "s") for --groups \(configuration.groups) and \(m) covariates: at least \(needed) "
          + "are needed; give more rows, fewer groups or fewer covariates")
    }
    for summary in summaries.prefix(m + 1) where summary.isConstant {
      let role = summary.name == table.treatmentName ? "treatment" : "covariate"
      if let covariate = table.covariates.first(where: { $0.levels != nil && $0.columnNames.contains(summary.name) }) {
        throw Failure(
          .data,
          "'\(summary.name)' is \(summary.minimum) in all \(n) rows: covariate '\(covariate.name)' has levels without rows "
            + "(\(levelWords(covariate.levels!))); write the shards again with those only that have some")
      }
      throw Failure(
        .data,
        "\(role) '\(summary.name)' is constant (\(summary.minimum) in all \(n) rows); "
          + (role == "covariate"
            ? "leave it out with giv-dist shard --covariates"
            : "there is nothing to tell sources apart by; name another --t"))
    }
    for summary in summaries where !summary.isConstant {
      let range = summary.maximum - summary.minimum
      guard !(range * range * Double(n)).isNormal else { continue }
      throw Failure(
        .data,
        "column '\(summary.name)' lies in \(summary.minimum) ... \(summary.maximum): sums of its squares leave the range "
          + "of Float64; change its unit")
    }
    let distinct = try distinctRows(upTo: configuration.groups)
    guard distinct >= configuration.groups else {
      throw Failure(
        .data,
        "only \(distinct) rows are distinct in covariates and treatment, fewer than --groups "
          + "\(configuration.groups); choose fewer groups")
    }
  }

  /// Checked on the Gram matrix of (1, x, t) about the means.
  func checkDependence(_ pooled: SufficientStatistics) throws {
    let gram = pooled.gram(0)
    let m = table.covariateCount
    if let column = gram.dependentColumns(inOrder: 0...m).first {
      throw Failure(
        .data,
        "covariate '\(table.covariateNames[column - 1])' is a linear combination of the covariates before it; "
          + "leave one of them out with giv-dist shard --covariates (of the indicators of a category, one level)")
    }
    if !gram.dependentColumns(inOrder: 0...m + 1).isEmpty {
      throw Failure(
        .data,
        "treatment '\(table.treatmentName)' is a linear function of the covariates: nothing is left in it that "
          + "could tell sources apart; leave out the covariate that it was computed from")
    }
  }

  /// The number of distinct rows of (x, t), counted up to `limit`. Ranks tell each other hashes of 128 bits, no rows.
  private func distinctRows(upTo limit: Int) throws -> Int {
    var seen: Set<SIMD2<UInt64>> = []
    try table.rows.communicator.agree {
      for chunk in table.rows.localChunks {
        let columns =
          try (0..<table.covariateCount).map { try table.pointer(covariate: $0, chunk: chunk) }
          + [table.treatment(chunk: chunk)]
        for row in 0..<table.rowCount(ofChunk: chunk) {
          seen.insert(rowHash(columns, row: row))
          if seen.count >= limit { return }
        }
      }
    }
    return try table.rows.communicator.union(seen, upTo: limit - 1)?.count ?? limit
  }

  /// Two hashes of a row side by side: multiplications by odd numbers and shifts, as of SplitMix64's output.
  private func rowHash(_ columns: [UnsafePointer<Double>], row: Int) -> SIMD2<UInt64> {
    columns.reduce(SIMD2(1, 2)) { hash, column in
      // Adding 0 turns -0 into 0, which is the same value.
      var mixed = (hash ^ SIMD2(repeating: (column[row] + 0).bitPattern)) &* SIMD2(repeating: 0xBF58_476D_1CE4_E5B9)
      mixed ^= mixed &>> 31
      mixed = mixed &* SIMD2(0x94D0_49BB_1331_11EB, 0x9E37_79B9_7F4A_7C15)
      return mixed ^ (mixed &>> 29)
    }
  }
}
