internal import CHDF5
import Diagnostics

extension HDF5File {
  /// Opens a dataset.
  ///
  /// - Throws: ``Failure`` `data` that lists the datasets there are, when this one is missing.
  public func dataset(_ name: String) throws -> HDF5Dataset {
    guard try hasDataset(name) else {
      throw Failure(.data, "\(path) has no dataset '\(name)'; it holds: \(datasetList())")
    }
    let dataset = try open(name, access: giv_h5p_default())
    // Others may have written chunks larger than the library's cache, which would be read anew for every few rows.
    let chunkBytes = isWritable ? 0 : try dataset.chunkBytesPerRow()
    guard chunkBytes > 1 << 20 else { return dataset }
    let access = try HDF5Handle("H5Pcreate", on: dataset.location, exitCode, closedBy: H5Pclose) {
      H5Pcreate(giv_h5p_dataset_access())
    }
    try HDF5Library.check("H5Pset_chunk_cache", on: dataset.location, exitCode) {
      H5Pset_chunk_cache(access.id, 521, min(chunkBytes, Self.largestCache), 1)
    }
    _ = consume dataset
    return try open(name, access: access.id)
  }

  /// Bytes of chunks that are kept at most.
  private static let largestCache = 256 << 20

  private func open(_ name: String, access: hid_t) throws -> HDF5Dataset {
    let opened = try HDF5Handle("H5Dopen2", on: "\(path): dataset '\(name)'", exitCode, closedBy: H5Dclose) {
      H5Dopen2(handle.id, name, access)
    }
    return HDF5Dataset(path: path, name: name, exitCode: exitCode, handle: opened)
  }

  /// The datasets of the file, for a message.
  package func datasetList() -> String {
    let names = datasetNames()
    if names.isEmpty { return "none" }
    return names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", … (\(names.count) datasets)" : "")
  }

  /// Creates a dataset of numbers, and the groups that its path runs through.
  ///
  /// - Parameters:
  ///   - shape: the extents; the first may be 0.
  ///   - chunkRows: the rows of a chunk; by default as many as make about a mebibyte.
  ///   - isExtendible: whether rows can be appended.
  @discardableResult
  public func createDataset<Element: HDF5Element>(
    _ name: String, of: Element.Type, shape: [Int], chunkRows: Int? = nil, isExtendible: Bool = false
  ) throws -> HDF5Dataset {
    try createDataset(
      name, type: HDF5Library.locked { Element.number.fileType }, shape: shape,
      chunkRows: chunkRows ?? Self.chunkRows(columns: shape.dropFirst().reduce(1, *)), isExtendible: isExtendible)
  }

  /// Creates a dataset of numbers and fills it, in row-major order.
  public func write<Element: HDF5Element>(_ values: [Element], shape: [Int]? = nil, to name: String) throws {
    let shape = shape ?? [values.count]
    precondition(shape.reduce(1, *) == values.count, "the shape does not fit the values")
    try createDataset(name, of: Element.self, shape: shape).write(values)
  }

  /// Rows of eight-byte numbers that make a chunk of at most a mebibyte, which is what the library caches.
  package static func chunkRows(columns: Int) -> Int {
    var rows = 16384
    while rows > 1 && rows * columns * 8 > 1 << 20 { rows /= 2 }
    return rows
  }

  /// Creates a chunked dataset with checksums and without times.
  func createDataset(
    _ name: String, type: hid_t, shape: [Int], chunkRows: Int, isExtendible: Bool
  ) throws -> HDF5Dataset {
    try createGroups(above: name)
    let location = "\(path): dataset '\(name)'"
    let creation = try HDF5Handle("H5Pcreate", on: location, exitCode, closedBy: H5Pclose) {
      H5Pcreate(giv_h5p_dataset_create())
    }
    try HDF5Library.check("H5Pset_obj_track_times", on: location, exitCode) {
      H5Pset_obj_track_times(creation.id, false)
    }
    // Only chunks can carry checksums, and an empty dimension cannot be cut into chunks.
    if !shape.isEmpty && (isExtendible || !shape.contains(0)) {
      var chunk = shape.map { hsize_t(max(1, $0)) }
      chunk[0] = hsize_t(isExtendible ? chunkRows : min(chunkRows, shape[0]))
      try HDF5Library.check("H5Pset_chunk", on: location, exitCode) {
        H5Pset_chunk(creation.id, Int32(chunk.count), chunk)
      }
      try HDF5Library.check("H5Pset_fletcher32", on: location, exitCode) { H5Pset_fletcher32(creation.id) }
    }
    let extents = shape.map { hsize_t($0) }
    var limits = extents
    if isExtendible { limits[0] = giv_h5s_unlimited() }
    let space = try HDF5Handle("H5Screate_simple", on: location, exitCode, closedBy: H5Sclose) {
      H5Screate_simple(Int32(extents.count), extents, limits)
    }
    let created = try HDF5Handle("H5Dcreate2", on: location, exitCode, closedBy: H5Dclose) {
      H5Dcreate2(handle.id, name, type, space.id, giv_h5p_default(), creation.id, giv_h5p_default())
    }
    return HDF5Dataset(path: path, name: name, exitCode: exitCode, handle: created)
  }
}
