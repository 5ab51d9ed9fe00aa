import Foundation
import Testing

/// Makes a folder of inputs once for all tests of a suite, and removes it afterwards.
struct SharedInputs: SuiteTrait, TestScoping {
  /// The folder, inside the tests of a suite with this trait.
  @TaskLocal static var folder = URL(filePath: "/no/suite/has/made/inputs")

  let make: @Sendable (URL) throws -> Void

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("giv-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try make(folder)
    try await Self.$folder.withValue(folder) { try await function() }
  }
}

extension Trait where Self == SharedInputs {
  /// A folder of inputs, filled by `make`; tests find it as ``SharedInputs/folder``.
  static func inputs(_ make: @escaping @Sendable (URL) throws -> Void) -> SharedInputs { SharedInputs(make: make) }
}

/// Suites that start ranks: one after another, since ranks that wait for each other take all cores.
@Suite(.serialized) enum OnRanks {}
