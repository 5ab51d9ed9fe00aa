import Foundation
import TestSupport
import Testing

/// Panels and `giv-dist si` that are killed, or cannot write: nothing is overwritten, and what was found is not lost.
extension OnRanks {
  @Suite(
    .inputs { folder in
      let law = "--scenario panel --seed 4"
      try simulate(
        "\(law) --units 60 --pre-periods 40 --post-periods 12 --missing .1 --shards 3 --out gaps", in: folder)
      try simulate("\(law) --units 2400 --pre-periods 24 --post-periods 6 --shards 2 --out many", in: folder)
      try script(
        """
        with open('long.csv', 'w') as f:
            print('shop,week,sales,price', file=f)
            for shop in range(200):
                for week in range(40): print(shop, week, shop * week % 7, 'high' if shop % 3 else 'low', sep=',', file=f)
        """, in: folder)
    }) struct SiFailureTests
  {
    private static let columns = "--unit shop --time week --outcome sales --arm price"
    private static let files = ["si.h5", "table.csv", "paths.csv"]

    private func digest(_ result: CommandResult) throws -> String {
      try #require(result.exitCode == 0, "\(result.error)")
      return try #require(object(result.output)["tableDigest"] as? String)
    }

    /// Where runs are killed: in the rounds that fill cells, while donors are left out, and among placebos.
    enum Loop: String, CaseIterable {
      case fill, leaveOut, placebos

      var arguments: [String] {
        let words =
          switch self {
          case .fill: "gaps --pre 1:40 --post 41:52"
          case .leaveOut: "many --pre 1:24 --post 25:30 --targets 2,4"
          case .placebos: "many --pre 1:24 --post 25:30 --targets 2,4,6 --placebo-space --placebo-include-target"
          }
        return ["si"] + words.split(separator: " ").map(String.init) + ["--checkpoint-every", "1", "--json"]
      }

      /// The pass that must have ended.
      var pass: String {
        switch self {
        case .fill: "{\"change\""
        case .leaveOut: "\"pass\":0,\"phase\":\"leave-out\""
        case .placebos: "\"pass\":1,\"phase\":\"leave-out 3\""
        }
      }
    }

    @Test(arguments: Loop.allCases, [SIGKILL, SIGUSR1])
    func `a run that is ended in a loop goes on there, on other ranks, to the same bits`(
      loop: Loop, signal: Int32
    ) throws {
      let out = "\(loop.rawValue)-\(signal)"
      let expected = try digest(givDist(loop.arguments + ["--out", "\(out)-whole"]))
      let result = try ended(loop.arguments, in: loop.pass, by: signal, out)
      #expect(result.exitCode == (signal == SIGKILL ? 137 : 75), "\(result.error)")
      let folder = SharedInputs.folder.appending(path: out)
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "si.h5").path))
      #expect(isCheckpointKept(in: folder))
      let refused = try givDist(loop.arguments + ["--out", out])
      #expect(refused.exitCode == 73 && refused.error.contains("--resume"), "\(refused.error)")
      #expect(try digest(givDist(loop.arguments + ["--out", out, "--resume"], ranks: 3)) == expected)
      for name in Self.files {
        #expect(
          FileManager.default.contentsEqual(
            atPath: folder.appending(path: name).path, andPath: "\(folder.path)-whole/\(name)"), "\(name)")
      }
    }

    @Test(.enabled(if: SmallDisk.isPossible), arguments: [nil, 3], [4, 20, 60])
    func `a full disk loses no earlier run`(ranks: Int?, free: Int) throws {
      let arguments = "si gaps --pre 1:40 --post 41:52"
      let result = try SmallDisk.run(
        """
        "$0" \(arguments) --out "$DISK/run" > first
        head -c 2000k /dev/zero > "$DISK/filling" 2> /dev/null
        truncate -s -\(free)k "$DISK/filling"
        (cd "$DISK/run" && ls --ignore=run.log | xargs sha256sum > ../../si-digests)
        \(ranks.map { "mpirun -n \($0)" } ?? "") "$0" \(arguments) --level .9 --out "$DISK/run" --force
        echo "code $?"
        wc -l < si-digests
        cd "$DISK/run" && sha256sum --quiet -c ../../si-digests && echo unchanged
        """, size: 2000)
      SmallDisk.expectFull(result, #/code 7[34]\n7\nunchanged\n/#)
    }

    @Test(
      .enabled(if: SmallDisk.isPossible),
      arguments: [
        "panel long.csv \(columns)", "panel long.csv \(columns) --layout periods",
        "simulate --scenario panel --units 60 --shards 2",
      ], [8, 24, 48])
    func `a panel is whole or not there`(arguments: String, size: Int) throws {
      let result = try SmallDisk.run(
        """
        "$0" \(arguments) --out "$DISK/panel"
        echo "code $?"; ls -A "$DISK/panel"
        """, size: size)
      SmallDisk.expectFull(result, #/code 7[34]\n/#)
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func `a panel that was there stays when its successor does not fit`()
      throws
    {
      let result = try SmallDisk.run(
        """
        "$0" panel long.csv \(Self.columns) --out "$DISK/panel" > first
        (cd "$DISK/panel" && sha256sum -- * > ../../panel-digests)
        "$0" panel long.csv \(Self.columns) --first-arm low --out "$DISK/panel" --force
        echo "code $?"
        cd "$DISK/panel" && sha256sum --quiet -c ../../panel-digests && ls -A | wc -l
        """, size: 140)
      SmallDisk.expectFull(result, #/code 7[34]\n2\n/#)
    }
  }
}
