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

/// The rows of an effect with their instrument: the groups of a trained run, the true source, or a column that names
/// groups.
struct EffectSource {
  let frame: Frame
  let groups: any GroupInstrument
  let features: any FeatureMap
  let scaling: ColumnScaling
  /// What the groups are, for the report.
  let kind: EffectReport.Instrument
  /// Where they come from, for the files.
  let origin: [String: String]

  /// Collective.
  ///
  /// - Parameters:
  ///   - data: the shards, which a run may come before.
  ///   - instrument: `group`, `true`, or the name of a column; nil for the groups of the run.
  ///   - candidates: what a ``CandidateRule`` makes its instrument of; empty for the covariates.
  ///   - clusters: columns of categories that errors are clustered by.
  /// - Throws: on all ranks the same ``Failure``: `usage` when there is no run, or one that would not be read; `data` when
  ///   the rows are not those of the run or lack a column.
  init(
    _ data: DatasetOptions, instrument: String?, candidates: [String], label: PosteriorInstrument.Label, seed: UInt64,
    clusters: [String], storage: FrameStorage, on communicator: any Communicator
  ) throws {
    let modelPath = data.shards.first.flatMap(Self.modelPath)
    switch (modelPath, instrument ?? "group") {
    case (let path?, "group"):
      try self.init(
        run: path, data, label: label, seed: seed, clusters: clusters, storage: storage, on: communicator)
    case (nil, "group"):
      throw Failure(
        .usage,
        "\(data.shards[0]) is no run that giv-dist train wrote; give one before the shards, or --instrument true")
    case (let path, let name):
      let shards = path == nil ? data.shards : Array(data.shards.dropFirst())
      let rule = CandidateRule(rawValue: name)
      if try rule != nil || Self.holdsNumbers(name, shards, data, on: communicator) {
        try self.init(
          rule, of: rule == nil ? [name] : candidates, shards, data, seed: seed, clusters: clusters, storage: storage,
          on: communicator)
        return
      }
      try self.init(column: name, shards, data, clusters: clusters, storage: storage, on: communicator)
    }
  }

  /// Whether a column of the shards has this name and numbers, or a dataset that is no column.
  private static func holdsNumbers(
    _ name: String, _ shards: [String], _ data: DatasetOptions, on communicator: any Communicator
  ) throws -> Bool {
    try communicator.agree {
      let collection = try ShardCollection.open(shards, names: data.names)
      if let column = collection.schema.columns.first(where: { $0.name == name || $0.role.rawValue == name }) {
        return column.kind == .real
      }
      return try HDF5File.open(collection.shards[0].path).hasDataset(name)
    }
  }

  private static func modelPath(_ path: String) -> String? {
    if path.hasSuffix("model.h5") { return path }
    let model = "\(path)/model.h5"
    return FileManager.default.fileExists(atPath: model) ? model : nil
  }

  private init(
    run path: String, _ data: DatasetOptions, label: PosteriorInstrument.Label, seed: UInt64, clusters: [String],
    storage: FrameStorage, on communicator: any Communicator
  ) throws {
    let (model, configuration, digest) = try communicator.agree { try FittedModel.loadRun(path) }
    guard configuration.weights != .frequency else {
      throw Failure(
        .data,
        "the run \(path) counts equal rows by weights, which effect does not; write each row as often as it counts")
    }
    let shards = Array(data.shards.dropFirst())
    guard !shards.isEmpty else {
      throw Failure(.usage, "no shards follow the run \(path); name those it was trained on")
    }
    let collection = try communicator.agree {
      try ShardCollection.open(
        shards, names: data.names, required: [.covariate, .treatment, .outcome], as: model.covariates)
    }
    var metaEM = MetaEM(configuration)
    metaEM.storage = storage
    frame = try metaEM.fittedRows(
      of: collection, digest: digest, further: Self.roles(clusters, of: collection), on: communicator)
    scaling = model.scaling
    frame.standardize(center: scaling.centers, scale: scaling.scales)
    groups = model.groupInstrument(frame, label: label, seed: seed)
    features = model.selectionFeatures
    kind = .groups(
      run: path, distribution: configuration.distribution.rawValue, label: label,
      isExogenous: model.hasExogenousPosterior && label != .argmax)
    origin = ["instrument": "group", "label": label.rawValue, "model-digest": try model.digest()]
  }

  private init(
    column name: String, _ shards: [String], _ data: DatasetOptions, clusters: [String], storage: FrameStorage,
    on communicator: any Communicator
  ) throws {
    let isSource = name == "true"
    let collection = try communicator.agree {
      var required: Set<Role> = [.covariate, .treatment, .outcome]
      if isSource { required.insert(.source) }
      return try ShardCollection.open(shards, names: data.names, required: required)
    }
    let column = try Self.column(isSource ? nil : name, of: collection)
    frame = try MetaEM.rowsInUse(
      of: collection, roles: Self.roles(clusters, of: collection).union([.covariate, .treatment, column.role]),
      weights: data.names.named.contains(.weight) ? .sampling : nil, storage: storage, on: communicator)
    let place = try Self.place(column, in: frame)
    let (codes, names) = try Self.levels(place, of: frame)
    groups = LevelInstrument(frame, column: place, codes: codes, names: names)
    scaling = try Self.centre(frame)
    features = PolynomialBasis(
      degree: 2, covariateNames: frame.covariateNames, origin: Array(repeating: 0, count: frame.covariateCount))
    kind = .column(isSource ? "the true source" : name)
    origin = ["instrument": name]
  }

  /// Moves the covariates and the treatment of a frame to their means.
  static func centre(_ frame: Frame) throws -> ColumnScaling {
    let centers = try frame.summary().prefix(frame.covariateCount + 1).map(\.mean)
    let scaling = ColumnScaling(centers: centers, scales: centers.map { _ in 1 })
    frame.standardize(center: scaling.centers, scale: scaling.scales)
    return scaling
  }

  /// The roles of the outcome and of the columns of clusters.
  static func roles(_ clusters: [String], of collection: ShardCollection) throws -> Set<Role> {
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
