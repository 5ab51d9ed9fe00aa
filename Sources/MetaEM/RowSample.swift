import Communication
import Frames
import LinearAlgebra
import Mixture
import Runs
import Shards

/// Some rows of a fit, evenly spaced among all, to be looked at: their treatment beside what the rule of their group gives.
///
/// Rows 0, s, 2 s, … with the least s that leaves at most ``mostRows``, so that they are the same on any number of ranks.
public struct RowSample: Sendable {
  static let mostRows = 1000

  private struct Row: BitwiseCopyable {
    let row: Int
    /// A code of the institutions; -1 where none is told.
    let institution: Int
    let label: Int
    /// Of the label's group.
    let posterior: Double
    /// -Σ_k γ_k log γ_k of the row's posteriors.
    let entropy: Double
    /// In the units of the data, as ``fit``.
    let treatment: Double
    /// β_k'(1, r) of the label's group; NaN of groups without a regression of t.
    let fit: Double
  }

  private let rows: [Row]
  private let institutions: [String]

  /// The rows with the columns `row`, `institution`, `label`, `posterior`, `entropy`, `t` and `fit`.
  public var table: ResultTable {
    var table = ResultTable(rowCount: rows.count)
    table.add("row", .integers(rows.map(\.row)))
    table.add("institution", .text(rows.map { $0.institution < 0 ? nil : institutions[$0.institution] }))
    table.add("label", .integers(rows.map(\.label)))
    table.add("posterior", .numbers(rows.map(\.posterior)))
    table.add("entropy", .numbers(rows.map(\.entropy)))
    table.add("t", .numbers(rows.map(\.treatment)))
    table.add("fit", .numbers(rows.map { $0.fit.isNaN ? nil : $0.fit }))
    return table
  }

  /// Collective; the root has the rows.
  ///
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  init(_ result: MetaEM.Result, _ collection: ShardCollection) throws {
    let design = result.everyRow
    let distributed = design.rows.distributed
    let step = max(1, (distributed.rowCount + Self.mostRows - 1) / Self.mostRows)
    let holders = try Holders(collection, distributed)
    let rules = TreatmentRules(result.model)
    var rule = result.rule
    rule.numbering = result.fittedRows
    var sampled: [Row] = []
    try distributed.forEachChunkAtRoot { index in
      let chunk = design.rows.chunk(index)
      let places = chunk.rows.indices.filter { $0 % step == 0 }.map { $0 - chunk.rows.lowerBound }
      guard !places.isEmpty else { return [] }
      let block = try rule(design, chunk: chunk).block
      let institutions = try holders?.codes(chunk: index)
      let treatment = try design.treatment(ofChunk: chunk)
      let rows = try design.withBlock(ofChunk: chunk) { columns, _ in
        places.map { place in
          let label = block.labels[place]
          let posteriors = block.posteriors[place * rule.groupCount..<(place + 1) * rule.groupCount]
          return Row(
            row: chunk.rows.lowerBound + place, institution: institutions?[place] ?? -1, label: label,
            posterior: posteriors[posteriors.startIndex + label],
            entropy: posteriors.reduce(0) { $1 > 0 ? $0 - $1 * Elementary.log($1) : $0 },
            treatment: rules.inDataUnits(treatment[place]), fit: rules.fit(columns, row: place, group: label))
        }
      }
      return rows.withUnsafeBytes(Array.init)
    } consume: { _, bytes in
      bytes.withUnsafeBytes { bytes in
        for place in 0..<bytes.count / MemoryLayout<Row>.stride {
          sampled.append(bytes.loadUnaligned(fromByteOffset: place * MemoryLayout<Row>.stride, as: Row.self))
        }
      }
    }
    rows = sampled
    institutions = holders?.names ?? []
  }
}

extension MetaEM.Result {
  /// Some rows, evenly spaced among all. Collective; the root has them.
  ///
  /// - Parameter collection: the rows of the fit.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  public func sample(_ collection: ShardCollection) throws -> RowSample { try RowSample(self, collection) }
}

/// Who holds the rows.
private struct Holders {
  let names: [String]
  private let frame: Frame

  /// Nil of rows that do not tell.
  init?(_ collection: ShardCollection, _ rows: DistributedRows) throws {
    guard collection.roles.contains(.institution) else { return nil }
    frame = try Frame.load(
      collection, rows: rows, roles: [.institution], allowingMissing: [.institution], storage: .stream())
    guard let levels = frame.schema.columns[0].kind.levels else { return nil }
    names = levels
  }

  /// A code of ``names`` for each row of a chunk, or -1.
  func codes(chunk: Int) throws -> [Int] {
    let codes = try frame.codes(0, chunk: chunk)
    return (0..<frame.rowCount(ofChunk: chunk)).map { names.indices.contains(Int(codes[$0])) ? Int(codes[$0]) : -1 }
  }
}

/// What the regressions of the groups give for the treatment, in the units of the data.
private struct TreatmentRules {
  /// β_k, the constant first, on the first columns of a design; nil of groups without such a regression.
  private let coefficients: [[Double]]?
  private let center: Double
  private let scale: Double
  /// Of what the regressions give: a joint model has a scale of its own.
  private let ruleCenter: Double
  private let ruleScale: Double

  init(_ model: FittedModel) {
    coefficients =
      switch model.mixture {
      case .regression(let mixture): mixture.coefficients
      case .joint(let joint): joint.mixture.selectionCoefficients
      case .gaussian, .kmeans: nil
      }
    (center, scale) = (model.scaling.centers.last!, model.scaling.scales.last!)
    (ruleCenter, ruleScale) = model.joint.map { ($0.treatmentCenter, $0.treatmentScale) } ?? (center, scale)
  }

  func inDataUnits(_ t: Double) -> Double { center + scale * t }

  func fit(_ block: Kernel.Block, row: Int, group: Int) -> Double {
    guard let beta = coefficients?[group] else { return .nan }
    return ruleCenter + ruleScale * beta.indices.reduce(0) { $0 + beta[$1] * block.columns[$1]![row] }
  }
}
