import Communication
import Diagnostics
import Frames
import Panels

extension Panel {
  /// The same panel with a row for each unit. Collective where rows are periods: every rank is sent all cells, a few
  /// periods at a time, and keeps those of its units.
  func inUnits() throws -> Panel {
    guard layout == .periods else { return self }
    let width = metrics.count
    let rows = DistributedRows(
      rowCount: units.count, chunkLength: RowGrid.chunkLength(rowCount: units.count),
      communicator: frame.rows.communicator)
    let own = rows.localRows
    var values = [Double](repeating: .nan, count: own.count * periods.count * width)
    let outcome = frame.columns(of: .outcome)[0]
    // The longest run of chunks that any rank owns.
    let turns = frame.rows.partition.chunks.map(\.count).max() ?? 0
    for turn in 0..<turns {
      let chunk = frame.rows.localChunks.lowerBound + turn
      let message = try rows.communicator.agree {
        try frame.rows.localChunks.contains(chunk) ? cells(ofChunk: chunk, outcome) : []
      }
      for (rank, cells) in try rows.communicator.allGather(elements: message).enumerated() where !cells.isEmpty {
        let range = frame.rows.grid.rows(ofChunk: frame.rows.partition.chunks[rank].lowerBound + turn)
        for (offset, period) in range.enumerated() {
          for unit in own {
            for metric in 0..<width {
              values[((unit - own.lowerBound) * periods.count + period) * width + metric] =
                cells[(offset * units.count + unit) * width + metric]
            }
          }
        }
      }
    }
    let schema = try Schema([
      Column("y", .outcome, .vector(width: periods.count * width), allowsMissing: true)
    ])
    return Panel(
      layout: .units,
      frame: try Frame(
        UnitRows(first: own.lowerBound, width: periods.count * width, values: values), rows: rows, schema: schema),
      arms: arms, periods: periods, metrics: metrics, units: units, unitArms: unitArms, starts: starts)
  }

  /// The cells of a chunk of periods, period after period.
  private func cells(ofChunk chunk: Int, _ outcome: Int) throws -> [Double] {
    let count = frame.rowCount(ofChunk: chunk)
    var cells = [Double](repeating: 0, count: count * units.count * metrics.count)
    for component in 0..<units.count * metrics.count {
      let values = try frame.reals(outcome, component: component, chunk: chunk)
      for row in 0..<count { cells[row * units.count * metrics.count + component] = values[row] }
    }
    return cells
  }
}

/// The rows of this rank's units.
private struct UnitRows: ChunkSource {
  let first: Int
  let width: Int
  let values: [Double]

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      for component in 0..<width {
        let column = target.reals(0, component: component, chunk: chunk)
        for (offset, unit) in target.grid.rows(ofChunk: chunk).enumerated() {
          column[offset] = values[(unit - first) * width + component]
        }
      }
    }
  }
}
