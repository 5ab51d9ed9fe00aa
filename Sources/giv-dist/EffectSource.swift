import Communication
import Diagnostics
import Effects
import Features
import Foundation
import Frames
import MetaEM
import Reports
import Shards
import Storage

/// The shards of an effect with their instrument: the groups of a trained run, the true source, a column that names
/// groups, or columns of numbers. The rows are read by ``load(label:seed:storage:on:)``.
struct EffectSource {
  /// The rows of an effect, ready for the estimator.
  struct Rows {
    let frame: Frame
    let groups: any GroupInstrument
    let features: (any FeatureMap)?
    let scaling: ColumnScaling
    /// What the groups are, for the report.
    let kind: EffectReport.Instrument
    /// Where they come from, for the files.
    let origin: [String: String]
  }

  /// What the instrument is made of.
  private enum Instrument {
    case run(path: String, FittedModel, Configuration, digest: String)
    case column(name: String, Column)
    case values(CandidateRule?, names: [String])
    case none
  }

  let collection: ShardCollection
  /// The columns that errors are clustered by: those asked for, or the institutions where there are enough.
  let clusters: [String]
  /// What the row weights are; nil when they are not used.
  let weights: WeightKind?
  private let instrument: Instrument

  /// Collective.
  ///
  /// - Parameters:
  ///   - data: the shards, which a run may come before.
  ///   - instrument: `group`, `true`, `none`, the name of a column, or a ``CandidateRule``; nil for the groups of the run.
  ///   - candidates: what a ``CandidateRule`` makes its instrument of; empty for the covariates.
  ///   - clusters: columns of categories that errors are clustered by; nil for the institutions, where there are at least
  ///     20.
  ///   - weights: what the weights are, where no run says it.
  /// - Throws: on all ranks the same ``Failure``: `usage` when there is no run, or one that would not be read; `data` when
  ///   the shards lack a column.
  init(
    _ data: DatasetOptions, instrument: String?, candidates: [String], clusters: [String]?, weights: WeightKind?,
    on communicator: any Communicator
  ) throws {
    let modelPath = data.shards.first.flatMap(Self.modelPath)
    switch (modelPath, instrument ?? "group") {
    case (let path?, "group"):
      guard weights == nil else {
        throw Failure(.usage, "--weights is said by the run \(path); leave it out, or train with other weights")
      }
      try self.init(run: path, data, clusters: clusters, on: communicator)
    case (nil, "group"):
      throw Failure(
        .usage,
        "\(data.shards[0]) is no run that giv-dist train wrote; give one before the shards, or --instrument true")
    case (let path, let name):
      let shards = path == nil ? data.shards : Array(data.shards.dropFirst())
      try self.init(
        name, candidates: candidates, shards, data, clusters: clusters, weights: weights, on: communicator)
    }
  }

  private static func modelPath(_ path: String) -> String? {
    if path.hasSuffix("model.h5") { return path }
    let model = "\(path)/model.h5"
    return FileManager.default.fileExists(atPath: model) ? model : nil
  }

  private init(
    run path: String, _ data: DatasetOptions, clusters: [String]?, on communicator: any Communicator
  ) throws {
    let (model, configuration, digest) = try communicator.agree { try FittedModel.loadRun(path) }
    let shards = Array(data.shards.dropFirst())
    guard !shards.isEmpty else {
      throw Failure(.usage, "no shards follow the run \(path); name those it was trained on")
    }
    collection = try communicator.agree {
      try ShardCollection.open(
        shards, names: data.names, required: [.covariate, .treatment, .outcome], as: model.covariates)
    }
    self.clusters = clusters ?? Self.institutions(of: collection)
    weights = configuration.weights
    instrument = .run(path: path, model, configuration, digest: digest)
  }

