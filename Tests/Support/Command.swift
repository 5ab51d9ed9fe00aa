import Foundation

/// What a finished command left behind.
public struct CommandResult: Sendable {
  /// The exit code, or 128 + the signal that ended it.
  public let exitCode: Int32
  public let output: String
  public let error: String
}

/// A command that did not end in time.
public struct CommandTimeout: Error, CustomStringConvertible {
  public let description: String
}

/// Seconds after which a command hangs for certain, however slow and busy the machine.
public let commandTimeout = 600.0

/// Runs a command with an empty standard input and waits for its end.
///
/// The output goes through files: a pipe would fill up, or stay open in a grandchild that outlives the command.
///
/// - Parameters:
///   - executable: A path, or a name to look up in PATH.
///   - environment: Variables to set over those of this process; nil removes one. Those of MPI launchers are removed.
///   - timeout: Seconds after which the command is killed.
///   - during: Called with the process number once the command runs, for instance to send it a signal.
/// - Throws: ``CommandTimeout``, or Foundation's error when the command cannot be started.
public func run(
  _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:], directory: URL? = nil,
  timeout: Double = commandTimeout, during: (pid_t) throws -> Void = { _ in }
) throws -> CommandResult {
  try withTemporaryDirectory { folder in
    let output = folder.appendingPathComponent("output")
    let error = folder.appendingPathComponent("error")
    for file in [output, error] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable.contains("/") ? executable : "/usr/bin/env")
    process.arguments = executable.contains("/") ? arguments : [executable] + arguments
    process.environment = cleanEnvironment(with: environment)
    process.currentDirectoryURL = directory
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try withoutBlockedSignals { try process.run() }
    do { try during(process.processIdentifier) } catch {
      stop(process, ended)
      throw error
    }
    let hasEnded = ended.wait(timeout: .now() + timeout) == .success
    if !hasEnded { stop(process, ended) }
    let isKilled = process.terminationReason == .uncaughtSignal
    let result = CommandResult(
      exitCode: process.terminationStatus + (isKilled ? 128 : 0),
      output: try String(decoding: Data(contentsOf: output), as: UTF8.self),
      error: try String(decoding: Data(contentsOf: error), as: UTF8.self))
    guard hasEnded else {
      throw CommandTimeout(
        description: """
          \(executable) \(arguments.joined(separator: " ")) did not end within \(timeout) s; \
          output: \(result.output); error: \(result.error)
          """)
    }
    return result
  }
}

/// The threads that tests run on block signals, and a command would inherit that.
private func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
  var none = sigset_t()
  var blocked = sigset_t()
  sigemptyset(&none)
  pthread_sigmask(SIG_SETMASK, &none, &blocked)
  defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
  try body()
}

/// Asks the process to end, so that mpirun ends its ranks, and kills it when it does not.
private func stop(_ process: Process, _ ended: DispatchSemaphore) {
  process.terminate()
  if ended.wait(timeout: .now() + 10) == .success { return }
  kill(process.processIdentifier, SIGKILL)
  ended.wait()
}

private func cleanEnvironment(with changes: [String: String?]) -> [String: String] {
  let launchers = ["OMPI_COMM", "OMPI_UNIVERSE", "OMPI_APP", "OMPI_FILE", "OMPI_FIRST", "OMPI_NUM", "PMIX_", "PMI_"]
  var environment = ProcessInfo.processInfo.environment
    .filter { variable in !launchers.contains { variable.key.hasPrefix($0) } }
  for (name, value) in changes { environment[name] = value }
  return environment
}
