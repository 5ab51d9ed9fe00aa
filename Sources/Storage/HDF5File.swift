internal import CHDF5
import Diagnostics
import Glibc

/// An open HDF5 file; closes when it goes out of scope.
///
/// Files are written so that equal content gives equal bytes (no times are kept) and a flipped bit is found: metadata
/// in the format of HDF5 1.10, which carries checksums, and datasets in chunks with Fletcher checksums.
public struct HDF5File: ~Copyable {
  /// The path, or the name that messages use instead.
  public let path: String
  /// Whether the file was created here; failures then exit as output errors instead of as bad data.
  let isWritable: Bool
  let handle: HDF5Handle

  var exitCode: ExitCode { isWritable ? .inputOutput : .data }

  /// Opens a file for reading.
  ///
  /// - Throws: ``Failure`` `noInput` when there is no such file or it may not be read; `data` when it is not HDF5 or
  ///   is damaged.
  public static func open(_ path: String) throws -> HDF5File {
    // Opening a pipe would wait for somebody who writes to it.
    try FileKind.requireRegular(path, as: "an HDF5 file")
    guard access(path, R_OK) == 0 else {
      throw Failure(.noInput, "\(path): \(String(cString: strerror(errno))); make the file readable")
    }
    guard hasSignature(path) else {
      if let refusal = try FileSignature(ofFile: path)?.refusal(of: path, instead: "HDF5") { throw refusal }
      throw Failure(.data, "\(path) is not an HDF5 file, or its beginning is damaged; for CSV use 'giv-dist shard'")
    }
    let handle = try HDF5Handle("H5Fopen", on: path, .data, closedBy: H5Fclose) {
      H5Fopen(path, giv_h5f_acc_rdonly(), giv_h5p_default())
    }
    return HDF5File(path: path, isWritable: false, handle: handle)
  }

  /// Whether there is a file of HDF5, by its signature: at its beginning, or behind a block of the user's own.
  package static func hasSignature(_ path: String) -> Bool {
    var status = stat()
    // Nothing is taken out of pipes.
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return HDF5Library.locked { H5Fis_hdf5(path) } > 0
  }

  /// Whether a path leads to a folder.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Creates a file that must not exist yet.
  ///
  /// - Parameter name: the name for messages, when it is not the path: that of the file that this one will become.
  /// - Throws: ``Failure`` `cannotCreate`.
  public static func create(_ path: String, named name: String? = nil) throws -> HDF5File {
    let name = name ?? path
    let access = try HDF5Handle("H5Pcreate", on: name, .cannotCreate, closedBy: H5Pclose) {
      H5Pcreate(giv_h5p_file_access())
    }
    try HDF5Library.check("H5Pset_libver_bounds", on: name, .cannotCreate) {
      H5Pset_libver_bounds(access.id, H5F_LIBVER_V110, H5F_LIBVER_V110)
    }
    let creation = try HDF5Handle("H5Pcreate", on: name, .cannotCreate, closedBy: H5Pclose) {
      H5Pcreate(giv_h5p_file_create())
    }
    try HDF5Library.check("H5Pset_obj_track_times", on: name, .cannotCreate) {
      H5Pset_obj_track_times(creation.id, false)
    }
    let handle = try HDF5Handle("H5Fcreate", on: name, .cannotCreate, closedBy: H5Fclose) {
      H5Fcreate(path, giv_h5f_acc_excl(), creation.id, access.id)
    }
    return HDF5File(path: name, isWritable: true, handle: handle)
  }

  /// Writes what is buffered and closes.
  ///
  /// - Throws: ``Failure`` when the last writes fail, as on a full disk.
  public consuming func close() throws {
    if isWritable {
      try HDF5Library.check("H5Fflush", on: path, .inputOutput) { H5Fflush(handle.id, H5F_SCOPE_GLOBAL) }
      unlock()
    }
    let path = self.path
    try handle.close("H5Fclose", on: path)
  }

  /// Gives up the lock by which others are kept from the file while it is written.
  ///
  /// Closing alone does not: a process that was forked meanwhile shares the descriptor, and the lock with it, until it
  /// runs its own program.
  private borrowing func unlock() {
    var descriptor: UnsafeMutableRawPointer?
    let known = HDF5Library.locked { H5Fget_vfd_handle(handle.id, giv_h5p_default(), &descriptor) } >= 0
    guard known, let descriptor else { return }
    _ = flock(descriptor.load(as: Int32.self), LOCK_UN)
  }

  /// The paths of all datasets, in the order of names; empty when the file is too damaged to be walked.
  public func datasetNames() -> [String] {
    var names: [String] = []
    withUnsafeMutablePointer(to: &names) { pointer in
      var visitor = giv_h5_dataset_visitor(
        found: { name, context in
          context!.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name!))
        }, context: pointer)
      HDF5Library.locked { _ = giv_h5_visit_datasets(handle.id, &visitor) }
    }
    return names
  }

  /// Whether the path names a dataset.
  ///
  /// - Throws: ``Failure`` when an object on the path is damaged: that it cannot be opened does not make it absent.
  public func hasDataset(_ name: String) throws -> Bool {
    let parts = name.split(separator: "/")
    var prefix = ""
    for (depth, part) in parts.enumerated() {
      prefix += "/" + part
      let subject = "\(path): object '\(prefix)'"
      let exists = try HDF5Library.check("H5Lexists", on: subject, exitCode) {
        H5Lexists(handle.id, prefix, giv_h5p_default())
      }
      guard exists > 0 else { return false }
      let object = try HDF5Handle("H5Oopen", on: subject, exitCode, closedBy: H5Oclose) {
        H5Oopen(handle.id, prefix, giv_h5p_default())
      }
      let kind = HDF5Library.locked { H5Iget_type(object.id) }
      if depth == parts.count - 1 { return kind == H5I_DATASET }
      guard kind == H5I_GROUP else { return false }
    }
    return false
  }

  /// Creates the groups that a path runs through.
  func createGroups(above name: String) throws {
    var prefix = ""
    for part in name.split(separator: "/").dropLast() {
      prefix += "/" + part
      guard HDF5Library.locked({ H5Lexists(handle.id, prefix, giv_h5p_default()) }) == 0 else { continue }
      try createGroup(prefix)
    }
  }

  /// Creates one group, whose parent exists.
  public func createGroup(_ name: String) throws {
    let creation = try HDF5Handle("H5Pcreate", on: path, exitCode, closedBy: H5Pclose) {
      H5Pcreate(giv_h5p_group_create())
    }
    try HDF5Library.check("H5Pset_obj_track_times", on: path, exitCode) { H5Pset_obj_track_times(creation.id, false) }
    _ = try HDF5Handle("H5Gcreate2", on: "\(path): group '\(name)'", exitCode, closedBy: H5Gclose) {
      H5Gcreate2(handle.id, name, giv_h5p_default(), creation.id, giv_h5p_default())
    }
  }
}

extension HDF5File {
  /// The version of libhdf5.
  public static var libraryVersion: String {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    HDF5Library.locked { _ = H5get_libversion(&major, &minor, &release) }
    return "\(major).\(minor).\(release)"
  }
}
