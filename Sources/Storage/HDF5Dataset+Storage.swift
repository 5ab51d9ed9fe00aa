internal import CHDF5
import Diagnostics
import Glibc

extension HDF5Dataset {
  /// Refuses a dataset that the library cannot read, or of which it would read fill values without a word: one that is
  /// compressed by a filter that is not there, that was never written or only in part, whose raw file is missing or too
  /// short, or that is put together from sources of which one cannot be read.
  ///
  /// Only metadata are read. The extents of a virtual dataset are those of its sources, so this comes before ``shape()``.
  /// - Returns: the paths of the other files that the values lie in.
  /// - Throws: ``Failure`` `data`, or `noInput` when another file is missing.
  @discardableResult
  package func requireStored() throws -> [String] { try requireStored(reachedFrom: []) }

  /// - Parameter chain: the virtual datasets that this one is a source of.
  func requireStored(reachedFrom chain: [HDF5Place]) throws -> [String] {
    let creation = try openCreationProperties()
    try requireFilters(creation)
    switch HDF5Library.locked({ H5Pget_layout(creation.id) }) {
    case H5D_VIRTUAL:
      return try requireSources(creation, reachedFrom: chain)
    case H5D_CHUNKED:
      try requireChunks(creation)
      return []
    case H5D_CONTIGUOUS:
      return try requireContiguous(creation)
    default:
      return []
    }
  }

  /// The number of elements; 0 for a dataset that has none by its kind of data space.
  func elementCount() throws -> Int {
    let space = try openSpace()
    return Int(
      try HDF5Library.check("H5Sget_simple_extent_npoints", on: location, exitCode) {
        H5Sget_simple_extent_npoints(space.id)
      })
  }

  // MARK: Chunks

  private func requireChunks(_ creation: borrowing HDF5Handle) throws {
    let shape = try shape()
    guard try elementCount() > 0 else { return }
    let chunk = try chunkShape(creation, rank: shape.count)
    let counts = zip(shape, chunk).map { ($0 - 1) / $1 + 1 }
    let needed = counts.reduce(1.0) { $0 * Double($1) }
    let space = try openSpace()
    var written: hsize_t = 0
    try HDF5Library.check("H5Dget_num_chunks", on: location, exitCode) {
      H5Dget_num_chunks(handle.id, space.id, &written)
    }
    guard Double(written) < needed else { return }
    let row = try firstMissingChunk(counts, chunk).map { ", first that of row \($0) (counted from 0)" } ?? ""
    throw Failure(
      .data,
      "\(location): \(String(format: needed - Double(written))) of its \(String(format: needed)) chunks were never "
        + "written\(row), and would be read as fill values; write all rows, or cut the dataset to those that there are")
  }

  /// The row of the first chunk that was never written, in the order of rows.
  private func firstMissingChunk(_ counts: [Int], _ chunk: [Int]) throws -> Int? {
    var place = counts.map { _ in 0 }
    while true {
      let offset = zip(place, chunk).map { hsize_t($0 * $1) }
      var (mask, address, size): (UInt32, haddr_t, hsize_t) = (0, 0, 0)
      try HDF5Library.check("H5Dget_chunk_info_by_coord", on: location, exitCode) {
        H5Dget_chunk_info_by_coord(handle.id, offset, &mask, &address, &size)
      }
      if address == giv_h5_undefined_address() { return Int(offset[0]) }
      var dimension = counts.count - 1
      while dimension >= 0, place[dimension] == counts[dimension] - 1 {
        place[dimension] = 0
        dimension -= 1
      }
      guard dimension >= 0 else { return nil }
      place[dimension] += 1
    }
  }

  // MARK: One piece, here or in raw files

