import Frames
import Shards

/// Shards hold a column of codes for each variable, and the truth: `truth/latents` [n, latents], `truth/shares` [latents, 3],
/// `truth/laws/<variable>` [combinations of parents and latents, levels], parents in the order of the graph's variables
/// and latents in that of its `<->`, the last the fastest, and, where an effect is asked for, `truth/effect` [combinations
/// of what is set, combinations of outcomes].
extension GraphSimulation: ShardedSimulation {
  public var companionNames: [String] { [Simulation.parametersFileName] }
  /// Rows made at a time.
  private static let blockRows = 1 << 14

  public var rowCount: Int { parameters.rows }
  public var header: ShardHeader {
    var header = ShardHeader(covariates: [])
    header.columns = zip(graph.names, levels).map { name, count in
      Column(name, .variable, .categorical(levels: (0..<count).map(String.init)))
    }
    return header
  }

  public func manifest(of shards: [Manifest.Shard]) -> Manifest { Manifest(header: header, shards: shards) }

  public func writeShard(_ path: String, rows range: Range<Int>) throws -> Manifest.Shard {
    let latents = latentShares.count
    let writer = try ShardWriter(
      path: path, header: header, roles: [], extras: latents > 0 ? ["truth/latents": latents] : [:], force: false)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
      let rows = (start..<min(start + Self.blockRows, range.upperBound)).map(row)
      try writer.append(
        ShardBlock(
          columns: levels.indices.map { variable in .codes(rows.map { Int64($0.variables[variable]) }) },
          extras: latents > 0 ? ["truth/latents": rows.flatMap { $0.latents.map(Double.init) }] : [:]))
    }
    if latents > 0 {
      try writer.write(
        constant: latentShares.flatMap { $0 }, shape: [latents, Self.latentLevels], to: "truth/shares")
    }
    for (variable, table) in tables.enumerated() {
      try writer.write(
        constant: table.probabilities.flatMap { $0 }, shape: [table.probabilities.count, levels[variable]],
        to: "truth/laws/\(graph.names[variable])")
    }
    if let effect {
      try writer.write(constant: effect.flatMap { $0 }, shape: [effect.count, effect[0].count], to: "truth/effect")
    }
    return try writer.finish()
  }

  public func writeCompanion(_ name: String, toFolder folder: String) throws {
    try parameters.save(to: "\(folder)/\(name)")
  }
}
