import Communication
import Diagnostics
import Features
import Frames

/// The rows of an effect with all that its regressions are made of: what each group gives at x, the controls, and the
/// quantiles of the treatment.
struct EffectDesign: Sendable {
  private(set) var table: EffectTable
  private(set) var groups: any GroupInstrument
  private(set) var index: GroupIndex
  let quantiles: TreatmentQuantiles
  let controls: ControlBasis
  private let features: any FeatureMap
  private let seed: UInt64
  private let instrumentBasis: EffectOptions.InstrumentBasis
  /// Categorical columns of the frame.
  let clusters: [Int]

  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: (data) what ``EffectTable`` and ``GroupIndex`` refuse; (usage) a cluster
  ///   that is no column of categories.
  init(
    _ frame: Frame, _ groups: any GroupInstrument, features: (any FeatureMap)?, scaling: ColumnScaling,
    _ options: EffectOptions
  ) throws {
    table = try EffectTable(frame, scaling: scaling)
    let linear = PolynomialBasis(
      degree: 1, covariateNames: frame.covariateNames, origin: Array(repeating: 0, count: frame.covariateCount))
    self.groups = groups.isExcluded ? groups : NoInstrument(frame)
    seed = options.seed
    quantiles = try TreatmentQuantiles(table)
    if let features = groups.isExcluded ? features : linear {
      self.features = features
      index = try GroupIndex(table, self.groups, features: features, seed: seed)
    } else {
      (index, self.features) = try GroupIndex.best(table, self.groups, seed: seed)
    }
    controls = ControlBasis(
      degree: options.controlDegree ?? Self.controlDegree(table), covariateNames: table.covariateNames)
    instrumentBasis = options.instrumentBasis
    clusters = try options.errorClusters.map(frame.schema.clusterColumn)
  }

  /// The same rows with other groups. One pass. Collective.
  ///
  /// - Throws: as ``init(_:_:features:scaling:_:)``.
  func replacing(groups: any GroupInstrument) throws -> EffectDesign {
    var copy = self
    copy.groups = groups
    copy.index = try GroupIndex(table, groups, features: features, seed: seed)
    return copy
  }

  /// The same rows and units with other weights, and the groups that are found in them from where they are. Collective.
  ///
  /// - Throws: as ``GroupInstrument/reestimated(on:)``, and as ``replacing(groups:)``.
  func reweighted(_ weights: RowColumn) throws -> EffectDesign {
    var copy = self
    copy.table = table.over(Frame(table.frame, weights: weights))
    return try copy.replacing(groups: groups.reestimated(on: copy.table.frame))
  }

  /// The functions of a form, with knots at quantiles of t.
  func functions(_ form: OutcomeForm) -> OutcomeFunctions {
    OutcomeFunctions(
      form, treatmentName: table.frame.treatmentName, covariateNames: table.covariateNames,
      quantile: quantiles.callAsFunction)
  }

  /// Whether the groups can serve as instrument at all.
  var hasInstrument: Bool { groups.isExcluded }

  /// The instruments that are asked for, for these functions.
  func instruments(_ functions: OutcomeFunctions) -> InstrumentSet {
    // One group names no instrument.
    guard hasInstrument else { return .groups }
    return switch instrumentBasis {
    case .index: .index(functions)
    case .interactions: .interactions(ControlBasis(degree: 2, covariateNames: table.covariateNames))
    case .groups: .groups
    }
  }

  /// The largest number of instruments over which they are asked whether they agree: with more of them, and groups that are
  /// weak, Hansen's J rejects too often.
  private static let mostTested = 20

  /// The rows with the instruments that Hansen's J is taken over: (Z_k - π_k)(1, x) of all groups but one, which is how a group
  /// would move the outcome itself, or how labels would lean on its error, by a shift or along x; nil where they are no
  /// more than the functions, or too many.
  ///
  /// Functions of the indexes do not see it: what is wrong with one of them is wrong with all alike, and makes them
  /// agree on a wrong effect.
  func testedRows(_ functions: OutcomeFunctions) -> EffectRows? {
    let count = (groups.groupCount - 1) * (1 + table.covariates.count)
    guard hasInstrument, count > functions.count, count <= Self.mostTested else { return nil }
    // In an order in which the names of groups play no part.
    return rows(
      [functions], .interactions(ControlBasis(degree: 1, covariateNames: table.covariateNames)),
      members: index.canonicalOrder)
  }

  /// The regression of the outcome on functions of the treatment, of one form or of several side by side, with these
  /// instruments.
  ///
  /// - Parameter members: the groups in play, in their order; nil for all.
  func rows(_ functions: [OutcomeFunctions], _ instruments: InstrumentSet, members: [Int]? = nil) -> EffectRows {
    EffectRows(
      table, groups: groups, index: index, functions: functions, controls: controls, instruments: instruments,
      members: members, clusters: clusters)
  }

  // MARK: What the rows allow

  /// Rows that a column of the regression needs at least where it is not asked for.
  private static let rowsPerColumn = 10

  /// The controls' degree: 3, or 2 with more than five covariates, or less where the rows are few.
  private static func controlDegree(_ table: EffectTable) -> Int {
    let m = table.covariates.count
    let most = table.frame.observationCount / (2 * rowsPerColumn)
    return (1...(m <= 5 ? 3 : 2)).last { ControlBasis.count(covariates: m, degree: $0) <= most } ?? 1
  }

  /// What is taken where nothing tells forms apart.
  var plainForm: OutcomeForm { OutcomeForm(.polynomial(degree: hasInstrument ? 1 : 2)) }

  /// The forms that have ten rows for each column.
  var candidates: [OutcomeForm] {
    let most = max(1, table.frame.observationCount / Self.rowsPerColumn - controls.count)
    return OutcomeForm.candidates.filter { form in
      let curve =
        switch form.curve {
        case .polynomial(let degree): degree
        case .spline(let knots): knots + 3
        }
      return curve + (form.hasInteractions ? table.covariates.count : 0) <= most
    }
  }
}
