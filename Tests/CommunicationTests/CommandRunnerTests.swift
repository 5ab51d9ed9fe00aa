import Foundation
import TestSupport
import Testing

/// The runner that every test of a built program relies on.
@Suite struct CommandRunnerTests {
  @Test func `Both outputs and the exit code come back, however long`() throws {
    let result = try run("sh", ["-c", "head -c 3000000 /dev/zero | tr '\\0' a; head -c 3000000 /dev/zero >&2; exit 7"])
    #expect(result.exitCode == 7)
    #expect(result.output == String(repeating: "a", count: 3_000_000))
    #expect(result.error.utf8.count == 3_000_000)
  }

  @Test func `A command that hangs is ended`() {
    #expect(throws: CommandTimeout.self) { try run("sleep", ["60"], timeout: 0.5) }
  }

  @Test func `Signals reach the command`() throws {
    let result = try run("sleep", ["60"], timeout: 50) { kill($0, SIGTERM) }
    #expect(result.exitCode == 128 + SIGTERM)
  }

  @Test func `The environment is changed as asked`() throws {
    let result = try run("sh", ["-c", "echo $ONE-${HOME-unset}"], environment: ["ONE": "1", "HOME": nil])
    #expect(result.output == "1-unset\n")
  }
}
