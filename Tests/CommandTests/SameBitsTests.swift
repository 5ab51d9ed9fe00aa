import Foundation
import TestSupport
import Testing

/// What a processor has, or is told to be, changes no bit: neither the kernel, nor the code that OpenBLAS and the C
/// library choose for it.
extension OnRanks {
  @Suite struct SameBitsTests {
    /// Variables that make a run differ in what it computes with.
    struct Setting: CustomTestStringConvertible, Sendable {
      let variables: [String: String]

      /// Whether fused multiply-adds are computed by integers, which takes a hundred times as long.
      var isSlow: Bool { variables["GIV_KERNEL"] == "portable" && variables["GLIBC_TUNABLES"] != nil }

      var testDescription: String {
        variables.isEmpty ? "as it is" : variables.map { "\($0)=\($1)" }.sorted().joined(separator: " ")
      }

      func run(_ arguments: [String], in folder: URL) throws -> CommandResult {
        let result = try TestSupport.run(
          tool("giv-dist"), arguments, environment: variables.mapValues { $0 }, directory: folder)
        try #require(result.exitCode == 0, "\(testDescription): \(result.error)")
        return result
      }
    }

    /// What the processor can run.
    private static let flags: Set<Substring> = {
      let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
      return Set(line.split(separator: " "))
    }()

    private static func has(_ needed: String) -> Bool {
      flags.isSuperset(of: needed.split(separator: " "))
    }

    static let settings: [Setting] = {
      let wide = "avx512f avx512dq avx512vl avx512bw avx512cd"
      let cores = [("Haswell", "avx2 fma"), ("Zen", "avx2 fma"), ("SkylakeX", wide), ("Prescott", "pni")]
      let kernels = [("avx512", wide + " fma"), ("avx2", "avx2 fma"), ("portable", "")]
      let withoutFusion = ["GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"]
      return cores.filter { has($0.1) }.map { Setting(variables: ["OPENBLAS_CORETYPE": $0.0]) }
        + kernels.filter { has($0.1) }.map { Setting(variables: ["GIV_KERNEL": $0.0]) }
        + [
          Setting(variables: withoutFusion),
          Setting(
            variables: withoutFusion.merging(["GIV_KERNEL": "portable", "OPENBLAS_CORETYPE": "Prescott"]) { $1 }),
        ]
    }()

    private static let simulations = [
      "--scenario poly --groups 2 --covariates 2 --rows 300 --confounding=-0.5,0.5",
      "--scenario linear --groups 3 --covariates 2 --rows 700 --errors t4",
      "--scenario sin --groups 2 --covariates 2 --rows 700 --errors exponential",
      "--scenario sigmoid --groups 2 --covariates 2 --rows 700 --errors bimodal",
    ]

    private static let fits = [
      "--max-iterations 10",
      "--max-iterations 10 --distribution gaussian --representation identity",
      "--max-iterations 5 --distribution gaussian --representation network --rounds 1 --steps 5",
      // A hundred passes over nineteen columns.
      "--max-iterations 5 --distribution joint --outcome-basis quadratic --covariate-basis polynomial3",
    ]

    /// The digests of fits of the first simulation, and the bytes of all shards.
    private static func results(_ setting: Setting) throws -> (digests: [[String]], shards: [[String: Data]]) {
      try withTemporaryDirectory { folder in
        var shards: [[String: Data]] = []
        for (number, options) in simulations.enumerated() {
          let arguments = ["simulate", "--seed", "5", "--out", "shards\(number)"]
          _ = try setting.run(arguments + options.split(separator: " ").map(String.init), in: folder)
          shards.append(try contents(folder.appending(path: "shards\(number)")))
        }
        let digests = try fits.prefix(setting.isSlow ? 3 : 4).map { options in
          let arguments = ["train", "shards0", "--groups", "2", "--starts", "1", "--json"]
          let output = try setting.run(arguments + options.split(separator: " ").map(String.init), in: folder).output
          return try JSONDecoder().decode(TrainReport.self, from: Data(output.utf8)).digests
        }
        return (digests, shards)
      }
    }

