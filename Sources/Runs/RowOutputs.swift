import Communication
import Diagnostics
import Storage

/// What an estimator says of every row, written in the order of the input to one file in bounded memory: HDF5, or
/// comma-separated values where its name ends in `.csv`.
///
/// The owner of a chunk produces its rows, and the root writes them, chunk after chunk; so the file has the same bytes on
/// any number of ranks.
///
/// ```swift
/// let outputs = RowOutputs([.numbers("posterior", width: k), .integers("label")], encodingType: "giv-posteriors")
/// let digest = try outputs.write(frame.rows, to: path, digestOf: "posterior", force: false) { chunk in
///   [.numbers(posteriors), .integers(labels)]
/// }
/// ```
public struct RowOutputs: Sendable {
  /// A dataset with one entry for each row.
  public struct Column: Sendable {
    enum Kind { case numbers, integers }

    public let name: String
    let kind: Kind
    /// The extent of the second dimension; nil for none.
    let width: Int?

    /// A column of Float64 [n], or [n, width].
    public static func numbers(_ name: String, width: Int? = nil) -> Column {
      Column(name: name, kind: .numbers, width: width)
    }

    /// A column of Int64 [n].
    public static func integers(_ name: String) -> Column { Column(name: name, kind: .integers, width: nil) }

    fileprivate func shape(rows: Int) -> [Int] { [rows] + (width.map { [$0] } ?? []) }
    fileprivate func byteCount(rows: Int) -> Int { rows * (width ?? 1) * MemoryLayout<Int64>.stride }
  }

  /// The entries of a column for the rows of one chunk, row after row.
  public enum Values: Sendable {
    case numbers([Double])
    case integers([Int64])

    fileprivate var bytes: [UInt8] {
      switch self {
      case .numbers(let values): values.withUnsafeBytes(Array.init)
      case .integers(let values): values.withUnsafeBytes(Array.init)
      }
    }
  }

  /// A column of the input that is kept beside the outputs, such as identifiers, which the root reads.
  public struct Carried {
    public enum Values: Sendable {
      case text([String])
      case integers([Int64])
    }

    let name: String
    let isText: Bool
    let values: (_ rows: Range<Int>) throws -> Values

    public init(_ name: String, isText: Bool, values: @escaping (_ rows: Range<Int>) throws -> Values) {
      self.name = name
      self.isText = isText
      self.values = values
    }
  }

  public let columns: [Column]
  /// What the file says that it is.
  public let encodingType: String
  public let encodingVersion: String

  public init(_ columns: [Column], encodingType: String, encodingVersion: String = "1.0.0") {
    self.columns = columns
    self.encodingType = encodingType
    self.encodingVersion = encodingVersion
  }

  /// Produces and writes all rows. Collective.
  ///
  /// - Parameters:
  ///   - path: where to write; nil computes the digest only.
  ///   - carried: a column of the input to keep.
  ///   - digested: the column whose digest is returned.
  ///   - produce: the entries of a chunk for each column, in their order; it must not communicate.
  /// - Returns: the SHA-256 of the bits of that column (little-endian, row after row), on all ranks.
  /// - Throws: on all ranks the same ``Failure`` when a chunk or `carried` cannot be read or the file not be written.
  @discardableResult
  public func write(
    _ rows: DistributedRows, to path: String?, carrying carried: Carried? = nil, digestOf digested: String, force: Bool,
    produce: (_ chunk: Int) throws -> [Values]
  ) throws -> String {
    let communicator = rows.communicator
    var digest = SHA256Digest()
    let file = try communicator.agree {
      try communicator.isRoot ? path.map { try open($0, carrying: carried, rows: rows.rowCount, force: force) } : nil
    }
    try rows.forEachChunkAtRoot { chunk in
      try produce(chunk).flatMap(\.bytes)
    } consume: { chunk, bytes in
      let range = rows.grid.rows(ofChunk: chunk)
      var rest = bytes[...]
      let parts = columns.map { column in
        let part = rest.prefix(column.byteCount(rows: range.count))
        rest = rest.dropFirst(part.count)
        if column.name == digested { part.withUnsafeBytes { digest.update($0) } }
        return part
      }
      precondition(rest.isEmpty, "a chunk has as many entries as the columns say")
      try file?.write(parts, rows: range)
    }
    try communicator.agree { try file?.commit() }
    let hex = communicator.isRoot ? Array(digest.finalize().utf8) : []
    return String(decoding: try communicator.broadcast(hex, from: 0), as: UTF8.self)
  }

  private func open(
    _ path: String, carrying carried: Carried?, rows: Int, force: Bool
  ) throws -> any RowOutputFile {
    path.hasSuffix(".csv")
      ? try RowOutputText(path, self, carried, force: force)
      : try RowOutputHDF5(path, self, carried, rows: rows, force: force)
  }
}

/// The file of row outputs while it is written.
protocol RowOutputFile: AnyObject {
  /// Writes the rows that follow those written before, with what is carried beside them.
  ///
  /// - Parameter parts: the bytes of each column.
  func write(_ parts: [ArraySlice<UInt8>], rows: Range<Int>) throws
  /// Completes the file and gives it its name.
  func commit() throws
}

private final class RowOutputHDF5: RowOutputFile {
  private var file: HDF5File?
  private var target: AtomicFile?
  private let columns: [RowOutputs.Column]
  private let carried: RowOutputs.Carried?
  private var carriedText: HDF5StringColumn?

  init(_ path: String, _ outputs: RowOutputs, _ carried: RowOutputs.Carried?, rows: Int, force: Bool) throws {
    self.carried = carried
    columns = outputs.columns
    let target = try AtomicFile(path, force: force)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    for column in outputs.columns {
      switch column.kind {
      case .numbers: try file.createDataset(column.name, of: Double.self, shape: column.shape(rows: rows))
      case .integers: try file.createDataset(column.name, of: Int64.self, shape: column.shape(rows: rows))
      }
    }
    if let carried {
      if carried.isText {
        carriedText = HDF5StringColumn(carried.name, chunkRows: 4096)
      } else {
        try file.createDataset(carried.name, of: Int64.self, shape: [rows])
      }
    }
    try file.setAttribute("encoding-type", .string(outputs.encodingType))
    try file.setAttribute("encoding-version", .string(outputs.encodingVersion))
    self.file = consume file
    self.target = consume target
  }

  func write(_ parts: [ArraySlice<UInt8>], rows: Range<Int>) throws {
    for (column, bytes) in zip(columns, parts) {
      let dataset = try file!.dataset(column.name)
      switch column.kind {
      case .numbers: try dataset.write(bytes.elements(Double.self), atRow: rows.lowerBound)
      case .integers: try dataset.write(bytes.elements(Int64.self), atRow: rows.lowerBound)
      }
    }
    guard let carried else { return }
    switch try carried.values(rows) {
    case .text(let strings): try carriedText!.append(strings, to: file!)
    case .integers(let integers): try file!.dataset(carried.name).write(integers, atRow: rows.lowerBound)
    }
  }

  func commit() throws {
    guard let file = file.take(), let target = target.take() else { preconditionFailure("the file is complete") }
    try file.close()
    try target.commit()
  }
}

extension ArraySlice<UInt8> {
  /// The numbers that the bytes hold.
  package func elements<Value: BitwiseCopyable>(_: Value.Type) -> [Value] {
    withUnsafeBytes { bytes in
      [Value](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Value>.stride) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        count = bytes.count / MemoryLayout<Value>.stride
      }
    }
  }
}
