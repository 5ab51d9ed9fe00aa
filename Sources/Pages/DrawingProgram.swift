import Diagnostics
import Foundation

/// A program that draws pictures.
struct DrawingProgram {
  /// The programs, as a shell calls them.
  enum Name: String, CaseIterable {
    case gnuplot, dot

    /// How to get it.
    var remedy: String {
      switch self {
      case .gnuplot: "install gnuplot (Debian: apt-get install gnuplot-nox) and make the report again"
      case .dot: "install Graphviz (Debian: apt-get install graphviz) and make the report again"
      }
    }
  }

  let name: Name
  private let path: String

  /// Looks for one on the `PATH`; nil where it is not.
  ///
  /// - Parameter searchPath: folders with colons between.
  init?(_ name: Name, searchPath: String?) {
    let folders = searchPath?.split(separator: ":").map(String.init) ?? []
    guard
      let path = folders.map({ "\($0)/\(name.rawValue)" }).first(where: FileManager.default.isExecutableFile)
    else { return nil }
    self.name = name
    self.path = path
  }

  /// Runs it in a folder.
  ///
  /// - Returns: what it complained of, if it failed.
  /// - Throws: ``Failure`` `configuration` when it cannot be started.
  func draw(_ arguments: [String], in folder: String) throws -> String? {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder, directoryHint: .isDirectory)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let complaints = Pipe()
    process.standardError = complaints
    do { try process.run() } catch {
      throw Failure(.configuration, "\(path) cannot be started: \(error.localizedDescription); \(name.remedy)")
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
