import Diagnostics
import Foundation

/// The program that draws figures.
struct Gnuplot {
  /// How to get it.
  static let remedy = "install gnuplot (Debian: apt-get install gnuplot-nox) and make the report again"

  private let path: String

  /// Looks for it on the `PATH`; nil where it is not.
  ///
  /// - Parameter searchPath: folders with colons between.
  init?(searchPath: String? = ProcessInfo.processInfo.environment["PATH"]) {
    let folders = searchPath?.split(separator: ":").map(String.init) ?? []
    guard let path = folders.map({ "\($0)/gnuplot" }).first(where: FileManager.default.isExecutableFile) else {
      return nil
    }
    self.path = path
  }

  /// Runs a script in its folder.
  ///
  /// - Returns: what it complained of, if it failed.
  /// - Throws: ``Failure`` `configuration` when the program cannot be started.
  func draw(_ script: String, in folder: String) throws -> String? {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = [script]
    process.currentDirectoryURL = URL(filePath: folder, directoryHint: .isDirectory)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let complaints = Pipe()
    process.standardError = complaints
    do { try process.run() } catch {
      throw Failure(.configuration, "\(path) cannot be started: \(error.localizedDescription); \(Self.remedy)")
    }
    let text = try complaints.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationReason != .exit || process.terminationStatus != 0 else { return nil }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    return lines.last { !$0.isEmpty } ?? "it ended with \(process.terminationStatus)"
  }
}