  private func requireContiguous(_ creation: borrowing HDF5Handle) throws -> [String] {
    guard try elementCount() > 0 else { return [] }
    let rawCount = try HDF5Library.check("H5Pget_external_count", on: location, exitCode) {
      H5Pget_external_count(creation.id)
    }
    guard rawCount == 0 else { return try requireRawFiles(creation, count: Int(rawCount)) }
    var status = H5D_SPACE_STATUS_ALLOCATED
    try HDF5Library.check("H5Dget_space_status", on: location, exitCode) { H5Dget_space_status(handle.id, &status) }
    guard status != H5D_SPACE_STATUS_NOT_ALLOCATED else {
      throw Failure(
        .data, "\(location) was never written, and would be read as fill values; write its values, or leave it out")
    }
    return []
  }

  /// A raw file that is too short would be read as zeros from its end on.
  private func requireRawFiles(_ creation: borrowing HDF5Handle, count: Int) throws -> [String] {
    let type = try openType()
    let size = try elementCount().multipliedReportingOverflow(by: HDF5Library.locked { H5Tget_size(type.id) })
    var remaining = size.overflow ? Int.max : size.partialValue
    var paths: [String] = []
    for index in 0..<count {
      var name = [CChar](repeating: 0, count: 4096)
      var (offset, size): (off_t, hsize_t) = (0, 0)
      try HDF5Library.check("H5Pget_external", on: location, exitCode) {
        H5Pget_external(creation.id, UInt32(index), name.count - 1, &name, &offset, &size)
      }
      let path = HDF5OtherFile.rawFile(HDF5Text.name(in: name), of: try containingFile())
      let part = min(remaining, Int(clamping: size))
      let (end, isOverflow) = Int(offset).addingReportingOverflow(part)
      let needed = isOverflow ? Int.max : end
      var status = stat()
      guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
        throw Failure(
          .noInput,
          "\(location) has its values in the raw file \(path): \(String(cString: strerror(errno))); put it there, or "
            + "name its folder in the environment variable HDF5_EXTFILE_PREFIX")
      }
      guard Int(status.st_size) >= needed else {
        throw Failure(
          .data,
          "\(location) has its values in the raw file \(path), which has \(status.st_size) bytes where \(needed) are "
            + "needed; copy or write it again")
      }
      remaining -= part
      paths.append(path)
    }
    return paths
  }

  // MARK: Filters

  private func requireFilters(_ creation: borrowing HDF5Handle) throws {
    let count = HDF5Library.locked { H5Pget_nfilters(creation.id) }
    for index in 0..<max(0, count) {
      var (flags, valueCount, configuration): (UInt32, Int, UInt32) = (0, 0, 0)
      var name = [CChar](repeating: 0, count: 256)
      let filter = try HDF5Library.check("H5Pget_filter2", on: location, exitCode) {
        H5Pget_filter2(creation.id, UInt32(index), &flags, &valueCount, nil, name.count - 1, &name, &configuration)
      }
      guard HDF5Library.locked({ H5Zfilter_avail(filter) }) <= 0 else { continue }
      let stored = HDF5Text.name(in: name)
      let words = Self.filterNames[filter] ?? (stored.isEmpty ? nil : stored)
      throw Failure(
        .data,
        "\(location) is compressed by the filter \(words.map { "\($0) (\(filter))" } ?? "\(filter)"), which this HDF5 "
          + "does not have; where it is installed, write the file again with gzip (h5repack -f GZIP=4 \(path) new.h5, or "
          + "in h5py create_dataset(.., compression='gzip')), or name the folder of its plug-in in HDF5_PLUGIN_PATH")
    }
  }

  /// The registered filters that users meet.
  private static let filterNames: [H5Z_filter_t: String] = [
    4: "szip", 307: "bzip2", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp",
    32015: "zstd", 32017: "sz", 32024: "sz3", 32026: "blosc2",
  ]
}

extension String {
  /// A count that may be too large for an integer.
  fileprivate init(format count: Double) { self = count < 1e15 ? "\(Int(count))" : "\(count)" }
}
