import ControlFunction
import Frames
import Mixture
import Runs
import Shards

extension Design {
  /// Writes the posteriors, labels and identifiers of all rows, in their order, to one HDF5 file. Collective.
  ///
  /// The file holds `posterior` [n, K], `label` [n], with a joint model `effect` [n], τ(t_i, x_i), and, when the shards
  /// have identifiers, `id` [n].
  ///
  /// - Parameters:
  ///   - joint: the joint model that the rule is of, if it is of one.
  ///   - path: where to write; nil computes the digest only.
  /// - Returns: the SHA-256 of the posteriors' bits (little-endian Float64, row after row), on all ranks.
  /// - Throws: on all ranks the same ``Failure`` when the file cannot be written or identifiers cannot be read.
  @discardableResult
  public func writePosteriors(
    of rule: PosteriorRule, joint: JointModel? = nil, collection: ShardCollection, to path: String?, force: Bool
  ) throws -> String {
    let outputs = RowOutputs(
      [.numbers("posterior", width: rule.groupCount), .integers("label")] + (joint == nil ? [] : [.numbers("effect")]),
      encodingType: "giv-posteriors")
    return try outputs.write(
      rows.distributed, to: path, carrying: collection.carriedIdentifiers, digestOf: "posterior", force: force
    ) { index in
      let chunk = rows.chunk(index)
      let block = try rule(self, chunk: chunk).block
      let effects = try joint.map { [RowOutputs.Values.numbers(try $0.effects(self, chunk: chunk))] } ?? []
      return [.numbers(block.posteriors), .integers(block.labels.map(Int64.init))] + effects
    }
  }
}

extension MetaEM.Result {
  /// Writes the posteriors, labels and identifiers of all rows, also of those that were not fitted; see
  /// `Design.writePosteriors(of:joint:collection:to:force:)`. Collective.
  public func writePosteriors(_ collection: ShardCollection, to path: String?, force: Bool) throws -> String {
    var rule = rule
    rule.numbering = fittedRows
    return try everyRow.writePosteriors(
      of: rule, joint: joint?.model, collection: collection, to: path, force: force)
  }
}

extension ShardCollection {
  /// The identifiers of the rows as the column `id`; nil when they have none.
  package var carriedIdentifiers: RowOutputs.Carried? {
    guard roles.contains(.identifier) else { return nil }
    return RowOutputs.Carried("id", isText: hasTextIdentifiers) { rows in
      switch try identifiers(ofRows: rows) {
      case .strings(let strings): .text(strings)
      case .integers(let integers): .integers(integers)
      case nil: preconditionFailure("the shards have identifiers")
      }
    }
  }
}
