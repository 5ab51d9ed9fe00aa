import Foundation
import TestSupport
import Testing

/// The floors of Package.swift: which target may stand on which.
@Suite struct TargetGraphTests {
  /// The part of `swift package dump-package` that tells targets and what they stand on.
  private struct Manifest: Decodable {
    struct Target: Decodable {
      let name: String
      let type: String
      let dependencies: [Dependency]
    }

    /// `{"byName": ["Frames", null]}`, or a product of another package.
    struct Dependency: Decodable {
      let byName: [String?]?
      var target: String? { byName?.first ?? nil }
    }

    let targets: [Target]
  }

  private static let package = packageDirectory.appendingPathComponent("Package.swift")

  private let manifest: Manifest
  /// The floor under whose heading each target stands in Package.swift.
  private let floors: [String: Int]

  init() throws {
    let dump = try withTemporaryDirectory { scratch in
      try run(
        "swift", ["package", "--package-path", packageDirectory.path, "--scratch-path", scratch.path, "dump-package"])
    }
    try #require(dump.exitCode == 0, "\(dump.error)")
    manifest = try JSONDecoder().decode(Manifest.self, from: Data(dump.output.utf8))
    var floor: Int?
    var floors: [String: Int] = [:]
    let text = try String(decoding: Data(contentsOf: Self.package), as: UTF8.self)
    for line in text.split(separator: "\n") {
      if line.contains("// MARK:") { floor = line.firstMatch(of: /Floor (\d+)/).flatMap { Int($0.1) } }
      if let floor, let name = line.firstMatch(of: /name: "([^"]+)"/) {
        floors[String(name.1)] = floors[String(name.1)] ?? floor
      }
    }
    self.floors = floors
  }

  @Test func `every target of the sources stands on a floor`() throws {
    let sources = manifest.targets.filter {
      $0.type != "test" && !["TestSupport", "ModelTestSupport", "mpi-probe"].contains($0.name)
    }
    try #require(sources.count > 15)
    for target in sources { #expect(floors[target.name] != nil, "\(target.name) stands under no heading 'Floor N'") }
  }

  @Test func `imports only go down`() {
    for target in manifest.targets {
      guard let floor = floors[target.name] else { continue }
      for lower in target.dependencies.compactMap(\.target) {
        guard let other = floors[lower] else { continue }
        #expect(other < floor, "\(target.name) on floor \(floor) stands on \(lower), which is on floor \(other)")
      }
    }
  }

  @Test(arguments: [
    ("CHDF5", ["Storage"]), ("COpenSSL", ["Storage"]), ("CZlib", ["Storage"]), ("COpenMPI", ["MPICommunication"]),
    ("COpenBLAS", ["LinearAlgebra"]), ("CMalloc", ["giv-dist"]), ("MPICommunication", ["giv-dist", "mpi-probe"]),
  ])
  func `foreign libraries have one importer`(library: String, importers: [String]) {
    let found = manifest.targets.filter { $0.dependencies.compactMap(\.target).contains(library) }.map(\.name)
    #expect(found.sorted() == importers.sorted(), "\(library)")
  }

  @Test func `algorithms name no ranks, files or flags`() throws {
    // What the estimators are made of, and the words of the layers that it must not know.
    let words = /\b(MPI_\w+|communicator\.(rank|size)|isRoot|HDF5File|ExpressibleByArgument|FileManager|getenv)\b/
      // A point ends a word.
      .wordBoundaryKind(.simple)
    for target in [
      "Mixture", "ControlFunction", "InstrumentalVariables", "Regression", "Features", "Networks", "Statistics",
    ] {
      let folder = packageDirectory.appendingPathComponent("Sources/\(target)")
      guard FileManager.default.fileExists(atPath: folder.path) else { continue }
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
        let text = try String(decoding: Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
        #expect(text.firstMatch(of: words) == nil, "\(target)/\(name): \(text.firstMatch(of: words)!.0)")
      }
    }
  }
}
