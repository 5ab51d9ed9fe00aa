import Effects
import NonparametricIV
import Storage

extension EffectReport {
  /// One of the methods that stand side by side.
  public struct Rung: Sendable, Encodable {
    public let averageSlope: EffectEstimate
    public let contrasts: [ContrastEstimate]
    public let curve: [CurvePoint]
    /// Whether the second stage is fitted at the mean of t; see ``NonparametricMethod/isPlugIn``.
    public let isPlugIn: Bool
    /// The method's own objective on rows that were held out, in units of the variance of y.
    @NullEncoded public var criterion: Double?
    /// Root mean squared difference of the curve from that of sieve2sls, in standard deviations of y.
    public let distance: Double
    @NullEncoded public var standardizedDistance: Double?
    @NullEncoded public var seconds: Double?
    @NullEncoded public var digest: String?
    /// Of t being unconfounded, by the control function; null for other methods.
    @NullEncoded public var exogeneity: Test?

    init(_ answer: MethodAnswer) {
      (averageSlope, contrasts, curve) = (answer.averageSlope, answer.contrasts, answer.curve)
      isPlugIn = answer.method.isPlugIn
      _criterion = NullEncoded(wrappedValue: answer.fit?.criterion)
      distance = answer.distance
      _standardizedDistance = NullEncoded(wrappedValue: answer.standardizedDistance)
      _seconds = NullEncoded(wrappedValue: answer.seconds)
      _digest = NullEncoded(wrappedValue: answer.digest)
      _exogeneity = NullEncoded(wrappedValue: answer.exogeneity.map(Test.init))
    }
  }

  /// The methods side by side, the greatest differences from the first of them marked.
  var methodTable: Report.Section {
    let (ladder, treatmentName) = (result.ladder, result.treatmentName)
    let method = EffectMethod.first(hasInstrument: result.diagnostics != nil)
    guard let first = ladder.first else { return Report.Section(nil, []) }
    // One contrast, the widest of the default ones; the files have all.
    let contrasts = first.contrasts.suffix(1).map { contrast in
      "\(treatmentName) from \(significant(contrast.contrast.from)) to \(significant(contrast.contrast.to))"
    }
    let titles =
      ["method", "average slope", "std. error"] + contrasts + [
        "from \(method.name), sd", "in errors", "criterion", "seconds",
      ]
    let rows: [[Report.Cell]] = ladder.map { answer in
      let distance = Report.Cell.decimals(answer.distance, 3)
      return [
        .text(answer.method.name), .significant(answer.averageSlope.estimate),
        .significant(answer.averageSlope.standardError),
      ] + answer.contrasts.suffix(1).map { .significant($0.effect.estimate) } + [
        answer.disagrees ? .marked(distance) : distance, .decimals(answer.standardizedDistance, 1),
        .significant(answer.fit?.criterion), .decimals(answer.seconds, 2),
      ]
    }
    var blocks: [Report.Block] = [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))]
    let plugIns = ladder.map(\.method).filter(\.isPlugIn).map(\.name)
    if !plugIns.isEmpty {
      blocks.append(
        .line(
          "\(plugIns.joined(separator: ", ")): plug-in, functions of the mean of t for the mean of functions of t; right "
            + "for an effect linear in t, or quadratic while the variance of t is the same everywhere"))
    }
    for case (let name, let test?) in ladder.map({ ($0.method.name, $0.exogeneity) }) {
      blocks.append(
        .line(
          "\(name): residuals of \(treatmentName) have no part in the outcome: chi2 \(significant(test.statistic)), "
            + "\(test.degreesOfFreedom) df, \(test.pValue.asPValue)"))
    }
    return Report.Section(nil, blocks)
  }
}
