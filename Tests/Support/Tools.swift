import Diagnostics
import Foundation

/// The folder of the built executables: that of the test program.
public let productsDirectory = Bundle.main.bundleURL

/// The folder of Package.swift.
public let packageDirectory = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The path of a built executable.
public func tool(_ name: String) -> String {
  productsDirectory.appendingPathComponent(name).path
}

/// Runs a built executable, or another by its path, on ranks of Open MPI; more ranks than cores, and root, are allowed.
///
/// Jobs that run side by side would be bound to the same first cores, and remove the folder of sessions that they share
/// from under each other.
public func mpirun(
  ranks: Int, tool name: String, _ arguments: [String] = [], environment: [String: String?] = [:],
  directory: URL? = nil, during: (pid_t) throws -> Void = { _ in }
) throws -> CommandResult {
  try withTemporaryDirectory { sessions in
    let settings: [String: String?] = [
      "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
      "TMPDIR": sessions.path,
    ]
    return try run(
      "mpirun", ["-n", "\(ranks)", name.hasPrefix("/") ? name : tool(name)] + arguments,
      environment: settings.merging(environment) { $1 },
      directory: directory, during: during)
  }
}

/// Runs Python with the packages that the tests compare with: GIV_PYTHON, or the package's `.venv`.
public func python(
  _ arguments: [String], environment: [String: String?] = [:]
) throws -> CommandResult {
  let own = packageDirectory.appendingPathComponent(".venv/bin/python").path
  let interpreter = ProcessInfo.processInfo.environment["GIV_PYTHON"] ?? own
  guard FileManager.default.isExecutableFile(atPath: interpreter) else {
    throw Failure(.configuration, "no Python at \(interpreter); run make setup, or name one in GIV_PYTHON")
  }
  return try run(interpreter, arguments, environment: environment)
}

/// Runs `body` with a new empty folder, which is removed afterwards.
public func withTemporaryDirectory<Value>(_ body: (URL) throws -> Value) throws -> Value {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("giv-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
