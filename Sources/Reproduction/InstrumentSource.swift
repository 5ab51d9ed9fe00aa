import Effects
import Features
import Frames
import MetaEM

/// The rows of a draw with the instrument of a row of a table.
struct InstrumentSource {
  private let frame: Frame
  /// Nil for no instrument.
  private let groups: (any GroupInstrument)?
  private let features: (any FeatureMap)?
  let scaling: ColumnScaling
  private let isExcluded: Bool
  /// The true groups.
  private let sources: LevelInstrument

  /// Collective.
  ///
  /// - Parameter model: fits the groups of the row, if it has some.
  init(_ row: InstrumentRow, _ draw: ReproductionDraw, seed: UInt64, model: () throws -> MetaEM.Result) throws {
    frame = try draw.frame()
    isExcluded = row.isExcluded
    let count = draw.simulation.parameters.groups
    sources = LevelInstrument(
      frame, column: frame.columns(of: .source)[0], codes: (0..<count).map(Int64.init),
      names: (0..<count).map(String.init))
    switch row {
    case .kmeans, .knownKMeans, .em, .joint:
      let model = try model().model
      scaling = model.scaling
      frame.standardize(center: scaling.centers, scale: scaling.scales)
      groups = model.groupInstrument(frame, label: .posterior, seed: seed)
      features = model.selectionFeatures
    case .none, .uas, .was, .mode, .auto, .truth:
      let centers = try frame.summary().prefix(frame.covariateCount + 1).map(\.mean)
      scaling = ColumnScaling(centers: centers, scales: centers.map { _ in 1 })
      frame.standardize(center: scaling.centers, scale: scaling.scales)
      features = nil
      groups =
        if let rule = row.rule {
          try CandidateColumns(frame, frame.columns(of: .covariate), scaling: scaling).instrument(rule, seed: seed)
        } else {
          row == .truth ? sources : nil
        }
    }
  }

  /// For nonparametric regressions.
  func structuralRows() throws -> EffectStructuralRows {
    EffectStructuralRows(try EffectTable(frame, scaling: scaling), groups: groups)
  }

  /// The regression on functions of the treatment that the rows choose; where no instrument could choose them, on a cubic
  /// polynomial. Collective.
  func effect(_ method: EffectOptions.Method, seed: UInt64) throws -> EffectResult {
    var options = EffectOptions()
    options.method = method
    options.seed = seed
    guard isExcluded, let groups else {
      // Ordinary regression does not read its instruments, and an effect has some.
      options.form = OutcomeForm(.polynomial(degree: 3))
      return try fit(options, sources)
    }
    return try fit(options, groups)
  }

  private func fit(_ options: EffectOptions, _ groups: any GroupInstrument) throws -> EffectResult {
    var estimator = EffectEstimator(options, groups: groups, features: features, scaling: scaling)
    estimator.findsSurface = true
    return try estimator.fit(frame)
  }
}
