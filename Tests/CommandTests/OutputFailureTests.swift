import Foundation
import TestSupport
import Testing

/// Output that cannot be written: an earlier run in the folder stays as it was, and nothing half-written is left.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --shards 3 --out shards", in: folder)
      _ = try train(["shards", "--groups", "3", "--starts", "4", "--out", "run"], in: folder)
      try simulate("--rows 50 --out few", in: folder)
      try Data("plain".utf8).write(to: folder.appending(path: "file"))
    }) struct OutputFailureTests
  {
    /// A fit that differs from the one in the folder.
    private static let arguments = [
      "train", "shards", "--groups", "2", "--starts", "4", "--representation", "identity", "--out", "run",
    ]
    private var runFolder: URL { SharedInputs.folder.appending(path: "run") }

    /// Runs a fit into the folder that must fail, and demands that the folder is as it was.
    private func refuse(_ exitCodes: Set<Int32>, _ body: () throws -> CommandResult) throws -> String {
      let before = try contents(runFolder)
      #expect(
        Set(before.keys) == ["model.h5", "posteriors.h5", "sample.csv", "metrics.jsonl", "report.json", "summary.txt"])
      let result = try body()
      #expect(exitCodes.contains(result.exitCode), "\(result.exitCode): \(result.error)")
      #expect(result.output.isEmpty)
      #expect(messages(result).count == 1, "\(result.error)")
      #expect(try contents(runFolder) == before)
      return messages(result).first ?? ""
    }

    @Test(arguments: [nil, 3])
    func `An existing run is kept without --force`(ranks: Int?) throws {
      let message = try refuse([73]) { try givDist(Self.arguments, ranks: ranks) }
      #expect(message.hasPrefix("giv-dist: error: --out run holds a finished run ("))
      #expect(message.contains("--force"))
    }

    @Test func `--force replaces it`() throws {
      try FileManager.default.copyItem(at: runFolder, to: SharedInputs.folder.appending(path: "old"))
      let before = try contents(runFolder)
      let result = try givDist(Self.arguments.dropLast() + ["old", "--force"])
      #expect(result.exitCode == 0, "\(result.error)")
      let after = try contents(SharedInputs.folder.appending(path: "old"))
      #expect(Set(after.keys) == Set(before.keys))
      for (name, bytes) in after { #expect(bytes != before[name], "\(name)") }
    }

    @Test(arguments: [nil, 2])
    func `A run that fails to fit leaves the folder as it was`(ranks: Int?) throws {
      let message = try refuse([70]) {
        try givDist(["train", "few", "--groups", "8", "--out", "run", "--force"], ranks: ranks)
      }
      #expect(message.contains("every start degenerated for --groups 8"))
    }

    @Test(arguments: ["file", "file/run"], [nil, 3])
    func `A folder that cannot be made is named`(out: String, ranks: Int?) throws {
      let result = try givDist(["train", "shards", "--groups", "2", "--out", out], ranks: ranks)
      #expect(result.exitCode == 73)
      #expect(messages(result).count == 1)
      #expect(result.error.contains("--out \(out) cannot be created; name a folder that you may write"))
    }

    @Test(arguments: [1, 16, 64])
    func `Files of limited size lose nothing`(blocks: Int) throws {
      let message = try refuse([73, 74]) {
        try run(
          "bash",
          ["-c", "ulimit -f \(blocks); trap '' XFSZ; exec \"$@\"", "bash", tool("giv-dist")] + Self.arguments + [
            "--force"
          ],
          directory: SharedInputs.folder)
      }
      #expect(message.contains("disk full") || message.contains("ulimit -f"), "\(message)")
    }

    @Test(.enabled(if: SmallDisk.isPossible), arguments: [nil, 3], [4, 20, 60, 100])
    func `A full disk loses nothing`(ranks: Int?, free: Int) throws {
      let result = try SmallDisk.run(
        """
        cp -r run "$DISK/run"
        head -c 600k /dev/zero > "$DISK/filling" 2> /dev/null
        truncate -s -\(free)k "$DISK/filling"
        (cd "$DISK/run" && ls --ignore=run.log | xargs sha256sum > ../digests)
        \(ranks.map { "mpirun -n \($0)" } ?? "") "$0" train shards --groups 2 --starts 4 --representation identity --out "$DISK/run" --force
        echo "code $?"
        ls -A --ignore=run.log "$DISK/run"
        cd "$DISK/run" && sha256sum --quiet -c ../digests && echo unchanged
        """, size: 600)
      #expect(
        ["code 73", "code 74"].map {
          $0
            + "\nconfig.yaml\nmetrics.jsonl\nmodel.h5\nposteriors.h5\nreport.json\nsample.csv\nsummary.txt\nunchanged\n"
        }
        .contains(result.output), "\(result.output)\(result.error)")
      #expect(messages(result).count == 1)
      #expect(result.error.contains("disk full") || result.error.contains("No space left on device; free some space"))
    }

    @Test(arguments: ["info", "help train", "inspect shards --json", "train shards --groups 2 --starts 2 --json"])
    func `Standard output that cannot be written is an error`(line: String) throws {
      let result = try redirected("> /dev/full", line.split(separator: " ").map(String.init))
      #expect(result.exitCode == 74)
      #expect(
        messages(result) == ["giv-dist: error: standard output: writing failed (No space left on device)"],
        "\(result.error)")
    }

    @Test func `So it is on ranks`() throws {
      let result = try mpirun(
        ranks: 3, tool: "/bin/sh", ["-c", "exec \"$0\" info > /dev/full", tool("giv-dist")],
        directory: SharedInputs.folder)
      #expect(result.exitCode == 74)
      #expect(messages(result).count == 1, "\(result.error)")
    }

    @Test func `In one file, the message follows the report`() throws {
      let result = try redirected("2>&1", ["inspect", "shards", "run/model.h5"])
      #expect(result.exitCode == 65)
      #expect(result.output.hasPrefix("shards/shard-00000.h5\n"))
      #expect(result.output.contains("giv-dist: error: the shards are not sound: run/model.h5"), "\(result.output)")
      #expect(result.output.hasSuffix("; the report shows them all\n"))
    }

    private func redirected(_ redirection: String, _ arguments: [String]) throws -> CommandResult {
      try run(
        "sh", ["-c", "exec \"$0\" \"$@\" \(redirection)", tool("giv-dist")] + arguments,
        directory: SharedInputs.folder)
    }

    @Test(
      arguments: [["train", "shards"], ["train", "shards/shard-00001.h5"], ["sweep", "shards"]], ["shards", "shards/"])
    func `Nothing is written among the shards`(command: [String], out: String) throws {
      let folder = SharedInputs.folder.appending(path: "shards")
      let before = try contents(folder)
      let result = try givDist(command + ["--groups", "2", "--out", out, "--force"])
      #expect(result.exitCode == 73)
      #expect(messages(result).count == 1)
      #expect(result.error.contains("--out \(out) holds the input shards/shard-0000"), "\(result.error)")
      #expect(try contents(folder) == before)
    }

    @Test(arguments: [("model", "the model file"), ("posteriors", "the posteriors file")])
    func `Files of a run are no shards`(name: String, what: String) throws {
      let result = try givDist(["train", "run/\(name).h5", "--groups", "2"])
      #expect(result.exitCode == 65)
      #expect(
        messages(result) == [
          "giv-dist: error: run/\(name).h5 is \(what) of a run, not a shard; leave it out, or name the shards one by one"
        ])
    }

    /// Rows that fit the cache of libhdf5 but not the disk fail when it is written out, not when they are written.
    @Test(.enabled(if: SmallDisk.isPossible), arguments: [4, 16, 32, 60, 92])
    func `Posteriors and shards are whole or not there`(size: Int) throws {
      let result = try SmallDisk.run(
        """
        "$0" predict run shards --out "$DISK/posteriors.h5"
        echo "code $?"; ls -A "$DISK"
        "$0" simulate --rows 3000 --out "$DISK/simulated"
        echo "code $?"; ls -A "$DISK/simulated"
        """, size: size)
      #expect(result.output.wholeMatch(of: /code 7[34]\ncode 7[34]\n/) != nil, "\(result.output)\(result.error)")
      #expect(messages(result).count == 2)
    }
  }
}

