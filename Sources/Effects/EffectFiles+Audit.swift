import Runs
import Storage

/// What ``GroupAudit`` and the verdict are in files.
extension EffectFiles {
  /// One row for each pair of groups and each covariate.
  var balance: ResultTable {
    let pairs = result.audit?.balance.pairs ?? []
    let names = result.covariateNames
    func column<Value>(_ pick: (GroupBalance.Pair, Int) -> Value) -> [Value] {
      pairs.flatMap { pair in names.indices.map { pick(pair, $0) } }
    }
    var table = ResultTable(rowCount: pairs.count * names.count)
    table.add("term", .text(column { names[$1] }))
    table.add("group.1", .text(column { pair, _ in result.groupNames[pair.first] }))
    table.add("group.2", .text(column { pair, _ in result.groupNames[pair.second] }))
    table.add("difference", .numbers(column { $0.differences[$1] }))
    table.add("variance.ratio", .numbers(column { $0.varianceRatios[$1] }))
    return table
  }

  /// The groups `groups`, `sensitivity`, `balance`, `labels` and `verdict`.
  func writeAudit(to file: borrowing HDF5File) throws {
    try file.write(result.verdict.map(\.code.rawValue), to: "verdict/code")
    try Self.write(
      [("value", result.verdict.map(\.value)), ("threshold", result.verdict.map(\.threshold))], to: file,
      group: "verdict")
    guard let audit = result.audit else { return }
    let names = result.groupNames
    let (leftOut, pairs) = (audit.comparisons.leftOut, audit.comparisons.pairs)
    if !leftOut.isEmpty {
      try file.write(leftOut.map { names[$0.group] }, to: "groups/leave_one_out/group")
      try Self.write(
        Self.columns(leftOut.map(\.rest)) + [
          ("difference", leftOut.map(\.difference)), ("difference_standard_error", leftOut.map(\.standardError)),
          ("z", leftOut.map(\.z)),
        ], to: file, group: "groups/leave_one_out")
    }
    if !pairs.isEmpty {
      for (place, name) in ["first", "second"].enumerated() {
        try file.write(pairs.map { names[$0.groups[place]] }, to: "groups/pairs/\(name)")
      }
      try Self.write(Self.columns(pairs), to: file, group: "groups/pairs")
    }
    if let sensitivity = audit.sensitivity {
      let intervals = sensitivity.intervals
      try file.write(intervals.map(\.kind.rawValue), to: "sensitivity/kind")
      try file.write(intervals.map(\.prior.rawValue), to: "sensitivity/prior")
      try Self.write(
        [("delta", intervals.map(\.delta)), ("lower", intervals.map(\.lower)), ("upper", intervals.map(\.upper))],
        to: file, group: "sensitivity")
      for kind in PlausibleExogeneity.Kind.allCases {
        try file.write([sensitivity.breakdown[kind] ?? .nan], to: "sensitivity/breakdown/\(kind.rawValue)")
      }
    }
    try write(audit.balance, to: file)
    try file.write([audit.labels.entropy, audit.labels.share], to: "labels/entropy")
    try file.write(audit.labels.sizes, to: "labels/sizes")
  }

  private func write(_ balance: GroupBalance, to file: borrowing HDF5File) throws {
    let shape = [balance.pairs.count, result.covariateNames.count]
    try file.write(balance.pairs.flatMap(\.differences), shape: shape, to: "balance/difference")
    try file.write(
      balance.pairs.flatMap { $0.varianceRatios.map { $0 ?? .nan } }, shape: shape, to: "balance/variance_ratio")
    for (place, name) in ["first", "second"].enumerated() {
      try file.write(
        balance.pairs.map { result.groupNames[place == 0 ? $0.first : $0.second] }, to: "balance/\(name)")
    }
    if let wald = balance.wald {
      try Self.write(
        [("statistic", [wald.statistic]), ("df", [Double(wald.degreesOfFreedom)]), ("p", [wald.pValue])], to: file,
        group: "tests/balance_wald")
    }
    try Self.write(
      [("statistic", [balance.kernel.statistic]), ("p", [balance.kernel.pValue])], to: file, group: "tests/balance_mmd")
  }

  private static func columns(_ subsets: [GroupSubsetEstimate]) -> [(String, [Double?])] {
    [
      ("estimate", subsets.map(\.slope?.estimate)), ("standard_error", subsets.map(\.slope?.standardError)),
      ("lower", subsets.map(\.slope?.lower)), ("upper", subsets.map(\.slope?.upper)),
      ("effective_f", subsets.map(\.effectiveF)),
    ]
  }
}