  private init(
    _ name: String, candidates: [String], _ shards: [String], _ data: DatasetOptions, clusters: [String]?,
    weights: WeightKind?, on communicator: any Communicator
  ) throws {
    let isSource = name == "true"
    let weights = weights ?? (data.names.named.contains(.weight) ? .sampling : nil)
    collection = try communicator.agree {
      var required: Set<Role> = [.covariate, .treatment, .outcome]
      if isSource { required.insert(.source) }
      if weights != nil { required.insert(.weight) }
      return try ShardCollection.open(shards, names: data.names, required: required)
    }
    self.clusters = clusters ?? Self.institutions(of: collection)
    self.weights = weights
    if name == "none" {
      instrument = .none
    } else if let rule = CandidateRule(rawValue: name) {
      instrument = .values(rule, names: candidates.isEmpty ? collection.covariates.flatMap(\.columnNames) : candidates)
    } else if try Self.holdsNumbers(name, collection, on: communicator) {
      instrument = .values(nil, names: [name])
    } else {
      instrument = .column(name: name, try Self.column(isSource ? nil : name, of: collection))
    }
  }

  /// Whether a column of the shards has this name and numbers, or a dataset that is no column.
  private static func holdsNumbers(
    _ name: String, _ collection: ShardCollection, on communicator: any Communicator
  ) throws -> Bool {
    try communicator.agree {
      if let column = collection.schema.columns.first(where: { $0.name == name || $0.role.rawValue == name }) {
        return column.kind == .real
      }
      return try HDF5File.open(collection.shards[0].path).hasDataset(name)
    }
  }

  private static func institutions(of collection: ShardCollection) -> [String] {
    collection.schema.usualCluster.map { [$0] } ?? []
  }

  /// Numbers of a row that are cached together: the treatment that each group gives, and the weights that a model gives.
  var cachedNumbers: [Int] {
    switch instrument {
    case .run(_, let model, _, _): Array(repeating: model.mixture.base.groupCount, count: 2)
    // Only the rows tell how many groups a column of integers names: three are usual.
    case .column(_, let column): [column.kind.levels?.count ?? 3]
    case .values: [1]
    case .none: []
    }
  }

  /// The roles of the columns that are read.
  func roles() throws -> Set<Role> {
    var roles = try Self.roles(clusters, of: collection).union([.covariate, .treatment])
    if weights != nil { roles.insert(.weight) }
    if case .column(_, let column) = instrument { roles.insert(column.role) }
    return roles
  }

  /// Reads the rows. Collective.
  ///
  /// - Parameter seed: of labels that are drawn.
  /// - Throws: on all ranks the same ``Failure`` `data` when the rows are not those of the run, or cannot be read.
  func load(
    label: PosteriorInstrument.Label, seed: UInt64, storage: FrameStorage, on communicator: any Communicator
  ) throws -> Rows {
    switch instrument {
    case .run(let path, let model, let configuration, let digest):
      var metaEM = MetaEM(configuration)
      metaEM.storage = storage
      let frame = try metaEM.fittedRows(
        of: collection, digest: digest, further: Self.roles(clusters, of: collection), on: communicator)
      frame.standardize(center: model.scaling.centers, scale: model.scaling.scales)
      return Rows(
        frame: frame, groups: model.groupInstrument(frame, label: label, seed: seed),
        features: model.selectionFeatures, scaling: model.scaling,
        kind: .groups(
          run: path, distribution: configuration.distribution.rawValue, label: label,
          isExogenous: model.hasExogenousPosterior && label != .argmax),
        origin: ["instrument": "group", "label": label.rawValue, "model-digest": try model.digest()])
    case .column(let name, let column):
      let frame = try MetaEM.rowsInUse(
        of: collection, roles: roles(), weights: weights, storage: storage, on: communicator)
      let place = try Self.place(column, in: frame)
      let (codes, names) = try Self.levels(place, of: frame)
      return try rows(
        frame, LevelInstrument(frame, column: place, codes: codes, names: names), named: name,
        kind: .column(name == "true" ? "the true source" : name))
    case .none:
      let frame = try MetaEM.rowsInUse(
        of: collection, roles: roles(), weights: weights, storage: storage, on: communicator)
      return try rows(frame, NoInstrument(frame), named: "none", kind: .none)
    case .values(let rule, let names):
      let frame = try MetaEM.rowsInUse(
        of: collection, roles: roles(), weights: weights, storage: storage, on: communicator)
      return try Rows(rule, of: names, frame, collection, seed: seed)
    }
  }