/// A disk of some kilobytes: a tmpfs in a mount namespace of its own, where the system allows one.
enum SmallDisk {
  /// That a run named the full disk once, and what the script printed.
  static func expectFull(_ result: CommandResult, _ output: Regex<Substring>) {
    #expect(result.output.wholeMatch(of: output) != nil, "\(result.output)\(result.error)")
    #expect(messages(result).count == 1)
    #expect(result.error.contains("disk full") || result.error.contains("No space left on device"))
  }

  static let isPossible = (try? run("true", size: 16, in: FileManager.default.temporaryDirectory))?.exitCode == 0

  /// Runs a shell script whose `$DISK` is the disk and whose `$0` is `giv-dist`.
  static func run(_ script: String, size: Int, in folder: URL = SharedInputs.folder) throws -> CommandResult {
    let mount = "DISK=$(mktemp -d) && mount -t tmpfs -o size=\(size)k tmpfs \"$DISK\" || exit 1\n"
    let unmount = "\numount -l \"$DISK\" && rmdir \"$DISK\""
    return try TestSupport.run(
      "unshare", ["--mount", "--map-root-user", "sh", "-c", mount + script + unmount, tool("giv-dist")],
      environment: [
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
        // Root of the namespace is not root of the machine, and must not share its folder of sessions.
        "TMPDIR": folder.path,
      ], directory: folder)
  }
}
