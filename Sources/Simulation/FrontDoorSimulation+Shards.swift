import Frames
import Shards

/// Shards hold X, M and Y, and the truth: `truth/u` [n], and of numbers `truth/do` [n, 3], Y where X is set to -1, 0 and 1 with
/// the row's own errors; of images `truth/digits` [n, 4], the digits that X and Y show, then their colours.
extension FrontDoorSimulation: ShardedSimulation {
  public var companionNames: [String] { [Simulation.parametersFileName] }
  /// Rows made at a time.
  private static let blockRows = 1 << 12

  public var rowCount: Int { parameters.rows }
  private var isGlyphs: Bool { parameters.law == .glyphs }

  public var header: ShardHeader {
    var header = ShardHeader(covariates: [])
    let image = ColumnKind.vector(width: Glyph.colours * Glyph.side * Glyph.side)
    let levels =
      switch parameters.law {
      case .real: [String]()
      case .mixed: ["0", "1", "2"]
      case .glyphs: (0..<10).map(String.init)
      }
    header.columns = [
      Column("X", .variable, isGlyphs ? image : .real),
      Column("M", .variable, levels.isEmpty ? .real : .categorical(levels: levels)),
      Column("Y", .variable, isGlyphs ? image : .real),
    ]
    return header
  }

  public func manifest(of shards: [Manifest.Shard]) -> Manifest { Manifest(header: header, shards: shards) }

  public func writeShard(_ path: String, rows range: Range<Int>) throws -> Manifest.Shard {
    let truth: (path: String, width: Int) = isGlyphs ? ("truth/digits", 4) : ("truth/do", Self.settings.count)
    let writer = try ShardWriter(
      path: path, header: header, roles: [], extras: ["truth/u": nil, truth.path: truth.width], force: false)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
      let rows = (start..<min(start + Self.blockRows, range.upperBound)).map(row)
      try writer.append(
        ShardBlock(
          columns: [
            .reals(rows.flatMap(\.x)),
            parameters.law == .real ? .reals(rows.map(\.m)) : .codes(rows.map { Int64($0.m) }),
            .reals(rows.flatMap(\.y)),
          ], extras: ["truth/u": rows.map(\.u), truth.path: rows.flatMap(\.truth)]))
    }
    return try writer.finish()
  }

  public func writeCompanion(_ name: String, toFolder folder: String) throws {
    try parameters.save(to: "\(folder)/\(name)")
  }
}