  /// Rows with groups that no run found.
  private func rows(_ frame: Frame, _ groups: any GroupInstrument, named name: String, kind: EffectReport.Instrument)
    throws -> Rows
  {
    Rows(
      frame: frame, groups: groups, features: nil, scaling: try Self.centre(frame), kind: kind,
      origin: ["instrument": name])
  }

  /// Moves the covariates and the treatment of a frame to their means.
  static func centre(_ frame: Frame) throws -> ColumnScaling {
    let centers = try frame.summary().prefix(frame.covariateCount + 1).map(\.mean)
    let scaling = ColumnScaling(centers: centers, scales: centers.map { _ in 1 })
    frame.standardize(center: scaling.centers, scale: scaling.scales)
    return scaling
  }

  /// Covariates and treatments of all rows, also of those that are not in use, scaled as these. Collective.
  func everyRow(_ rows: Rows, storage: FrameStorage, on communicator: any Communicator) throws -> Frame {
    guard rows.frame.rows.rowCount < collection.rowCount else { return rows.frame }
    let all = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    let frame = try Frame.load(collection, rows: all, covariatesAsNumbers: true, storage: storage)
    frame.standardize(center: rows.scaling.centers, scale: rows.scaling.scales)
    return frame
  }

  /// The roles of the outcome and of the columns of clusters.
  private static func roles(_ clusters: [String], of collection: ShardCollection) throws -> Set<Role> {
    try clusters.reduce(into: [.outcome]) { $0.insert(try column($1, of: collection).role) }
  }

  /// A column of codes by its name, or the first of the role that the name is of; the true source without a name.
  private static func column(_ name: String?, of collection: ShardCollection) throws -> Column {
    let coded = collection.schema.columns.filter(\.kind.holdsCodes)
    let named = name.map { name in coded.filter { $0.name == name } } ?? []
    let byRole = coded.filter { $0.role == name.map { Role(rawValue: $0) ?? .none } ?? .source && $0.role != .none }
    guard let column = named.first ?? byRole.first else {
      let names = coded.map { "'\($0.name)'" }.joined(separator: ", ")
      throw Failure(
        .data,
        "the shards have no column of categories or integers named '\(name ?? "z")'; "
          + (names.isEmpty ? "they have none at all" : "they have \(names)"))
    }
    return column
  }

  private static func place(_ column: Column, in frame: Frame) throws -> Int {
    guard let place = frame.schema.columns.firstIndex(where: { $0.name == column.name && $0.role == column.role })
    else {
      throw Failure(.data, "the shards have no column '\(column.name)' in common")
    }
    return place
  }

  /// The codes of a column that some row has, in ascending order, with their names. Collective.
  private static func levels(_ column: Int, of frame: Frame) throws -> (codes: [Int64], names: [String]) {
    var mine: Set<Int64> = []
    try frame.rows.communicator.agree {
      for chunk in frame.rows.localChunks where mine.count <= mostGroups {
        let codes = try frame.codes(column, chunk: chunk)
        for row in 0..<frame.rowCount(ofChunk: chunk) { mine.insert(codes[row]) }
      }
    }
    let name = frame.schema.columns[column].name
    guard let all = try frame.rows.communicator.union(mine, upTo: mostGroups) else {
      throw Failure(
        .data, "'\(name)' has more than \(mostGroups) distinct values, too many for groups; name another column")
    }
    guard all.count > 1 else {
      throw Failure(.data, "'\(name)' has one value in all rows, which is no instrument; name another column")
    }
    let codes = all.sorted()
    let levels = frame.schema.columns[column].kind.levels
    return (codes, codes.map { levels?[Int($0)] ?? String($0) })
  }

  private static let mostGroups = 100
}
