import Communication
import Networks

/// Some rows in memory, cut into blocks and spread evenly over the ranks: what is passed over as a whole again and again.
package final class RowBlocks {
  package let columns: NetworkColumns
  package let blocks: MinibatchBlocks
  /// The blocks of this rank.
  let local: [RowBlock]

  /// Brings the rows to the ranks. Collective.
  ///
  /// - Parameters:
  ///   - drawn: global rows.
  ///   - spare: columns of 0 behind those of the rows, for what is computed.
  package convenience init(_ drawn: [Int], of data: NetworkRows<some StructuralRows>, spare: Int = 0) throws {
    let window = try Self.window(drawn, data)
    self.init(drawn, 0..<drawn.count, window, data.columns, spare: spare, data.rows.communicator)
  }

  /// The same for rows that are cut into minibatches as even as can be, each spread over the ranks. Collective.
  static func minibatches(
    _ drawn: [Int], of data: NetworkRows<some StructuralRows>, batchSize: Int, spare: Int = 0
  ) throws -> [RowBlocks] {
    let window = try window(drawn, data)
    let count = max(1, drawn.count / batchSize)
    return (0..<count).map { index in
      let places = drawn.count * index / count..<drawn.count * (index + 1) / count
      return RowBlocks(drawn, places, window, data.columns, spare: spare, data.rows.communicator)
    }
  }

  private static func window(_ drawn: [Int], _ data: NetworkRows<some StructuralRows>) throws -> MinibatchWindow {
    try MinibatchWindow(fetching: drawn, from: data.rows, width: data.columns.count, chunkCopy: data.rowCopy)
  }

  /// The rows at some places of a window.
  private init(
    _ drawn: [Int], _ places: Range<Int>, _ window: MinibatchWindow, _ columns: NetworkColumns, spare: Int,
    _ communicator: any Communicator
  ) {
    self.columns = columns
    let blocks = MinibatchBlocks(rowCount: places.count, communicator: communicator)
    self.blocks = blocks
    local = blocks.local.map { index in
      let (block, own) = (RowBlock(columnCount: columns.count + spare), blocks.rows(ofBlock: index))
      let rows = places.lowerBound + own.lowerBound..<places.lowerBound + own.upperBound
      block.rows = Array(drawn[rows])
      block.index = index
      window.copy(
        0..<columns.count, ofStep: 0, places: rows, to: block.column(0), stride: NetworkBlock.stride)
      return block
    }
  }

  var rowCount: Int { blocks.rowCount }

  /// The sum over all blocks, on all ranks. Collective.
  func sum<Value: Reducible>(_ zero: Value, add: (inout Value, RowBlock) -> Void) throws -> Value {
    try blocks.sum(zero) { partial, index in add(&partial, local[index - blocks.local.lowerBound]) }
  }
}