    @Test func `Simulated shards and every fit have the same bits whatever the processor offers`() throws {
      let expected = try Self.results(Setting(variables: [:]))
      #expect(expected.digests.count == 4 && Set(expected.digests.map { $0[0] }).count == 4)
      for setting in Self.settings {
        let results = try Self.results(setting)
        #expect(results.digests == Array(expected.digests.prefix(results.digests.count)), "\(setting.testDescription)")
        #expect(results.shards == expected.shards, "\(setting.testDescription)")
      }
    }

    /// Of `launch/demo.sh`, on one rank: its eight have the same bits.
    @Test func `The README's first example has the digests that stand there whatever the processor offers`() throws {
      let readme = try String(contentsOf: packageDirectory.appending(path: "README.md"), encoding: .utf8)
      let script = try String(contentsOf: packageDirectory.appending(path: "launch/demo.sh"), encoding: .utf8)
      let told = try #require(
        readme.firstMatch(of: /digests: model ([0-9a-f]{16}), posteriors ([0-9a-f]{16})\n\nwrote runs\/demo\/run:/))
      let simulation = try #require(script.firstMatch(of: /simulate (.*) --out/)).1.split(separator: " ")
      let fit = try #require(script.firstMatch(of: /train "\$folder\/shards" (.*) --out/)).1.split(separator: " ")
      try withTemporaryDirectory { folder in
        let simulate = ["simulate"] + simulation.map(String.init) + ["--out", "shards"]
        _ = try Setting(variables: [:]).run(simulate, in: folder)
        for setting in Self.settings where !setting.isSlow {
          let output = try setting.run(["train", "shards", "--json"] + fit.map(String.init), in: folder).output
          let report = try JSONDecoder().decode(TrainReport.self, from: Data(output.utf8))
          #expect(
            report.modelDigest.hasPrefix(told.1) && report.posteriorDigest.hasPrefix(told.2),
            "\(setting.testDescription)")
        }
      }
    }

    /// Each rank of another kernel, as on unlike processors.
    @Test func `Ranks with unlike kernels work on one job, to the same bits`() throws {
      let kernels = Set(Self.settings.compactMap { $0.variables["GIV_KERNEL"] }).sorted()
      try withTemporaryDirectory { folder in
        try simulate("--rows 30000 --groups 2 --out shards", in: folder)
        let fit = ["shards", "--groups", "2", "--starts", "2", "--max-iterations", "10", "--out", "alone"]
        let alone = try train(fit, in: folder)
        let choice =
          "case $OMPI_COMM_WORLD_RANK in \(kernels.indices.map { "\($0)) k=\(kernels[$0]);;" }.joined()) esac"
        let command = "\(choice); exec '\(tool("giv-dist"))' \"$@\" --kernel $k"
        func onEach(_ arguments: [String]) throws -> String {
          let result = try mpirun(
            ranks: kernels.count, tool: "/bin/sh", ["-c", command, "sh"] + arguments, directory: folder)
          try #require(result.exitCode == 0, "\(result.error)")
          return result.output
        }
        #expect(try object(onEach(["info", "--json"]))["kernels"] as? [String] == kernels)
        let output = try onEach(["train"] + fit.dropLast() + ["unlike", "--json"])
        #expect(try JSONDecoder().decode(TrainReport.self, from: Data(output.utf8)).digests == alone.digests)
        let log = try String(contentsOf: folder.appending(path: "unlike/run.log"), encoding: .utf8)
        for kernel in kernels { #expect(log.contains("kernel \(kernel), "), "\(log)") }
      }
    }

    @Test func `The kernel of GIV_KERNEL is the one in use, and an unknown one is refused`() throws {
      for setting in Self.settings {
        guard let kernel = setting.variables["GIV_KERNEL"] else { continue }
        let report = try object(setting.run(["info", "--json"], in: FileManager.default.temporaryDirectory).output)
        #expect(report["kernels"] as? [String] == [kernel])
      }
      let refused = try TestSupport.run(tool("giv-dist"), ["info"], environment: ["GIV_KERNEL": "sse"])
      #expect(refused.exitCode == 64)
      #expect(messages(refused).first?.contains("GIV_KERNEL: no kernel 'sse' on this machine") == true)
      let chosen = try TestSupport.run(
        tool("giv-dist"), ["info", "--json", "--kernel", "portable"], environment: ["GIV_KERNEL": "sse"])
      #expect(try object(chosen.output)["kernels"] as? [String] == ["portable"])
    }
  }
}
