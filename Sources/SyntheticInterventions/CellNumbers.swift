import Statistics

/// A target under an arm, in the units of one metric.
struct CellNumbers: Sendable, Codable, Equatable {
  /// θ, the mean over the periods that are asked for.
  var estimate: Double
  /// |w|².
  var weightSquare: Double
  /// |b|², b = S⁻¹V'z̄, the gradient of θ in the coordinates; NaN for bias-corrected weights.
  var slopeSquare: Double
  /// v₁, v₂, v₃: of the target before, of donors after, and of donors before.
  var targetVariance: Double
  var afterVariance: Double
  var beforeVariance: Double
  /// Those of v₁ and v₂.
  var targetDegrees: Double
  var afterDegrees: Double
  /// √(|(I - UU')y|² / p).
  var preRMSE: Double
  var periodCount: Int
  var rank: Int
  /// The donors that it is from.
  var donors: Int

  /// Where weights do not exist.
  static func undefined(rank: Int, donors: Int) -> CellNumbers {
    CellNumbers(
      estimate: .nan, weightSquare: .nan, slopeSquare: .nan, targetVariance: .nan, afterVariance: .nan,
      beforeVariance: .nan, targetDegrees: 0, afterDegrees: 0, preRMSE: .nan, periodCount: 1, rank: rank, donors: donors
    )
  }

  /// σ² of the published intervals.
  func pooled(_ variance: SyntheticInterventionsOptions.Variance) -> Double {
    let total = targetDegrees + afterDegrees
    return switch variance {
    case .pooled: (targetDegrees * targetVariance + afterDegrees * afterVariance) / total
    case .published: (afterDegrees * targetVariance + targetDegrees * afterVariance) / total
    case .target: targetVariance
    case .donors: afterVariance
    }
  }

  /// Variances of θ, and of θ less the mean outcome itself.
  struct Variances {
    let confidence: Double
    let prediction: Double
  }

  func published(_ variance: SyntheticInterventionsOptions.Variance) -> Variances {
    let (noise, periods) = (pooled(variance), Double(periodCount))
    return Variances(confidence: noise * weightSquare / periods, prediction: noise * (1 + weightSquare) / periods)
  }

  /// v₂ |w|² / T1 + |b|² (v₁ + v₃ |w|²), and v₂ / T1 more.
  var delta: Variances {
    let own = afterVariance / Double(periodCount)
    let variance = own * weightSquare + slopeSquare * (targetVariance + beforeVariance * weightSquare)
    return Variances(confidence: variance, prediction: variance + own)
  }

  /// Why no interval exists; nil where one does.
  var refusal: String? {
    if donors < 2 { return "one donor: its noise cannot be told from its outcomes" }
    guard estimate.isFinite else { return "the other donors do not determine the estimate" }
    guard afterDegrees > 0, targetDegrees > 0 else {
      return "no degrees of freedom are left: \(donors) donors, rank \(rank)"
    }
    guard afterVariance > 0 || targetVariance > 0 else { return "donors and target show no noise" }
    return nil
  }
}

/// What is told of every cell: θ, half its prediction interval before calibration, and |w|².
struct CellSummary: Sendable {
  let estimate: Double
  let half: Double
  let weightSquare: Double

  @inline(__always) init(_ cell: CellNumbers, _ rule: IntervalRule) {
    estimate = cell.estimate
    half = rule.baseHalf(cell)
    weightSquare = cell.weightSquare
  }
}

/// How the intervals of an analysis are made.
struct IntervalRule: Sendable {
  let weighting: SyntheticInterventionsOptions.Weighting
  let variance: SyntheticInterventionsOptions.Variance
  let level: Double
  /// z.
  let quantile: Double

  init(_ options: SyntheticInterventionsOptions) {
    weighting = options.weighting
    variance = options.variance
    level = options.level
    quantile = StandardNormal().quantile(survival: (1 - options.level) / 2)
  }

  /// The kind that is calibrated.
  var base: IntervalKind { weighting == .principalComponents ? .delta : .published }

  /// Half the prediction interval before calibration; NaN where there is none.
  func baseHalf(_ cell: CellNumbers) -> Double {
    guard cell.refusal == nil else { return .nan }
    let variance = base == .delta ? cell.delta.prediction : cell.published(variance).prediction
    return quantile * variance.squareRoot()
  }

  /// The number of values of which the largest may be needed: ⌈(n + 1) level⌉; nil when n are too few.
  func order(of count: Int) -> Int? {
    // Rounding must not lift a whole number.
    let order = Int((Double(count + 1) * level - 1e-9).rounded(.up))
    return order <= count && count > 0 ? order : nil
  }

  /// The fewest donors that can be calibrated with.
  var fewestDonors: Int { (1...).first { order(of: $0) != nil }! }
}
