import Foundation
import TestSupport
import Testing

/// launch/relaunch.sh: exit codes with a launcher that only pretends, and a lost host on a cluster of namespaces.
@Suite(.serialized) struct CheckpointRelaunchTests {
  private static let script = packageDirectory.appendingPathComponent("launch/relaunch.sh").path

  /// Whether this process may make networks of namespaces, as launch/cluster.sh does.
  static let canMakeHosts: Bool = {
    guard geteuid() == 0 else { return false }
    let name = "giv-\(getpid())"
    func canRun(_ command: String) -> Bool {
      (try? run("ip", command.split(separator: " ").map(String.init)).exitCode) == 0
    }
    guard canRun("netns add \(name)") else { return false }
    defer { _ = canRun("netns delete \(name)") }
    return canRun("-n \(name) link add cable0 type veth peer name cable1")
      && canRun("-n \(name) link add bridge type bridge")
      && canRun("netns exec \(name) unshare --uts --pid --mount --fork --mount-proc mount -t tmpfs none /dev/shm")
  }()

  /// Stands for a launcher that waits for ever.
  private static let hang = 1000
  /// Stands for one that begins when there is a file `begin`, until then dies of SIGUSR1, and after that ends with 75.
  private static let late = 1001

  /// Runs the script with a mpirun that writes down its arguments, makes a checkpoint if told to and ends with one code
  /// after the other. Its pauses take no time; the second that the watch of the start waits lasts until that mpirun is
  /// where it should be.
  private func relaunch(
    codes: [Int], hosts: String = "a slots=2\nb slots=3 # spare\n", silent: String = "none", tries: Int = 3,
    start: Int = 300, checkpoint: Bool = true, _ options: [String] = [],
    during: (pid_t, URL) throws -> Void = { _, _ in }
  ) throws -> (CommandResult, calls: [String]) {
    try withTemporaryDirectory { folder in
      func write(_ name: String, _ text: String) throws {
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
      }
      try write("hosts", hosts)
      try write("codes", codes.map { "\($0)\n" }.joined())
      // Hosts are asked before each try.
      try write("agent", "#!/bin/sh\n[ \"$1\" != \(silent) ] && rm -f settled\n")
      try write("settled", "")
      try write(
        "sleep",
        """
        #!/bin/sh
        [ "$1" = 1 ] || exec /bin/sleep 0.01
        until [ -e settled ] || [ ! -e codes ]; do /bin/sleep 0.01; done
        """)
      try write(
        "mpirun",
        """
        #!/bin/sh
        echo "$@" | sed 's/.* -n \\([0-9]*\\) .* train/\\1 train/' >>calls
        mkdir -p run\(checkpoint ? " && touch run/checkpoint.h5" : "")
        code=$(head -n 1 codes) && sed -i 1d codes
        case "$code" in
        \(Self.hang)) touch settled && exec tail -f /dev/null ;;
        \(Self.late))
          touch launched
          until [ -e begin ]; do /bin/sleep 0.01; done
          trap 'exit 75' USR1
          touch run/metrics.jsonl.partial settled
          while :; do /bin/sleep 0.01; done
          ;;
        esac
        touch run/metrics.jsonl.partial settled
        exit "$code"
        """)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let result = try run(
        Self.script,
        [
          "--hosts", "hosts", "--tries", "\(tries)", "--start", "\(start)", "--agent", "./agent", "--",
          tool("giv-dist"), "train", "s",
        ]
          + ["--out", "run"] + options, environment: ["PATH": "\(folder.path):\(path)"], directory: folder,
        during: { try during($0, folder) })
      let calls = (try? String(contentsOf: folder.appendingPathComponent("calls"), encoding: .utf8)) ?? ""
      return (result, calls.split(separator: "\n").map(String.init))
    }
  }

  @Test(arguments: [0, 64, 65, 66, 70, 73, 78])
  func `What would come out the same is not tried again`(code: Int) throws {
    let (result, calls) = try relaunch(codes: [code])
    #expect(result.exitCode == Int32(code))
    #expect(calls == ["5 train s --out run --resume"])
  }

