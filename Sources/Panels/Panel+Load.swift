import Communication
import Diagnostics
import Frames
import Shards

extension Panel {
  /// Reads this rank's rows of a panel. Collective.
  ///
  /// - Parameter storage: where the outcomes are kept.
  /// - Throws: on all ranks the same ``Failure`` `data` that names unit and period of an infinite value, or a file that
  ///   is damaged.
  public static func load(
    _ collection: PanelCollection, storage: FrameStorage = .memory, on communicator: any Communicator
  ) throws -> Panel {
    let rows = DistributedRows(grid: grid(rowCount: collection.rowCount), communicator: communicator)
    let reader = try communicator.agree {
      try PanelReader(collection, grid: rows.grid, localChunks: rows.localChunks)
    }
    let schema = try Schema([
      Column("y", .outcome, .vector(width: collection.width), allowsMissing: true)
    ])
    let frame = try Frame(reader, rows: rows, schema: schema, storage: storage, checksValues: false)
    return Panel(
      layout: collection.layout, frame: frame, arms: collection.arms, periods: collection.periods.texts,
      metrics: collection.metrics, units: collection.units.texts, unitArms: collection.unitArms,
      starts: collection.starts)
  }

  /// How the rows of a panel are cut into chunks: units and periods are few and heavy.
  public static func grid(rowCount: Int) -> RowGrid {
    RowGrid(rowCount: rowCount, chunkLength: RowGrid.chunkLength(rowCount: rowCount))
  }
}
