import Foundation
import TestSupport
import Testing

/// Runs that cannot go on, and those that can although something is wrong.
@Suite(.serialized) struct CheckpointRefusalTests {
  private static let names = ["checkpoint.h5", "checkpoint-previous.h5"]
  private static let onePass = ["--max-hours", "1e-9"]

  /// Gives `body` a run that stopped after its second pass, with two checkpoints.
  private func withUnfinishedRun(_ body: (CheckpointTestRun) throws -> Void) throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder)
      for _ in 1...2 { #expect(try run.train(["--resume"] + Self.onePass).exitCode == 75) }
      #expect(try run.files() == Self.names.sorted() + ["metrics.jsonl.partial"])
      try body(run)
    }
  }

  /// Expects a refusal by one message that leaves every file as it was.
  private func expectRefusal(
    _ run: CheckpointTestRun, _ arguments: [String], exitCode: Int32, message: String,
    environment: [String: String?] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try run.contents()
    let refused = try run.train(arguments, environment: environment)
    #expect(refused.exitCode == exitCode, sourceLocation: sourceLocation)
    #expect(messages(refused).count == 1, sourceLocation: sourceLocation)
    #expect(refused.error.contains(message), "\(refused.error)", sourceLocation: sourceLocation)
    #expect(try run.contents() == before, sourceLocation: sourceLocation)
  }

  /// Changes a part of the index of a checkpoint as somebody would who also writes its digest anew.
  private func rewrite(_ name: String, of run: CheckpointTestRun, _ change: String) throws {
    try script(
      """
      with h5py.File(sys.argv[2], 'r+') as f:
          record, index = json.loads(f.attrs['giv-record']), json.loads(f['index'][:].tobytes())
          \(change)
          text = json.dumps(index, sort_keys=True, separators=(',', ':')).encode()
          data = len(text).to_bytes(8, 'little') + text + f['states'][:].tobytes()
          record['sha256'] = hashlib.sha256(data).hexdigest()
          del f['index'], f.attrs['giv-record']
          f['index'] = np.frombuffer(text, 'u1')
          f.attrs['giv-record'] = np.bytes_(json.dumps(record))
      """, [run.out.appendingPathComponent(name).path], in: run.folder)
  }

  private func flipByte(of name: String, in run: CheckpointTestRun) throws {
    let file = run.out.appendingPathComponent(name)
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 0x10
    try bytes.write(to: file)
  }

  @Test func `One damaged checkpoint costs passes, two the run`() throws {
    try withUnfinishedRun { run in
      try flipByte(of: Self.names[0], in: run)
      let stopped = try run.train(["--resume"] + Self.onePass)
      #expect(stopped.exitCode == 75)
      // The pass that the damaged one held came again.
      let passes = try Data(contentsOf: run.out.appendingPathComponent("metrics.jsonl.partial")).split(separator: 0x0A)
      #expect(passes.count == 2)
      for name in Self.names { try flipByte(of: name, in: run) }
      try expectRefusal(run, ["--resume"], exitCode: 65, message: "damaged; start anew by --force")
      #expect(try run.result(of: run.train(["--force"])) == run.undisturbed())
    }
  }

  @Test func `Other options, data, versions and numerics are refused and nothing is lost`() throws {
    try withUnfinishedRun { run in
      let others = [
        (["--seed", "2"], "--seed was 1 and is 2"),
        (
          ["--distribution", "gaussian"],
          "--distribution was regression and is gaussian, --representation was spline and is identity"
        ), (["--tolerance", "1e-7"], "--tolerance was 1e-08 and is 1e-07"),
        (["--max-iterations", "7"], "--max-iterations was 1000 and is 7"),
        (
          ["--rounds", "3", "--batch", "5", "--representation", "network"], "--batch was 400 and is 5, --rounds was 20"
        ),
        // A fit of three groups is not a choice among up to three.
        (["--groups", "auto", "--max-groups", "3"], "--max-groups was not set and is 3"),
      ]
      for (options, difference) in others {
        let message = "the checkpoint is of other options: \(difference)"
        try expectRefusal(run, ["--resume"] + options, exitCode: 65, message: message)
      }
      let other = CheckpointTestRun(run, shards: "shards/shard-00000.h5")
      try expectRefusal(other, ["--resume"], exitCode: 65, message: "the checkpoint is of other data")
      let whole = try run.contents()
      let changes = [
        ("record['encodingVersion'] = '999'", "was written by another version of giv-dist; go on with that one"),
        ("index['fingerprint']['program'] = '0.0.9'", "the checkpoint is of giv-dist 0.0.9 with numerics"),
        ("index['fingerprint']['numerics'] = 'Z80'", "with numerics Z80, and this is giv-dist"),
      ]
      for (change, message) in changes {
        try rewrite(Self.names[0], of: run, change)
        try expectRefusal(run, ["--resume"], exitCode: 78, message: message)
        try #require(whole[Self.names[0]]).write(to: run.out.appendingPathComponent(Self.names[0]))
      }
      #expect(try run.result(of: run.train(["--resume"])) == run.undisturbed())
    }
  }

  @Test func `An unfinished run is not begun anew, nor a finished one gone on with, unasked`() throws {
    try withUnfinishedRun { run in
      try expectRefusal(run, [], exitCode: 73, message: "holds an unfinished run; go on with it by --resume")
      try expectRefusal(
        run, ["--resume", "--force"], exitCode: 64, message: "--resume goes on and --force starts anew")
      let result = try run.result(of: run.train(["--resume"]))
      try expectRefusal(run, ["--resume"], exitCode: 73, message: "holds a finished run")
      #expect(try run.result(of: run.train(["--force"])) == result)
    }
  }

  @Test func `Without a checkpoint, --resume begins`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder)
      #expect(try run.result(of: run.train(["--resume"])) == run.undisturbed())
    }
  }

  @Test func `Killed between the names of its files, a run goes on`() throws {
    try withUnfinishedRun { run in
      let unfinished = try run.contents()
      let result = try run.result(of: run.train(["--resume"]))
      // The last name to be given is that of the metrics.
      try FileManager.default.removeItem(at: run.out.appendingPathComponent("metrics.jsonl"))
      for (name, content) in unfinished { try content.write(to: run.out.appendingPathComponent(name)) }
      #expect(try run.result(of: run.train(["--resume"])) == result)
      // All names given, and the checkpoints not yet removed.
      for name in Self.names { try unfinished[name]?.write(to: run.out.appendingPathComponent(name)) }
      try expectRefusal(run, ["--resume"], exitCode: 73, message: "holds a finished run")
    }
  }

  @Test func `A full disk ends a run, which then goes on from its checkpoints`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder)
      for _ in 1...2 { #expect(try run.train(["--resume"] + Self.onePass).exitCode == 75) }
      let before = try run.contents()
      let size = try #require(before[Self.names[0]]).count
      // Files may grow to what the last checkpoint needs, in units of 1024 bytes; later ones hold more phases.
      let limited = try run.train(["--resume", "--checkpoint-every", "1"], fileBlocks: size / 1024 + 1)
      #expect(limited.exitCode == 74)
      #expect(messages(limited).count == 1, "\(limited.error)")
      #expect(try run.files() == Self.names.sorted() + ["metrics.jsonl.partial"])
      #expect(try run.result(of: run.train(["--resume"])) == run.undisturbed())
    }
  }
}