  @Test(arguments: [1, 74, 75, 134, 137, 205])
  func `Crashes are tried again until they are too many`(code: Int) throws {
    let (result, calls) = try relaunch(codes: [code, code, code, 0])
    #expect(result.exitCode == Int32(code))
    #expect(calls.count == 3)
  }

  @Test func `The last code counts`() throws {
    let (result, calls) = try relaunch(codes: [205, 75, 65])
    #expect(result.exitCode == 65)
    #expect(calls.count == 3)
  }

  @Test(arguments: [("--max-hours=1e-9", 1), ("--max-hours=1", 2)])
  func `A run whose time is over is not tried again`(option: String, tries: Int) throws {
    let (result, calls) = try relaunch(codes: [75, 65], [option])
    #expect(result.exitCode == (tries == 1 ? 75 : 65))
    #expect(calls.count == tries)
  }

  @Test func `A launcher whose ranks never begin is ended`() throws {
    let (result, calls) = try relaunch(codes: [Self.hang, 65], start: 1)
    #expect(result.exitCode == 65)
    #expect(calls.count == 2)
    #expect(result.error.contains("the ranks have not begun within 1 s"))
  }

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `Ranks are asked to stop once they have begun`(signal: Int32) throws {
    let (result, calls) = try relaunch(codes: [Self.late, 0]) { script, folder in
      let deadline = ContinuousClock.now + .seconds(commandTimeout)
      while !FileManager.default.fileExists(atPath: folder.appending(path: "launched").path) {
        try #require(ContinuousClock.now < deadline, "the launcher was not started")
        usleep(10_000)
      }
      kill(script, signal)
      // Time in which the signal would be handed on.
      usleep(300_000)
      try Data().write(to: folder.appending(path: "begin"))
    }
    #expect(result.exitCode == 75)
    #expect(calls.count == 1)
    #expect(result.error.contains("try 1 ended with 75"))
  }

  @Test func `Only hosts that answer are used`() throws {
    let (result, calls) = try relaunch(codes: [0], silent: "a")
    #expect(calls == ["3 train s --out run --resume"])
    #expect(result.error.contains("3 ranks, no answer from a\n"))
  }

  @Test func `Without any host it is worth trying again`() throws {
    let (result, calls) = try relaunch(codes: [0], hosts: "a\n", silent: "a")
    #expect(result.exitCode == 75)
    #expect(calls.isEmpty)
  }

  @Test func `An earlier run is replaced once`() throws {
    let (_, calls) = try relaunch(codes: [205, 0], ["--force"])
    #expect(calls == ["5 train s --out run --force", "5 train s --out run --resume"])
  }

  @Test func `An earlier run is replaced until there is a checkpoint`() throws {
    let (_, calls) = try relaunch(codes: [205, 0], checkpoint: false, ["--force"])
    #expect(calls == ["5 train s --out run --force", "5 train s --out run --force"])
  }

  @Test(arguments: [[], ["--hosts", "h"], ["--hosts", "h", "--tries", "0", "--", "true", "--out", "o"]])
  func `A wrong command line shows the usage`(arguments: [String]) throws {
    let result = try run(Self.script, arguments)
    #expect(result.exitCode == 64)
    #expect(result.error.hasPrefix("Usage: launch/relaunch.sh --hosts FILE"))
  }

  @Test(.enabled(if: canMakeHosts, "only root can make hosts, of network namespaces"))
  func `A run goes on without a lost host to the same bits`() throws {
    let result = try run(
      packageDirectory.appendingPathComponent("launch/test-relaunch.sh").path, ["first"],
      environment: ["GIV_DIST": tool("giv-dist"), "PATIENCE": "20"])
    #expect(result.exitCode == 0, "\(result.error)")
    #expect(result.output.contains("1: 8 ranks; 2: 6 ranks"), "\(result.output)")
  }
}
