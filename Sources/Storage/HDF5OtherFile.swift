import Glibc

/// Where the library looks for the other files that the values of a dataset lie in.
enum HDF5OtherFile {
  /// The first of the places of a source of a virtual dataset at which there is a file; nil when there is none.
  ///
  /// An absolute path, else its last part, is searched for in the folders of HDF5_VDS_PREFIX, in the folder of the
  /// file, in the working directory and in the folder that the file's links lead to.
  static func source(_ name: String, of file: String) -> String? {
    if name.hasPrefix("/"), access(name, F_OK) == 0 { return name }
    let relative = name.hasPrefix("/") ? String(name[name.index(after: name.lastIndex(of: "/")!)...]) : name
    // The library expands the whole variable, but none of its parts.
    let prefix = variable("HDF5_VDS_PREFIX")
    let prefixes = prefix.split(separator: ":").map(String.init) + [expanded(prefix, of: file)]
    let folders = prefixes + [folder(of: file), "", resolvedFolder(of: file)]
    return folders.lazy.map { joined($0, relative) }.first { access($0, F_OK) == 0 }
  }

  /// A raw file: relative paths begin at HDF5_EXTFILE_PREFIX, else at the working directory.
  static func rawFile(_ name: String, of file: String) -> String {
    let prefix = variable("HDF5_EXTFILE_PREFIX")
    return name.hasPrefix("/") || prefix.isEmpty ? name : joined(expanded(prefix, of: file), name)
  }

  /// The folder that a file lies in.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  private static func resolvedFolder(of path: String) -> String {
    guard let resolved = realpath(path, nil) else { return "" }
    defer { free(resolved) }
    return folder(of: String(cString: resolved))
  }

  /// `${ORIGIN}` is the folder of the file.
  private static func expanded(_ prefix: String, of file: String) -> String {
    prefix.hasPrefix("${ORIGIN}") ? folder(of: file) + prefix.dropFirst("${ORIGIN}".count) : prefix
  }

  private static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
}
