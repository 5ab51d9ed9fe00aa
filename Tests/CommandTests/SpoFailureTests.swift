import Foundation
import TestSupport
import Testing

/// `giv-dist spo` that is killed, or cannot write: nothing is overwritten, and what was summed is not lost.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--scenario proxies --law three-class --rows 20000 --seed 4 --shards 3 --out shards", in: folder)
    }) struct SpoFailureTests
  {
    // So many blocks that finding answers takes some time after the sums.
    private static let arguments = [
      "spo", "shards", "--treatment-proxies", "z", "--outcome-proxies", "x", "--jackknife", "1000", "--json",
    ]
    private static let files = ["spo.h5", "classes.csv", "tests.csv", "metrics.jsonl"]

    private func digest(_ result: CommandResult) throws -> String {
      try #require(result.exitCode == 0, "\(result.error)")
      return try #require(object(result.output)["resultDigest"] as? String)
    }

    private func files(_ name: String) -> [String: Data] {
      let folder = SharedInputs.folder.appending(path: name)
      return Dictionary(
        uniqueKeysWithValues: Self.files.compactMap { name in
          (try? Data(contentsOf: folder.appending(path: name))).map { (name, $0) }
        })
    }

    /// Runs on ranks and kills one of them when the sums are there, or a moment after it began; tries again when the run was
    /// done before that.
    private func killed(_ out: String, ranks: Int, _ more: [String] = [], afterSums: Bool) throws -> CommandResult {
      let folder = SharedInputs.folder.appending(path: out)
      let before = files(out)
      for _ in 1...5 {
        let result = try givDist(Self.arguments + ["--out", out] + more, ranks: ranks) { launcher in
          let deadline = ContinuousClock.now + .seconds(commandTimeout)
          let sums = folder.appending(path: "checkpoint.h5")
          while kill(launcher, 0) == 0 {
            let rank = rankProcess(ranks - 1, of: launcher)
            if let rank, FileManager.default.fileExists(atPath: (afterSums ? sums : folder).path) {
              kill(rank, SIGKILL)
              break
            }
            try #require(ContinuousClock.now < deadline, "the sums did not come")
            usleep(1000)
          }
        }
        if result.exitCode != 0 { return result }
        try FileManager.default.removeItem(at: folder)
        guard !before.isEmpty else { continue }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        for (name, bytes) in before { try bytes.write(to: folder.appending(path: name)) }
      }
      return try #require(nil, "five runs were done before they could be killed")
    }

    @Test(arguments: [true, false])
    func `a run that is killed goes on to the same bits`(afterSums: Bool) throws {
      let (whole, out) = ("whole\(afterSums)", "killed\(afterSums)")
      let expected = try digest(givDist(Self.arguments + ["--out", whole]))
      let result = try killed(out, ranks: 3, afterSums: afterSums)
      #expect(result.exitCode == 137, "\(result.error)")
      #expect(files(out).isEmpty)
      let refused = try givDist(Self.arguments + ["--out", out])
      #expect(!afterSums || refused.exitCode == 73 && refused.error.contains("--resume"), "\(refused.error)")
      guard afterSums || refused.exitCode == 73 else { return #expect(try digest(refused) == expected) }
      #expect(try digest(givDist(Self.arguments + ["--out", out, "--resume"], ranks: 2)) == expected)
      let (found, undisturbed) = (files(out), files(whole))
      for name in Self.files where name != "metrics.jsonl" { #expect(found[name] == undisturbed[name], "\(name)") }
      // The sums were made once.
      let passes = String(decoding: try #require(found["metrics.jsonl"]), as: UTF8.self)
      #expect(passes.split(separator: "\n").count == 1, "\(passes)")
    }

    @Test func `a finished run is kept when one that replaces it is killed`() throws {
      _ = try digest(givDist(Self.arguments + ["--out", "kept"]))
      let finished = files("kept")
      #expect(finished.count == Self.files.count)
      let result = try killed("kept", ranks: 2, ["--force", "--level", ".9"], afterSums: true)
      #expect(result.exitCode == 137, "\(result.error)")
      #expect(files("kept") == finished)
    }

    @Test(.enabled(if: SmallDisk.isPossible), arguments: [nil, 3], [4, 20, 40])
    func `a full disk loses nothing`(ranks: Int?, free: Int) throws {
      let proxies = "--treatment-proxies z --outcome-proxies x"
      let result = try SmallDisk.run(
        """
        "$0" spo shards \(proxies) --out "$DISK/run" > first
        head -c 2000k /dev/zero > "$DISK/filling" 2> /dev/null
        truncate -s -\(free)k "$DISK/filling"
        (cd "$DISK/run" && ls --ignore=run.log | xargs sha256sum > ../../digests)
        \(ranks.map { "mpirun -n \($0)" } ?? "") "$0" spo shards \(proxies) --level .9 --out "$DISK/run" --force
        echo "code $?"
        wc -l < digests
        cd "$DISK/run" && sha256sum --quiet -c ../../digests && echo unchanged
        """, size: 2000)
      #expect(
        ["code 73\n7\nunchanged\n", "code 74\n7\nunchanged\n"].contains(result.output),
        "\(result.output)\(result.error)")
      #expect(messages(result).count == 1)
      #expect(result.error.contains("disk full") || result.error.contains("No space left on device; free some space"))
    }

    @Test(.enabled(if: SmallDisk.isPossible), arguments: [16, 400])
    func `posteriors are whole or not there`(size: Int) throws {
      let result = try SmallDisk.run(
        """
        "$0" spo shards --treatment-proxies z --outcome-proxies x --posteriors "$DISK/classes.h5"
        echo "code $?"; ls -A "$DISK"
        """, size: size)
      #expect(result.output.wholeMatch(of: /code 7[34]\n/) != nil, "\(result.output)\(result.error)")
      #expect(messages(result).count == 1)
    }
  }
}
