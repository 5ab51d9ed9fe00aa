import Foundation
import TestSupport
import Testing

/// Pipes in the place of files.
@Suite struct PipeTests {
  private static let table =
    "t,y,a\n" + (0..<3000).map { "\(Double($0 * 37 % 101) / 8),\($0 * 53 % 97),\($0 % 89)\n" }.joined()
  private static let columns = ["--treatment", "t", "--outcome", "y", "--covariates", "a"]

  /// Runs a shell script with the program as `$0`, in a folder with the table.
  private func shell(_ script: String, in folder: URL, during: (pid_t) throws -> Void = { _ in }) throws
    -> CommandResult
  {
    try Data(Self.table.utf8).write(to: folder.appending(path: "table.csv"))
    return try run(
      "bash", ["-c", script, tool("giv-dist")] + Self.columns, directory: folder, timeout: 120, during: during)
  }

  private func digests(_ folder: URL, _ out: String) throws -> [String] {
    try JSONDecoder().decode(Shards.self, from: Data(contentsOf: folder.appending(path: "\(out)/manifest.json"))).shards
      .map(\.sha256)
  }

  private struct Shards: Decodable {
    struct Shard: Decodable { let sha256: String }
    let shards: [Shard]
  }

  @Test(arguments: [
    "\"$0\" shard <(cat table.csv) --out out \"$@\"", "cat table.csv | \"$0\" shard /dev/stdin --out out \"$@\"",
    "\"$0\" shard /dev/stdin --out out \"$@\" < table.csv",
    "gzip < table.csv > z; \"$0\" shard z --out plain --force \"$@\" && \"$0\" shard <(cat z) --out out \"$@\"",
    "mkfifo pipe; cat table.csv > pipe & \"$0\" shard pipe --out out \"$@\"",
    "(head -c 5 table.csv; sleep 1; tail -c +6 table.csv) | \"$0\" shard /dev/stdin --out out \"$@\"",
  ])
  func `a table through a pipe makes the shards of the file`(script: String) throws {
    try withTemporaryDirectory { folder in
      let result = try shell("\"$0\" shard table.csv --out plain \"$@\" && \(script)", in: folder)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(try digests(folder, "out") == digests(folder, "plain"))
    }
  }

  @Test func `on ranks, standard input is that of the first`() throws {
    try withTemporaryDirectory { folder in
      let script = """
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 TMPDIR=$PWD
        export OMPI_MCA_hwloc_base_binding_policy=none
        cat table.csv | mpirun -n 3 "$0" shard /dev/stdin --out out "$@" && "$0" shard table.csv --out plain "$@" &&
          ! mpirun -n 3 "$0" shard <(cat table.csv) --out none "$@"
        """
      let result = try shell(script, in: folder)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(try digests(folder, "out") == digests(folder, "plain"))
      #expect(result.error.contains("under mpirun, give a file, or a pipe by /dev/stdin"), "\(result.error)")
    }
  }

  @Test func `a copy that finds no room says where`() throws {
    try withTemporaryDirectory { folder in
      let result = try shell("TMPDIR=/no/such \"$0\" shard <(cat table.csv) --out out \"$@\"", in: folder)
      #expect(result.exitCode == 74)
      #expect(result.error.contains("its copy in /no/such cannot be created"), "\(result.error)")
      #expect(result.error.contains("name a folder with room for it in TMPDIR"))
    }
  }

  @Test(arguments: [1, 3])
  func `where files are read in no fixed order, pipes are refused at once`(ranks: Int) throws {
    try withTemporaryDirectory { folder in
      try Data(Self.table.utf8).write(to: folder.appending(path: "table.csv"))
      try FileManager.default.createDirectory(at: folder.appending(path: "folder"), withIntermediateDirectories: true)
      for pipe in ["pipe.h5", "folder/b.h5"] { #expect(mkfifo(folder.appending(path: pipe).path, 0o600) == 0) }
      for arguments in [
        ["train", "pipe.h5", "--groups", "2"], ["train", "folder", "--groups", "2"], ["inspect", "pipe.h5"],
        ["inspect", "folder"], ["sweep", "pipe.h5", "--groups", "2...3", "--out", "out"],
        ["predict", "pipe.h5", "pipe.h5", "--out", "out"],
      ] {
        let result = try givDist(arguments, ranks: ranks == 1 ? nil : ranks, in: folder)
        #expect(result.exitCode == 66, "\(arguments): \(result.error)")
        #expect(messages(result).count == 1 && result.error.contains(".h5 is a pipe"), "\(arguments): \(result.error)")
      }
    }
  }
}
