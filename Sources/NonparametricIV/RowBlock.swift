import LinearAlgebra
import Networks

/// Some rows as columns, for networks to read: value j of row i lies at `column(j)[i]`, with 0 behind the last row.
package final class RowBlock {
  /// The global rows.
  package internal(set) var rows: [Int] = []
  /// The number of the block among those of all ranks.
  var index = 0
  private let values: AlignedBuffer

  init(columnCount: Int) {
    values = AlignedBuffer(count: columnCount * NetworkBlock.stride)
  }

  package func column(_ j: Int) -> UnsafeMutablePointer<Double> { values.pointer + j * NetworkBlock.stride }

  var outcome: UnsafePointer<Double> { UnsafePointer(column(NetworkColumns.outcome)) }
  var weight: UnsafePointer<Double> { UnsafePointer(column(NetworkColumns.weight)) }
  var treatment: UnsafePointer<Double> { UnsafePointer(column(NetworkColumns.treatment)) }

  /// Gives columns to a network as its inputs, the first of them at `first`.
  func fill(_ network: NetworkBlock, _ columns: Range<Int>, at first: Int = 0) {
    fill(network, from: column(columns.lowerBound), columnCount: columns.count, at: first)
  }

  /// The same for columns that lie elsewhere, `NetworkBlock.stride` apart.
  func fill(_ network: NetworkBlock, from source: UnsafePointer<Double>, columnCount: Int = 1, at first: Int = 0) {
    network.rowCount = rows.count
    network.rowIdentifiers = rows
    (network.input + first * NetworkBlock.stride).update(from: source, count: columnCount * NetworkBlock.stride)
  }
}
