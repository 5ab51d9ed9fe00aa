import Foundation
import TestSupport
import Testing

/// What `--dry-run` foretells, beside what the same command then tells of itself.
extension OnRanks {
  @Suite(
    .inputs { folder in
      // Rows of some 90 MiB, beside which the program is small.
      let law = "--scenario linear --rows 1200000 --covariates 8 --groups 2 --seed 1"
      try simulate("\(law) --shards 2 --out large", in: folder)
      try simulate("--rows 300000 --covariates 8 --groups 2 --seed 2 --shards 2 --out medium", in: folder)
      try simulate("--rows 3000 --groups 2 --seed 3 --shards 2 --out small", in: folder)
      try simulate("--scenario proxies --law binary --rows 2000000 --seed 5 --shards 2 --out proxies", in: folder)
      try simulate("--scenario proxies --law binary --rows 2500 --seed 6 --shards 2 --out cells", in: folder)
      try simulate("--scenario real-front-door --rows 400000 --seed 7 --shards 2 --out door", in: folder)
      try simulate("--scenario mixed-front-door --rows 2000 --seed 7 --out visits", in: folder)
      try script("open('door.txt', 'w').write('X -> M -> Y; X <-> Y\\n')", in: folder)
      let panel = "simulate --scenario panel --units 120000 --pre-periods 60 --post-periods 8 --seed 4 --out units"
      let result = try givDist(panel.split(separator: " ").map(String.init), in: folder)
      try #require(result.exitCode == 0, "\(result.error)")
    }) struct DryRunTests
  {
    private func numbers(_ line: String, ranks: Int) throws -> [String: Any] {
      let result = try givDist(
        line.split(separator: " ").map(String.init) + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(line): \(result.error)")
      return try object(result.output)
    }

    @Test(
      arguments: [
        "train large --groups 2 --starts 1 --max-iterations 2 --representation identity",
        "train small --groups 2 --distribution joint --starts 10 --covariate-basis polynomial2",
        "effect medium --instrument true --outcome-basis linear",
        "spo proxies --treatment-proxies z0,z1 --outcome-proxies x0,x1",
        "si units --pre 1:60 --post 61:68 --targets 1 --leave-out fixed-subspace",
        "idgen fit door --graph door.txt --do X --outcome Y --steps 20 --hidden 8,8 --out models --force",
      ], [false, true])
    func `The memory that is foretold is within a quarter of the peak`(line: String, isStreamed: Bool) throws {
      let line = line + (isStreamed ? " --stream" : "")
      let plan = try numbers(line + " --dry-run", ranks: 1)
      let foretold = try #require(plan["ranks"] as? [[String: Any]]).compactMap { $0["peakBytes"] as? Int }
      let times = try #require(try numbers(line + " --progress none", ranks: 1)["times"] as? [String: Any])
      let peak = try #require(times["peakBytes"] as? Int)
      #expect(foretold.count == 1)
      let ratio = Double(try #require(foretold.max())) / Double(peak)
      #expect((0.75...1.25).contains(ratio), "\(line): \(foretold) foretold, \(peak) measured")
    }

    @Test(
      arguments: ["effect small --instrument true", "si units --pre 1:60 --post 61:68"], [1, 3])
    func `A pass of cross products is timed`(line: String, ranks: Int) throws {
      let plan = try numbers("\(line) --dry-run", ranks: ranks)
      let pass = try #require(plan["pass"] as? [String: Double])
      let (each, all) = (try #require(pass["nsPerRow"]), try #require(pass["seconds"]))
      let rows = try #require(plan["ranks"] as? [[String: Any]]).compactMap { $0["rows"] as? Int }.max()!
      #expect(each > 0 && abs(all / (each * Double(rows) / 1e9) - 1) < 1e-9)
      let text = try givDist("\(line) --dry-run".split(separator: " ").map(String.init), ranks: ranks)
      #expect(text.output.contains(" ns per row measured here, without reading and messages"), "\(text.output)")
    }

    @Test func `Of models of a graph it tells each, what it is learned on, and what is kept`() throws {
      let line = "idgen fit visits --graph door.txt --do X --outcome Y --expand 2 --hidden 8 --out unmade --dry-run"
      for ranks in [1, 3] {
        let all = try numbers(line, ranks: ranks)
        let plan = try #require(all["plan"] as? [String: Any])
        let models = try #require(plan["models"] as? [[String: Any]])
        #expect(models.compactMap { $0["variable"] as? String } == ["X", "Y", "M", "Y"])
        #expect(models.compactMap { $0["kind"] as? String } == ["rows", "mixture", "softmax", "mixture"])
        #expect(models.compactMap { $0["generatedTable"] as? Int } == [0, 0, 0, 1])
        // Inputs X and M's three levels, X, and M; 18 outputs of a mixture of six, or 3 levels.
        #expect(
          models.compactMap { $0["parameters"] as? Int } == [2000, 5 * 8 + 9 * 18, 2 * 8 + 9 * 3, 4 * 8 + 9 * 18])
        // Of 4,000 rows M and Y are kept.
        #expect(plan["generatedRows"] as? Int == 4000 && all["generatedBytes"] as? Int == 4000 * 2 * 8)
        #expect(all["bytesPerPass"] as? Int == 2000 * 3 * 8)
      }
      #expect(!FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/unmade"))
    }

    @Test func `Of a sweep it tells the fits, and the rows of the ranks that share one`() throws {
      let line = "sweep small --groups 1...3 --seeds 1,2 --out never --dry-run"
      for (ranksPerFit, rows) in [(1, [[3000]]), (2, [[1024, 1976], [1976, 1024], [2048, 952], [952, 2048]])] {
        let plan = try numbers("\(line) --ranks-per-fit \(ranksPerFit)", ranks: 4)
        #expect(plan["fits"] as? Int == 6 && plan["ranksPerFit"] as? Int == ranksPerFit)
        let shares = try #require(plan["ranks"] as? [[String: Any]]).compactMap { $0["rows"] as? Int }
        #expect(rows.contains(shares), "\(shares)")
      }
      #expect(!FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/never"))
      let text = try givDist(line.split(separator: " ").map(String.init), ranks: 2)
      #expect(text.output.contains("; 6 fits, each on one rank that holds all rows"), "\(text.output)")
    }

    @Test(
      arguments: [
        ("train small --groups 2", 3000), ("sweep small --groups 1...3 --out never", 3000),
        ("spo cells --treatment-proxies z0,z1 --outcome-proxies x0,x1", 2500),
        ("spo cells --treatment-proxies z0,z1 --outcome-proxies x0,x1 --features poly:2", 2500),
      ], [1, 2, 5])
    func `Bytes of a pass are eight for each number of each row, and its time is measured`(
      line: (words: String, rows: Int), ranks: Int
    ) throws {
      let plan = try numbers("\(line.words) --dry-run", ranks: ranks)
      // Of proxies the rows hold z0, z1, x0, x1, t and y.
      let columns = try line.words.hasPrefix("spo") ? 6 : #require(plan["covariates"] as? Int) + 1
      #expect(plan["bytesPerPass"] as? Int == line.rows * columns * 8)
      let pass = try #require(plan["pass"] as? [String: Double])
      let (each, all) = (try #require(pass["nsPerRow"]), try #require(pass["seconds"]))
      let rows = try #require(plan["ranks"] as? [[String: Any]]).compactMap { $0["rows"] as? Int }.max()!
      #expect(each > 0 && abs(all / (each * Double(rows) / 1e9) - 1) < 1e-9)
      let text = try givDist("\(line.words) --dry-run".split(separator: " ").map(String.init), ranks: ranks)
      #expect(text.output.contains(" ns per row measured here, without reading and messages"), "\(text.output)")
    }
  }
}
