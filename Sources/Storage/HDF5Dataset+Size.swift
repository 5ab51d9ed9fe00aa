internal import CHDF5
import Diagnostics

extension HDF5Dataset {
  /// The bytes that each element takes in the file.
  package func elementSize() throws -> Int {
    let type = try openType()
    return HDF5Library.locked { Int(H5Tget_size(type.id)) }
  }
}
