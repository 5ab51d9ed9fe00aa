/// A dataset of strings [n] that grows: fixed-length UTF-8, made wider when a longer string comes.
///
/// Fixed lengths carry checksums, which HDF5 does not give to strings of variable length.
public struct HDF5StringColumn: Sendable {
  private let name: String
  private let chunkRows: Int
  private var width = 0

  public init(_ name: String, chunkRows: Int) {
    self.name = name
    self.chunkRows = chunkRows
  }

  /// Appends strings; the first call creates the dataset.
  public mutating func append(_ strings: [String], to file: borrowing HDF5File) throws {
    // Bytes for the longest string, with some to spare.
    let needed = strings.reduce(8) { max($0, ($1.utf8.count + 7) / 8 * 8) }
    if width == 0 {
      try file.createStringDataset(name, width: needed, rowCount: 0, chunkRows: chunkRows, isExtendible: true)
      width = needed
    } else if needed > width {
      try file.widenStrings(of: name, to: needed, chunkRows: chunkRows)
      width = needed
    }
    try file.dataset(name).append(strings)
  }
}
