import FoundationEssentials
import Frames
import Shards
import Storage

/// Shards and the test sample, `test.h5` when there are test rows, hold x, t, y, z and `truth/g`, `truth/tau`, `truth/eps`
/// [n], `truth/w` [K, M].
extension Simulation: ShardedSimulation {
  /// The name of the file with the test sample.
  public static let testFileName = "test.h5"
  /// The name of the file with the parameters.
  public static let parametersFileName = "simulation.json"
  public var companionNames: [String] { [Self.testFileName, Self.parametersFileName] }
  /// Rows made at a time.
  private static let blockRows = 1 << 16

  public var rowCount: Int { parameters.rows }

  public var header: ShardHeader {
    var header = ShardHeader(covariateNames: table?.names ?? Frame.defaultNames(parameters.covariates))
    header.sourceDigest = table?.sourceDigest
    return header
  }

  public func manifest(of shards: [Manifest.Shard]) -> Manifest { Manifest(header: header, shards: shards) }

  public func writeShard(_ path: String, rows range: Range<Int>) throws -> Manifest.Shard {
    try write(path, range: range, block: rows)
  }

  public func writeCompanion(_ name: String, toFolder folder: String) throws {
    if name == Self.parametersFileName {
      try parameters.save(to: "\(folder)/\(name)")
    } else if parameters.testRows > 0 {
      try writeTest(toFolder: folder)
    }
  }

  private func writeTest(toFolder folder: String) throws {
    _ = try write("\(folder)/\(Self.testFileName)", range: 0..<parameters.testRows, block: testRows)
  }

  private func write(
    _ path: String, range: Range<Int>, block: (Range<Int>) -> SimulatedRows
  ) throws -> Manifest.Shard {
    let writer = try ShardWriter(
      path: path, header: header, roles: [.covariate, .treatment, .outcome, .source],
      extras: ["truth/g": nil, "truth/tau": nil, "truth/eps": nil], force: false)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
      let rows = block(start..<min(start + Self.blockRows, range.upperBound))
      try writer.append(
        ShardBlock(
          covariates: rows.x, treatment: rows.t, outcome: rows.y, source: rows.z.map(Int64.init),
          extras: ["truth/g": rows.g, "truth/tau": rows.effect, "truth/eps": rows.epsilon]))
    }
    try writer.write(constant: weights.values, shape: [weights.rows, weights.columns], to: "truth/w")
    return try writer.finish()
  }
}

extension Encodable {
  /// Writes the parameters of a simulation as JSON for people.
  func save(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let bytes = try Array(encoder.encode(self)) + Array("\n".utf8)
    try AtomicFile.save(bytes, to: path, force: false)
  }
}
