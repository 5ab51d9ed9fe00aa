import Foundation
import TestSupport
import Testing

/// What the folder of a run keeps for people, and `giv-dist show`.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 2000 --shards 2 --out shards", in: folder)
      try simulate("--scenario proxies --law three-class --rows 4000 --seed 4 --out proxies", in: folder)
    }) struct ShowCommandTests
  {
    private func text(_ path: String) throws -> String {
      try String(contentsOf: SharedInputs.folder.appending(path: path), encoding: .utf8)
    }

    /// Runs a command that ends well.
    private func output(_ arguments: [String], ranks: Int? = nil) throws -> String {
      let result = try givDist(arguments, ranks: ranks)
      #expect(result.exitCode == 0, "\(result.error)")
      return result.output
    }

    @Test func `A run is shown again as it was printed, in numbers, and with how it was made`() throws {
      let arguments = ["train", "shards", "--groups", "2", "--starts", "4", "--out", "first run"]
      let printed = try output(arguments, ranks: 2)
      let summary = try text("first run/summary.txt")
      #expect(summary.hasPrefix("2 groups in 2000 rows on 2 ranks"))
      #expect(
        printed
          == summary
          + "\nwrote first run: posteriors.h5, model.h5, sample.csv, report.json, summary.txt, config.yaml, "
          + "metrics.jsonl, run.log\n")
      #expect(try output(["show", "first run"]) == summary)
      let numbers = try object(output(["show", "first run", "--json"]))
      #expect(numbers["command"] as? String == "train" && numbers["rows"] as? Int == 2000)
      // The same as a run prints with --json.
      let again = try object(output(["train", "shards", "--groups", "2", "--starts", "4", "--json"], ranks: 2))
      #expect(Set(again.keys) == Set(numbers.keys))
      #expect(again["modelDigest"] as? String == numbers["modelDigest"] as? String)
      let log = try output(["show", "first run", "--log"])
      #expect(log.contains(" began: ") && log.contains(" train shards --groups 2 --starts 4 --out 'first run'\n"))
      #expect(log.contains("  ranks 0-1 on ") && log.contains("Open MPI") && log.contains(" finished, after "))
    }

    @Test func `The log tells of a stop and of what went on`() throws {
      let arguments = ["train", "shards", "--groups", "2", "--out", "stopped"]
      let stopped = try givDist(arguments + ["--max-hours", "0.0000001"])
      #expect(stopped.exitCode == 75)
      let shown = try givDist(["show", "stopped"])
      #expect(shown.exitCode == 66 && shown.error.contains("unfinished run; go on with it by --resume"))
      _ = try output(arguments + ["--resume"], ranks: 3)
      let lines = try text("stopped/run.log").split(separator: "\n").map(String.init)
      #expect(lines.count == 10, "\(lines)")
      #expect(lines[4].contains(" ended with exit code 75: ") && lines[5].contains(" resumed after pass "))
      #expect(lines[8].hasPrefix("  ranks 0-2 on ") && lines[9].contains(" finished, after "))
    }

    @Test func `The log names the job of a batch system and the signal, and tells of a start that was killed`() throws {
      // Not that of Slurm, for which Open MPI would look.
      let words = ["train", "shards", "--groups", "2", "--out", "job", "--resume", "--checkpoint-every", "1"]
      func train(job: String, during: (pid_t) -> Void = { _ in }) throws -> CommandResult {
        try run(
          tool("giv-dist"), words, environment: ["PBS_JOBID": job], directory: SharedInputs.folder, during: during)
      }
      let folder = SharedInputs.folder.path + "/job"
      /// Once a start is in the log and there is a checkpoint, which the next one goes on from.
      func signal(_ number: Int32, job: String) -> (pid_t) -> Void {
        { process in
          func isUnderWay() -> Bool {
            let log = (try? String(contentsOfFile: "\(folder)/run.log", encoding: .utf8)) ?? ""
            return log.contains("PBS job \(job)") && access("\(folder)/checkpoint.h5", F_OK) == 0
          }
          while !isUnderWay() && kill(process, 0) == 0 { usleep(1000) }
          kill(process, number)
        }
      }
      #expect(try train(job: "11.head", during: signal(SIGUSR1, job: "11.head")).exitCode == 75)
      #expect(try train(job: "12.head", during: signal(SIGKILL, job: "12.head")).exitCode == 128 + SIGKILL)
      #expect(try train(job: "13.head").exitCode == 0)
      let lines = try text("job/run.log").split(separator: "\n").map(String.init).filter { !$0.hasPrefix(" ") }
      #expect(lines.count == 6, "\(lines)")
      #expect(lines[0].contains(" began, in PBS job 11.head: ") && lines[1].contains(" ended with exit code 75: "))
      #expect(lines[1].hasSuffix(" s; told to by SIGUSR1, in PBS job 11.head"))
      #expect(lines[2].contains(#/ resumed after pass \d+, in PBS job 12.head: /#))
      #expect(lines[3].contains(" the start before left no word of its end"))
      #expect(lines[4].contains(#/ resumed after pass \d+, in PBS job 13.head: /#))
      #expect(lines[5].contains(" finished, after ") && lines[5].hasSuffix(", in PBS job 13.head"))
      let page = try output(["report", "job", "--out", "job.html"])
      #expect(page.contains("job.html"))
      #expect(try text("job.html").contains("train shards --groups 2 --out job --resume"))
    }

    @Test func `Runs of one command stand side by side`() throws {
      for groups in ["2", "3"] {
        _ = try output(["train", "shards", "--groups", groups, "--starts", "4", "--out", "k\(groups)"])
      }
      let numbers = try ["k2", "k3"].map { try object(text("\($0)/report.json")) }
      let lines = try output(["show", "k2", "k3"]).split(separator: "\n").map {
        $0.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      }
      #expect(lines[0] == ["train:"] && lines[1] == ["k2", "k3"])
      #expect(lines.contains(["groups", "2", "3"]))
      let bic = try #require(lines.first { $0[0] == "BIC" })
      for (shown, run) in zip(bic.dropFirst(), numbers) {
        let value = try #require(run["bic"] as? Double)
        #expect(abs(try #require(Double(shown)) - value) <= 1e-4 * abs(value))
      }
    }

    @Test func `Effects of several runs stand side by side with their standard errors`() throws {
      for instrument in ["true", "none"] {
        _ = try output([
          "effect", "shards", "--instrument", instrument, "--outcome-basis", "linear", "--out", instrument,
        ])
      }
      let run = try object(text("true/report.json"))
      let methods = try #require(run["methods"] as? [String: [String: Any]])
      let slope = try #require(methods["hful"]?["averageSlope"] as? [String: Any])
      let expected = try [slope["estimate"], slope["standardError"]].map {
        String(format: "%.5g", try #require($0 as? Double))
      }
      let shown = try output(["show", "true", "none"])
      #expect(shown.contains("\(expected[0]) (\(expected[1]))"), "\(shown)")
      #expect(shown.hasPrefix("effect:\n") && shown.contains("hful") && shown.contains("ordinary"))
    }

    @Test func `Folders that are no runs, damaged, or of several commands are refused`() throws {
      _ = try output(["train", "shards", "--groups", "1", "--out", "one"])
      let proxies = ["--treatment-proxies", "z", "--outcome-proxies", "x"]
      _ = try output(["spo", "proxies", "--out", "classes"] + proxies)
      func expect(_ runs: [String], _ exitCode: Int32, _ message: String) throws {
        for ranks in [nil, 3] {
          let result = try givDist(["show"] + runs, ranks: ranks)
          #expect(result.exitCode == exitCode && result.output.isEmpty, "\(result.error)")
          #expect(messages(result).count == 1 && result.error.contains(message), "\(result.error)")
        }
      }
      try expect(["nowhere"], 66, "there is no nowhere; name the folder of a run")
      try expect(["shards"], 66, "shards holds no summary.txt; it is no folder of a run")
      try expect(["one", "classes"], 64, "one is a run of train, and classes one of spo; show runs of one command")
      let damaged = SharedInputs.folder.appending(path: "damaged")
      try FileManager.default.copyItem(at: SharedInputs.folder.appending(path: "one"), to: damaged)
      try Data("{\"command\":".utf8).write(to: damaged.appending(path: "report.json"))
      try expect(["one", "damaged"], 65, "damaged/report.json is damaged")
      try expect(["damaged", "--json"], 65, "damaged/report.json is damaged")
      try FileManager.default.removeItem(at: damaged.appending(path: "run.log"))
      try expect(["damaged", "--log"], 66, "damaged holds no run.log; it is no folder of a run")
      try FileManager.default.removeItem(at: damaged.appending(path: "summary.txt"))
      try expect(["damaged"], 66, "damaged holds no summary.txt; it is no folder of a run")
      try expect(["one", "one/report.json"], 66, "one/report.json holds no report.json; it is no folder of a run")
    }

    @Test func `A command that there is not is answered with the nearest one`() throws {
      let result = try givDist(["trian", "shards"])
      #expect(result.exitCode == 64 && result.error.contains("there is no command 'trian'; did you mean 'train'?"))
    }
  }
}
