internal import CHDF5
import Diagnostics
import Glibc

extension HDF5Dataset {
  /// Refuses a virtual dataset whose source files are missing: the library would read fill values without a word.
  package func requireSources() throws {
    let creation = try openCreationProperties()
    guard HDF5Library.locked({ H5Pget_layout(creation.id) }) == H5D_VIRTUAL else { return }
    var count = 0
    try HDF5Library.check("H5Pget_virtual_count", on: location, exitCode) {
      H5Pget_virtual_count(creation.id, &count)
    }
    for index in 0..<count {
      let name = try virtualSource(index, of: creation.id)
      // A '%' stands for the number of a block; "." is the file itself.
      guard name == "." || name.contains("%") || access(resolved(name), R_OK) == 0 else {
        throw Failure(.noInput, "\(location) is virtual, and its source \(name) cannot be read; put it beside the file")
      }
    }
  }

  private func virtualSource(_ index: Int, of creation: hid_t) throws -> String {
    let length = try HDF5Library.check("H5Pget_virtual_filename", on: location, exitCode) {
      H5Pget_virtual_filename(creation, index, nil, 0)
    }
    var characters = [CChar](repeating: 0, count: length + 1)
    try HDF5Library.check("H5Pget_virtual_filename", on: location, exitCode) {
      H5Pget_virtual_filename(creation, index, &characters, characters.count)
    }
    return String(decoding: characters.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A source's path: relative ones are searched from the folder of the file.
  private func resolved(_ name: String) -> String {
    guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return name }
    return path[...slash] + name
  }

  private func openCreationProperties() throws -> HDF5Handle {
    try HDF5Handle("H5Dget_create_plist", on: location, exitCode, closedBy: H5Pclose) {
      H5Dget_create_plist(handle.id)
    }
  }

  /// The bytes of all chunks that one row runs through; 0 when the dataset is not cut into chunks.
  func chunkBytesPerRow() throws -> Int {
    let creation = try openCreationProperties()
    guard HDF5Library.locked({ H5Pget_layout(creation.id) }) == H5D_CHUNKED else { return 0 }
    let shape = try shape()
    var chunk = [hsize_t](repeating: 1, count: shape.count)
    try HDF5Library.check("H5Pget_chunk", on: location, exitCode) {
      H5Pget_chunk(creation.id, Int32(chunk.count), &chunk)
    }
    let type = try openType()
    var bytes = HDF5Library.locked { H5Tget_size(type.id) } * Int(chunk[0])
    for (extent, length) in zip(shape, chunk).dropFirst() {
      bytes *= (extent + Int(length) - 1) / Int(length) * Int(length)
    }
    return bytes
  }
}
