import Communication
import Diagnostics
import Effects
import Features
import Frames
import MetaEM
import Reports
import Shards
import Storage

extension EffectSource.Rows {
  /// Rows with an instrument that is made of columns of numbers. Collective.
  ///
  /// - Parameters:
  ///   - rule: how one is made of them; nil takes them as they are.
  ///   - names: columns of the shards, or datasets beside them.
  /// - Throws: on all ranks the same ``Failure`` `data` when there is no such column, or it is no use.
  init(
    _ rule: CandidateRule?, of names: [String], _ rows: Frame, _ collection: ShardCollection, seed: UInt64
  ) throws {
    let scaling = try EffectSource.centre(rows)
    let columns = try CandidateSource(names, rows, collection)
    let found = try CandidateColumns(columns.frame, columns.places, scaling: scaling)
    // Of controls there is nothing to make.
    let making = found.areControls ? nil : rule
    let instrument = try making.map { try found.instrument($0, seed: seed) } ?? found.instrument()
    let list = names.joined(separator: ",")
    self.init(
      frame: rows, groups: instrument, features: instrument.features, scaling: scaling,
      kind: .values(rule?.rawValue ?? list, of: names),
      origin: ["instrument": rule?.rawValue ?? list, "candidates": list])
  }
}

/// The rows of an effect with its candidates beside them.
private struct CandidateSource {
  let frame: Frame
  /// Of the candidates, in the order of their names.
  let places: [Int]

  /// Collective.
  init(_ names: [String], _ rows: Frame, _ collection: ShardCollection) throws {
    let own = rows.schema.columns
    let covariates = rows.columns(of: .covariate).filter { own[$0].kind == .real }
    let foreign = names.filter { name in !covariates.contains { own[$0].name == name } }
    let taken = [rows.treatmentName, rows.outcomeName, collection.names.treatment, collection.names.outcome]
    if let name = foreign.first(where: taken.contains) {
      throw Failure(.usage, "--candidates \(name) is the treatment or the outcome; name what moves the treatment alone")
    }
    let datasets = try rows.rows.communicator.agree {
      try foreign.map { try Self.dataset($0, of: collection, covariates.map { own[$0].name }) }
    }
    guard foreign.isEmpty || rows.rows.rowCount == collection.rowCount else {
      throw Failure(
        .usage,
        "--candidates \(foreign[0]) is read for all rows of the shards, and some are not in use; write shards of "
          + "those that are")
    }
    var columns = covariates.map { Column(own[$0].name, .covariate) }
    columns += [Column(rows.treatmentName, .treatment), Column(rows.outcomeName, .outcome)]
    if !rows.columns(of: .weight).isEmpty { columns.append(Column("weight", .weight)) }
    let source = JoinedRows(rows: rows, collection: collection, datasets: datasets)
    let schema = try Schema(columns + foreign.map { Column($0, .instrument) })
    frame = try Frame(
      source, rows: rows.rows, schema: schema, storage: rows.isStreamed ? .stream() : .memory)
    places = names.map { name in
      schema.columns.firstIndex { $0.name == name && [.covariate, .instrument].contains($0.role) }!
    }
  }

  /// The dataset of numbers that a name stands for.
  private static func dataset(_ name: String, of collection: ShardCollection, _ covariates: [String]) throws -> String {
    let file = try HDF5File.open(collection.shards[0].path)
    let all = file.datasetNames()
    if let found = all.first(where: { $0 == name }) ?? all.first(where: { $0.hasSuffix("/\(name)") }) { return found }
    throw Failure(
      .data,
      "--candidates \(name): the shards have no column or dataset of that name; "
        + suggestion(for: name, among: covariates + all))
  }
}

/// The covariates, treatment, outcome and weights of some rows, and numbers of datasets beside them.
private struct JoinedRows: ChunkSource {
  let rows: Frame
  let collection: ShardCollection
  let datasets: [String]

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      let range = target.grid.rows(ofChunk: chunk)
      var next = 0
      func write(_ values: UnsafePointer<Double>) {
        target.reals(next, chunk: chunk).update(from: values, count: range.count)
        next += 1
      }
      for j in 0..<rows.covariateCount { write(try rows.pointer(covariate: j, chunk: chunk)) }
      write(try rows.treatment(chunk: chunk))
      if let outcome = try rows.outcome(chunk: chunk) { write(outcome) }
      if let weight = try rows.weight(chunk: chunk) { write(weight) }
      for dataset in datasets {
        let numbers = try collection.numbers(named: dataset, ofRows: range)
        guard numbers.count == range.count else {
          throw Failure(.data, "dataset '\(dataset)' has several numbers in a row; --candidates takes datasets of one")
        }
        numbers.withUnsafeBufferPointer { write($0.baseAddress!) }
      }
    }
  }
}
