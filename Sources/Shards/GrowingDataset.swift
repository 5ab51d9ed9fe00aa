import Diagnostics
import Frames
import Storage

/// A dataset of a shard in the making: rows are gathered to a whole chunk before they are appended.
struct GrowingDataset {
  let path: String
  /// The columns of a matrix; nil for one dimension.
  let width: Int?
  /// What the rows so far are of; nil before the first.
  private var element: Element?
  private var reals: [Double] = []
  private var codes: [Int64] = []
  private var texts: [String] = []
  /// Bytes of the longest string that fits the dataset.
  private var stringWidth = 0

  private enum Element { case real, code, text }

  init(path: String, width: Int? = nil) {
    self.path = path
    self.width = width
  }

  /// Takes rows.
  ///
  /// - Precondition: the values are of the kind of those before.
  mutating func gather(_ values: ColumnValues, rows: Range<Int>) {
    let range = rows.lowerBound * (width ?? 1)..<rows.upperBound * (width ?? 1)
    let found: Element
    switch values {
    case .reals(let values):
      found = .real
      reals += values[range]
    case .codes(let values):
      found = .code
      codes += values[range]
    case .texts(let values):
      found = .text
      texts += values[range]
    }
    precondition(element == nil || element == found, "the values of '\(path)' are not of one kind")
    element = found
  }

  /// Creates the dataset in a file.
  ///
  /// - Parameter kind: decides what the elements are when no row has come.
  mutating func create(in file: borrowing HDF5File, chunkRows: Int, _ kind: ColumnKind) throws {
    let shape = [0] + (width.map { [$0] } ?? [])
    switch element ?? (kind.holdsCodes ? .code : kind == .text ? .text : .real) {
    case .real: try file.createDataset(path, of: Double.self, shape: shape, chunkRows: chunkRows, isExtendible: true)
    case .code: try file.createDataset(path, of: Int64.self, shape: shape, chunkRows: chunkRows, isExtendible: true)
    case .text:
      stringWidth = Self.width(for: texts)
      try file.createStringDataset(path, width: stringWidth, rowCount: 0, chunkRows: chunkRows, isExtendible: true)
    }
  }

  /// Appends what was gathered; a dataset whose strings are too short is replaced by a wider one.
  ///
  /// - Throws: ``Failure`` `data` when a string holds a zero character.
  mutating func flush(to file: borrowing HDF5File, chunkRows: Int) throws {
    switch element {
    case .real: try file.dataset(path).append(reals)
    case .code: try file.dataset(path).append(codes)
    case .text:
      try refuseZeroCharacters(in: file)
      let width = Self.width(for: texts)
      if width > stringWidth {
        stringWidth = width
        try file.widenStrings(of: path, to: width, chunkRows: chunkRows)
      }
      try file.dataset(path).append(texts)
    case nil: return
    }
    reals.removeAll(keepingCapacity: true)
    codes.removeAll(keepingCapacity: true)
    texts.removeAll(keepingCapacity: true)
  }

  /// Strings of fixed length end at a zero, so a text that holds one would come back cut off.
  private func refuseZeroCharacters(in file: borrowing HDF5File) throws {
    if let text = texts.first(where: { $0.utf8.contains(0) }) {
      let what = path == DatasetNames().identifier ? "identifier" : "text"
      throw Failure(
        .data, "\(file.path): the \(what) '\(text.replacing("\0", with: "\\0"))' holds a zero character; remove it")
    }
  }

  /// Bytes for the longest string, with some to spare.
  private static func width(for strings: [String]) -> Int {
    strings.reduce(1) { max($0, ($1.utf8.count + 7) / 8 * 8) }
  }
}
