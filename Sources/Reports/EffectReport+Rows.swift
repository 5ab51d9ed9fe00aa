import Effects

/// Answers for single rows and covariates, in words.
extension EffectReport {
  /// Rows of covariates that a table shows at most; the files hold all.
  private static let mostPlaces = 12

  var placeTable: Report.Section {
    guard let first = atX.first else { return Report.Section(nil, []) }
    let contrast = first.contrasts.first?.contrast
    let titles =
      ["row of --at-x", "average slope", "std. error", "95% interval"]
      + (contrast.map { ["\(result.treatmentName) from \(significant($0.from)) to \(significant($0.to))"] } ?? [])
    // What ordinary regression says of itself is right, whatever it says of effects.
    let isShown = result.diagnostics?.isIdentified ?? true
    let rows: [[Report.Cell]] = atX.prefix(Self.mostPlaces).enumerated().map { row, place in
      [
        .count(row), .significant(place.averageSlope.estimate),
        isShown ? .significant(place.averageSlope.standardError) : .undefined,
        isShown ? place.averageSlope.interval : .undefined,
      ] + (place.contrasts.first.map { [.significant($0.effect.estimate)] } ?? [])
    }
    var lines: [Report.Block] = [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))]
    if atX.count > Self.mostPlaces { lines.append(.line("and \(atX.count - Self.mostPlaces) further rows")) }
    if !result.form.hasInteractions {
      lines.append(
        .line("the effect is the same at all covariates, for the outcome's functions have no interactions with them"))
    }
    return Report.Section(nil, lines)
  }

  var truth: Report.Section {
    let facts = [("effects of rows", errors?.ite), ("outcomes of rows", errors?.outcome)]
      .compactMap { name, error in error.map { Report.Fact(name, .significant($0)) } }
    guard !facts.isEmpty else { return Report.Section(nil, []) }
    return Report.Section(
      nil, [.line("against the truth that the shards hold, mean squared error in sd of y:"), .list(facts)])
  }

  /// What n is where rows stand for several.
  var counted: String { observations == rows ? "" : " with frequencies, n = \(observations)" }

  var clusterWords: String {
    guard case .clustered = result.headline.covarianceKind else { return "" }
    return " by \(clusters.joined(separator: " and "))"
  }
}
