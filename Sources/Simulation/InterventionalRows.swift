import Diagnostics
import Frames
import InterventionalSampling
import Shards
import Storage

/// Rows under an intervention as shards: a column of the role `variable` for each variable that they tell, and beside them
/// files that say what they are rows of.
public struct InterventionalRows: ShardedSimulation {
  /// The bytes of a file beside the shards.
  public typealias Companion = @Sendable () throws -> [UInt8]

  private let sample: InterventionalSample
  private let companions: [String: Companion]
  public let companionNames: [String]
  private let isStopRequested: @Sendable () -> Bool

  /// - Parameters:
  ///   - companions: what makes the files beside the shards, by their names; each is called on one rank.
  ///   - companionNames: the names of all files that may lie there.
  ///   - isStopRequested: asked between blocks of rows; when true, writing ends with ``Failure`` `temporary`.
  public init(
    _ sample: InterventionalSample, companions: [String: Companion], among companionNames: [String],
    isStopRequested: @escaping @Sendable () -> Bool
  ) {
    self.sample = sample
    self.companions = companions
    self.companionNames = companionNames
    self.isStopRequested = isStopRequested
  }

  private var variables: [InterventionalNetwork.Variable] { sample.variables.map { sample.network.variables[$0] } }

  public var rowCount: Int { sample.rowCount }
  private var header: ShardHeader {
    var header = ShardHeader(covariates: [])
    header.columns = variables.map { variable in
      let kind: ColumnKind
      if let numbers = variable.numbers {
        kind = numbers.width > 1 ? .vector(width: numbers.width) : .real
      } else {
        kind = variable.values == nil ? .categorical(levels: variable.levels) : .real
      }
      return Column(variable.name, .variable, kind)
    }
    return header
  }

  public func manifest(of shards: [Manifest.Shard]) -> Manifest { Manifest(header: header, shards: shards) }

  public func writeShard(_ path: String, rows range: Range<Int>) throws -> Manifest.Shard {
    let writer = try ShardWriter(path: path, header: header, roles: [], force: false)
    var block = sample.emptyBlock
    for start in stride(from: range.lowerBound, to: range.upperBound, by: RowBlock.length) {
      guard !isStopRequested() else {
        throw Failure(.temporary, "stopped; the same command with --resume goes on with the shards that are complete")
      }
      try sample.draw(start..<min(start + RowBlock.length, range.upperBound), into: &block)
      try writer.append(
        ShardBlock(
          columns: zip(sample.variables, variables).map { place, variable in
            if let numbers = variable.numbers {
              let components = (0..<numbers.width).map { block.numbers(of: place, component: $0) }
              return .reals(
                (0..<block.rowCount).flatMap { row in components.map { $0[$0.startIndex + row] } })
            }
            let levels = block.levels(of: place)
            return variable.values.map { values in .reals(levels.map { values[Int($0)] }) }
              ?? .codes(levels.map(Int64.init))
          }))
    }
    return try writer.finish()
  }

  public func writeCompanion(_ name: String, toFolder folder: String) throws {
    guard let bytes = try companions[name]?() else { return }
    try AtomicFile.save(bytes, to: "\(folder)/\(name)", force: true)
  }
}
