import Effects

/// What the groups say of themselves, for people.
extension EffectReport {
  // MARK: Groups left out, and pairs of groups

  var subsets: Report.Section {
    guard let comparisons = result.audit?.comparisons, let diagnostics = result.diagnostics, diagnostics.isIdentified
    else {
      return Report.Section(nil, [])
    }
    guard !comparisons.leftOut.isEmpty else {
      let text = "average slope without one group, or from pairs of groups: two groups leave none to compare"
      return Report.Section(nil, [.line(text)])
    }
    let axis = ForestAxis(around: result.headline.averageSlope, comparisons)
    func cells(_ subset: GroupSubsetEstimate) -> [Report.Cell] {
      [
        .significant(subset.slope?.estimate), subset.slope?.interval ?? .undefined, .significant(subset.effectiveF),
        .text(subset.slope.map(axis.bar) ?? ""),
      ]
    }
    let titles = ["average slope", "estimate", "95% interval", "effective F", ForestAxis.title, "difference", "z"]
    let whole = result.headline.averageSlope
    var rows: [[Report.Cell]] = [
      [
        .text("all groups"), .significant(whole.estimate), whole.interval,
        .significant(diagnostics.firstStage[0].effectiveF), .text(axis.bar(whole)), .undefined, .undefined,
      ]
    ]
    rows += comparisons.leftOut.map { left in
      [.text("without \(name(left.group))")] + cells(left.rest)
        + [.significant(left.difference), left.z.map { .decimals($0, 2) } ?? .undefined]
    }
    // Of three groups those without one are the pairs.
    if result.groupNames.count > 3 {
      rows += comparisons.pairs.map { pair in
        [.text(pair.groups.map(name).joined(separator: " and "))] + cells(pair) + [.undefined, .undefined]
      }
    }
    var notes: [String] = []
    if !diagnostics.isStrong {
      notes.append("intervals are Wald's, and too short where the effective F is small")
    }
    if comparisons.pairs.isEmpty { notes.append("pairs are told up to \(GroupComparisons.mostPaired) groups") }
    return Report.Section(
      nil,
      [
        .table(
          Report.Table(
            titles.map { Report.Table.Column($0) }, rows: rows,
            note: notes.isEmpty ? nil : notes.joined(separator: "; ")))
      ])
  }

  private func name(_ group: Int) -> String { result.groupNames[group] }

  // MARK: Sensitivity, balance, labels

  /// The δ of the intervals that are printed; the files have all.
  private static let shownDelta = 0.05

  var audit: Report.Section {
    guard let audit = result.audit else { return Report.Section(nil, []) }
    return Report.Section(nil, lines(audit.sensitivity) + lines(audit.balance) + [line(audit.labels)])
  }

  private func lines(_ sensitivity: PlausibleExogeneity?) -> [Report.Block] {
    guard result.headlineInterval == .wald, let sensitivity else { return [] }
    func words(_ kind: PlausibleExogeneity.Kind) -> String {
      guard let interval = sensitivity.interval(kind, .bounded, delta: Self.shownDelta) else { return "-" }
      let breakdown = significant(sensitivity.breakdown[kind] ?? .nan)
      return "\(significant(interval.lower)) to \(significant(interval.upper)), reaching 0 at \(breakdown) sd"
    }
    let outcome = result.outcomeName
    return [
      .line(
        "if groups moved \(outcome) directly by up to \(significant(Self.shownDelta)) sd, the average slope would be:"),
      .line("  by constants \(words(.shift)); along covariates \(words(.shiftByX))"),
    ]
  }

  private func lines(_ balance: GroupBalance) -> [Report.Block] {
    let noticeable = balance.pairs.flatMap { pair in
      pair.differences.enumerated().filter { abs($0.element) > GroupBalance.noticeableDifference }.map { place, size in
        "\(result.covariateNames[place]) (\(name(pair.first)), \(name(pair.second)): \(format(size, decimals: 2)))"
      }
    }
    let most = 6
    let flagged =
      noticeable.isEmpty
      ? "none above \(significant(GroupBalance.noticeableDifference)) sd"
      : noticeable.prefix(most).joined(separator: ", ")
        + (noticeable.count > most ? " and \(noticeable.count - most) more" : "")
    let ratios = balance.pairs.flatMap { $0.varianceRatios.compactMap(\.self) }
    let wald = balance.wald.map { "Wald \($0.pValue.asPValue), " } ?? ""
    return [
      .line(
        "covariates between groups: largest difference \(format(balance.largestDifference, decimals: 3)) sd; \(flagged)"
      ),
      .line(
        "  variance ratios \(format(ratios.min() ?? .nan, decimals: 2)) to \(format(ratios.max() ?? .nan, decimals: 2)); "
          + "\(balance.isRequired ? "balance" : "balance given covariates"): \(wald)kernel "
          + "\(balance.kernel.pValue.asPValue) (\(balance.kernel.rowCount) rows, \(KernelBalance.rearrangements) "
          + "\(balance.isRequired ? "permutations" : "random signs"))"),
    ]
  }

  private func line(_ labels: LabelCertainty) -> Report.Block {
    let sizes = labels.sizes.map { format($0, decimals: 0) }.joined(separator: ", ")
    return .line(
      "labels: mean entropy \(format(labels.entropy, decimals: 3)) (\(Int((100 * labels.share).rounded()))% of the most); "
        + "effective group sizes \(sizes)")
  }
}

/// Intervals drawn side by side on one axis: that of all groups with as much again on either side as the estimates need,
/// at most six times its width.
private struct ForestAxis {
  static let width = 33
  static let title = "forest (| is all groups)"

  private let low: Double
  private let high: Double
  private let center: Double

  init(around whole: EffectEstimate, _ comparisons: GroupComparisons) {
    let center = whole.estimate
    let half = (whole.upper ?? center) - center
    let others = (comparisons.leftOut.map(\.rest) + comparisons.pairs).compactMap(\.slope)
    let reach = others.reduce(half) { max($0, ($1.upper ?? $1.estimate) - center, center - ($1.lower ?? $1.estimate)) }
    let span = min(reach, 6 * half)
    (low, high) = (center - span, center + span)
    self.center = center
  }

  /// `<` and `>` where an interval goes on beyond the axis.
  func bar(_ slope: EffectEstimate) -> String {
    var text = Array(repeating: Character(" "), count: Self.width)
    text[place(center)] = "|"
    let (first, last) = (slope.lower ?? slope.estimate, slope.upper ?? slope.estimate)
    if first <= high && last >= low {
      for index in place(first)...place(last) where text[index] == " " { text[index] = "-" }
    }
    if first < low { text[0] = "<" }
    if last > high { text[Self.width - 1] = ">" }
    if low <= slope.estimate && slope.estimate <= high { text[place(slope.estimate)] = "o" }
    return String(text)
  }

  private func place(_ value: Double) -> Int {
    let share = high > low ? (value - low) / (high - low) : 0.5
    return Int((min(max(share, 0), 1) * Double(Self.width - 1)).rounded())
  }
}
