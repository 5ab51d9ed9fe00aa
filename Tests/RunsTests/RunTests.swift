import Communication
import Diagnostics
import Foundation
import Runs
import TestSupport
import Testing

@Suite struct RunTests {
  private static func run(
    _ path: String, _ existing: ExistingRun = .refuse, _ communicator: any Communicator = SoloCommunicator()
  ) throws -> Run {
    try Run(folder: path, files: ["b.txt", "a.txt"], existing: existing, on: communicator)
  }

  /// A run of one pass that leaves two files.
  private static func finish(_ run: Run, _ text: String, on communicator: any Communicator) throws {
    try run.open(["text": text], inputDigest: "d")
    _ = try run.journal.step("step") { 1 }
    try communicator.agree {
      guard communicator.isRoot else { return }
      for name in ["a.txt", "b.txt"] {
        try Data("\(text) \(name)".utf8).write(to: URL(fileURLWithPath: run.path(of: name)!))
      }
    }
    try run.complete(on: communicator)
  }

  private func names(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  @Test func `In memory nothing is kept`() throws {
    let run = Run()
    #expect(run.path(of: "a.txt") == nil)
    try run.complete(on: SoloCommunicator())
  }

  @Test(arguments: 1...3) func `Files get their names together`(ranks: Int) throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/run"
      let before = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let run = try Self.run(path, .refuse, communicator)
        try communicator.barrier()
        let before = communicator.isRoot ? try self.names(path) : []
        try communicator.barrier()
        try Self.finish(run, "first", on: communicator)
        return before
      }
      #expect(before[0] == [".partial", "metrics.jsonl.partial"])
      #expect(try names(path) == ["a.txt", "b.txt", "metrics.jsonl"])
      #expect(try String(contentsOfFile: path + "/b.txt", encoding: .utf8) == "first b.txt")
    }
  }

  @Test func `A finished run is replaced when asked for, and only by a whole one`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/run"
      try Self.finish(Self.run(path), "first", on: SoloCommunicator())
      for existing in [ExistingRun.refuse, .resume] {
        let refused = failure { _ = try Self.run(path, existing) }
        #expect(refused?.exitCode == .cannotCreate && refused?.message.contains("(b.txt)") == true, "\(refused as Any)")
      }
      do {
        let given = try Self.run(path, .replace)
        try Data("half".utf8).write(to: URL(fileURLWithPath: given.path(of: "a.txt")!))
      }
      #expect(try names(path) == ["a.txt", "b.txt", "metrics.jsonl"])
      #expect(try String(contentsOfFile: path + "/a.txt", encoding: .utf8) == "first a.txt")
      try Self.finish(Self.run(path, .replace), "second", on: SoloCommunicator())
      #expect(try String(contentsOfFile: path + "/a.txt", encoding: .utf8) == "second a.txt")
    }
  }

  @Test func `Two runs do not share a folder`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/run"
      let first = try Self.run(path)
      let second = failure { _ = try Self.run(path) }
      #expect(second?.exitCode == .temporary && second?.message.contains("another run is going on") == true)
      try Self.finish(first, "first", on: SoloCommunicator())
    }
  }
}
