internal import CHDF5
import Diagnostics

extension HDF5Dataset {
  func openCreationProperties() throws -> HDF5Handle {
    try HDF5Handle("H5Dget_create_plist", on: location, exitCode, closedBy: H5Pclose) {
      H5Dget_create_plist(handle.id)
    }
  }

  /// The extents of the chunks.
  ///
  /// - Precondition: the dataset is cut into chunks.
  func chunkShape(_ creation: borrowing HDF5Handle, rank: Int) throws -> [Int] {
    var chunk = [hsize_t](repeating: 1, count: rank)
    try HDF5Library.check("H5Pget_chunk", on: location, exitCode) {
      H5Pget_chunk(creation.id, Int32(chunk.count), &chunk)
    }
    return chunk.map { Int(clamping: $0) }
  }

  /// The bytes of all chunks that one row runs through; 0 when the dataset is not cut into chunks.
  func chunkBytesPerRow() throws -> Int {
    let creation = try openCreationProperties()
    guard HDF5Library.locked({ H5Pget_layout(creation.id) }) == H5D_CHUNKED else { return 0 }
    let shape = try shape()
    let chunk = try chunkShape(creation, rank: shape.count)
    let type = try openType()
    // The extents of a damaged file may be beyond all numbers.
    var bytes = HDF5Library.locked { Double(H5Tget_size(type.id)) } * Double(chunk[0])
    for (extent, length) in zip(shape, chunk).dropFirst() {
      bytes *= (Double(extent) / Double(length)).rounded(.up) * Double(length)
    }
    return bytes < 0x1p62 ? Int(bytes) : .max
  }
}
