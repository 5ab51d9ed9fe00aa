import Foundation
import TestSupport
import Testing

/// Options from files, and files of options.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 1200 --shards 2 --out shards", in: folder)
      try Data(
        """
        # What to fit.
        data:
          shards: [shards/shard-00000.h5, shards/shard-00001.h5]
        fit:
          groups: 3
          starts: 4
          seed: 7
          lambda: null
        run: {stream: true, stall-timeout: 100}
        """.utf8
      ).write(to: folder.appending(path: "fit.yaml"))
    }) struct ConfigurationTests
  {
    private static let flags = ["shards", "--groups", "3", "--starts", "4", "--stream"]

    /// Writes a file of options, and its name.
    private func file(_ text: String, _ name: String = UUID().uuidString) throws -> String {
      try Data(text.utf8).write(to: SharedInputs.folder.appending(path: name))
      return name
    }

    /// What `--print-config` prints, and that as lines.
    private func printed(_ arguments: [String], ranks: Int? = nil) throws -> (text: String, lines: Set<Substring>) {
      let result = try givDist(arguments + ["--print-config"], ranks: ranks)
      #expect(result.exitCode == 0 && result.error.isEmpty, "\(arguments): \(result.error)")
      return (result.output, Set(result.output.split(separator: "\n")))
    }

    @Test func `Options on the command line win over those of the file, and these over defaults`() throws {
      let file = try train(["--config", "fit.yaml"])
      #expect(try file.digests == train(Self.flags + ["--seed", "7"]).digests)
      let other = try train(["--config=fit.yaml", "--seed", "8", "shards"], ranks: 2)
      #expect(try other.digests == train(Self.flags + ["--seed", "8"]).digests && other.digests != file.digests)
    }

    @Test func `The printed file and that of the run give the same digests again, on any number of ranks`() throws {
      let options = try printed(["train", "--config", "fit.yaml"], ranks: 2)
      #expect(try printed(["train", "--config", "fit.yaml"]).text == options.text)
      let again = try train(["--config", file(options.text), "--out", "first"], ranks: 2)
      #expect(try again.digests == train(["--config", "fit.yaml"]).digests)
      #expect(try train(["--config", "first/config.yaml", "--out", "second"]).digests == again.digests)
      let kept = try String(contentsOf: SharedInputs.folder.appending(path: "second/config.yaml"), encoding: .utf8)
      #expect(kept.contains("\nout: second\n") && kept.contains("\nseed: 7\n"))
    }

    @Test(arguments: [
      "simulate --out here --confounding=-0.2,0.3",
      "shard a.csv b.csv --out x --treatment t --categorical a --categorical b:1",
      "panel a.csv --out x --unit u --arm a --time t --outcome y", "info --kernel portable",
      "train shards --groups 2 --distribution joint --contrast=-1:2", "sweep shards --groups 2...8 --seeds 1,2 --out s",
      "predict run shards more --out x.h5 --stream", "effect run shards --outcome-basis spline:4+interactions",
      "spo proxies --treatment-proxies z --outcome-proxies x --contrast 1:0", "reproduce table1 --only True,GIV-EM",
      "si panel --pre 1970:1988 --post 1989:2000", "idgen graph g.txt",
      "idgen check --graph g.txt --do X --outcome Y", "idgen effect shards --graph g --do X --outcome Y --values X=0,1",
      "idgen effect shards --graph g --do X --outcome Y --model Y=flow --replicates 20 --draws 900 --out a",
      "idgen fit shards --graph g --do X --outcome Y --hidden 32,32 --real X,M --expand 2 --out a",
      "idgen sample run --do X=-1 --given Z=0 --rows 10 --shards 2 --out a",
    ])
    func `What a command prints as a file, it reads to print the same`(line: String) throws {
      let words = line.split(separator: " ").map(String.init)
      let first = try printed(words).text
      let command = Array(words.prefix { $0 == "idgen" } + [words[words[0] == "idgen" ? 1 : 0]])
      #expect(try printed(command + ["--config", file(first)]).text == first)
    }

    @Test func `A file gives lists, texts, flags and negative numbers as the command line does`() throws {
      let name = try file(
        """
        out: "a folder: mine"
        treatment: dose
        covariates: [age, '"height, cm"']
        categorical:
          - region:C
          - 'true'
        missing-markers: "-9,NA"
        inputs: -a.csv
        force: true
        json: false
        """)
      let lines = try printed(["shard", "--config", name]).lines
      for line in [
        #"out: "a folder: mine""#, #"covariates: "age,\"height, cm\"""#, "categorical: [region:C, true]",
        #"missing-markers: "-9,NA""#, #"inputs: ["-a.csv"]"#, "force: true", "json: false", "missing: refuse",
        "rows-per-shard: null  # default: 1000000", "by: null",
      ] { #expect(lines.contains(Substring(line)), "\(line) in \(lines)") }
      let other = try printed(["shard", "b.csv", "c.csv", "--config", name, "--no-force", "--categorical", "x"]).lines
      for line in ["inputs: [b.csv, c.csv]", "force: false", "categorical: [x]"] {
        #expect(other.contains(Substring(line)), "\(line) in \(other)")
      }
    }

    @Test(arguments: [
      ("shards: shards\ngruops: 3", ":2: 'gruops' is no option of train; did you mean 'groups'?"),
      ("data:\n  shards: shards\n  config: other", ":3: 'config' is no option of train; it has "),
      ("groups: 3\nfit:\n  groups: 4", ":3: 'groups' stands in line 1 too; give it once"),
      ("fit:\n  seed: 1\n  seed: 2", "'seed' is there more than once; give it once"),
      ("groups: 3\nstream: 3", ":2: 'stream' is true or false, not 3"),
      ("groups: {from: 2}", ":1: 'groups' has keys below it and is no heading; headings are 'data', "),
      ("fits:\n  groups: 2", ":1: 'fits' has keys below it and is no heading; did you mean 'fit'?"),
      ("groups: [[2]]", ":1: 'groups' must be one value, or a list of such: groups: [a, b]"),
      ("- groups", ":1: there must be options by name, such as 'groups: 3'"),
      ("fit: 3", ":1: 'fit' is no option of train; it has "),
      ("groups: 3\n  starts: 4", ":2: this is no YAML: mapping values are not allowed"),
      ("groups: \"3", "this is no YAML: "),
      ("a: 1\n---\nb: 2", ":2: this is no YAML: but found another document"),
      ("shards: s\n\ngroups: many", ":3: The value 'many' is invalid for '--groups <groups>'"),
      ("shards: s\ngroups: 2\nfit:\n  starts: -1", ":4: --starts must be at least 1, not -1"),
      ("shards: s\ngroups: 2\nmax-groups: 3", ":3: --max-groups goes with --groups auto only"),
      ("groups: 2", "Missing expected argument '<shards> ...'"),
    ])
    func `A file that gives no options is refused with its line`(text: String, words: String) throws {
      let name = try file(text, "wrong-\(UUID().uuidString).yaml")
      for ranks in [nil, 3] {
        let result = try givDist(["train", "--config", name], ranks: ranks)
        #expect(result.exitCode == 64 && result.output.isEmpty)
        #expect(messages(result).count == 1 && messages(result)[0].contains(words), "\(result.error)")
        #expect(messages(result)[0].contains(name) == !words.hasPrefix("Missing"), "\(result.error)")
      }
    }

    @Test func `A file that is not there, is no text, or differs between ranks is refused`() throws {
      try Data([0x67, 0xFF]).write(to: SharedInputs.folder.appending(path: "latin.yaml"))
      for (name, code, words) in [
        ("none.yaml", 66 as Int32, "--config none.yaml: there is no such file"),
        ("latin.yaml", 64, "latin.yaml:1: is no text in UTF-8"), ("shards", 66, "shards"),
      ] {
        let result = try givDist(["train", "--config", name])
        #expect(result.exitCode == code && messages(result).count == 1, "\(result.error)")
        #expect(result.error.contains(words), "\(result.error)")
      }
      // Rank 1 finds another file under the name.
      for (name, groups) in [("here", 2), ("there", 3)] {
        let folder = SharedInputs.folder.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("groups: \(groups)\nshards: ../shards".utf8).write(to: folder.appending(path: "own.yaml"))
      }
      let script = """
        cd $([ "$OMPI_COMM_WORLD_RANK" = 0 ] && echo here || echo there) && exec '\(tool("giv-dist"))' train --config own.yaml
        """
      let result = try mpirun(ranks: 2, tool: "/bin/sh", ["-c", script], directory: SharedInputs.folder)
      #expect(result.exitCode == 78 && messages(result).count == 1, "\(result.error)")
      #expect(result.error.contains("rank 1 reads another own.yaml than rank 0"), "\(result.error)")
    }

    /// The README's walks.
    @Test func `The files of the examples are read`() throws {
      let folder = packageDirectory.appending(path: "launch")
      for (command, name) in [("train", "train.yaml"), ("effect", "effect.yaml")] {
        let text = try printed([command, "--config", folder.appending(path: name).path]).text
        #expect(text.contains("\nout: \(command == "train" ? "run" : "effect")\n"))
      }
    }
  }
}
