import Communication
import Diagnostics
import TestSupport
import Testing

/// Real ranks: the probe program under mpirun.
@Suite(.serialized) struct MPITests {
  /// The lines on standard error that the program itself wrote.
  private func messages(_ result: CommandResult) -> [String] {
    result.error.split(separator: "\n").map(String.init).filter { $0.hasPrefix("giv-dist:") }
  }

  /// The exit code and what was said.
  private func summary(_ result: CommandResult) -> String {
    "\(result.exitCode) " + messages(result).map { $0.replacing("giv-dist: error: ", with: "") }.joined(separator: "|")
  }

  private func probe(_ scenario: String, ranks: Int = 4, stallTimeout: Int = 60) throws -> CommandResult {
    try mpirun(ranks: ranks, tool: "mpi-probe", [scenario, "\(stallTimeout)", "100000"])
  }

  @Test(arguments: [1, 2, 3, 4, 8])
  func `Results have the bits of one process alone and of threads`(ranks: Int) throws {
    let scenarios: [(String, @Sendable (any Communicator) throws -> String)] = [
      ("sum", Scenario.sum), ("split", Scenario.split), ("large", Scenario.large), ("gather", Scenario.gather),
      ("fetch", Scenario.fetch),
    ]
    for (name, body) in scenarios {
      let alone = try body(SoloCommunicator())
      #expect(try LoopbackCommunicator.run(ranks: ranks, body)[0] == alone)
      let result = try probe(name, ranks: ranks)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(result.output == alone + "\n")
    }
  }

  @Test func `Without a launcher one process works alone`() throws {
    let result = try run(tool("mpi-probe"), ["size"])
    #expect(result.exitCode == 0)
    #expect(result.output.hasPrefix("1 ranks, Open MPI v"))
  }

  @Test(arguments: ["agreed-failure": "66 no such file", "same-failure": "64 no such option"])
  func `A failure of all ranks is printed once`(scenario: String, expected: String) throws {
    let result = try probe(scenario)
    #expect(summary(result) == expected)
    #expect(!result.error.contains("MPI_ABORT"))
  }

  @Test(arguments: [
    "lone-failure": "65 rank 3: bad row", "group-failure": "65 rank 0: bad group",
    "truncated": "75 rank 0: MPI_Recv from rank 3 failed: MPI_ERR_TRUNCATE: message truncated",
  ])
  func `A failure of some ranks ends the others and names its rank`(scenario: String, expected: String) throws {
    let result = try probe(scenario)
    #expect(summary(result) == expected)
  }

  @Test func `A killed rank ends the job`() throws {
    #expect(try probe("killed").exitCode == 137)
  }

  @Test func `The watchdog ends a job whose rank was stopped`() throws {
    // Longer than the ranks may be apart when they begin.
    let result = try probe("stopped", stallTimeout: 5)
    #expect(result.exitCode == 75)
    #expect(messages(result).count == 1, "\(result.error)")
    #expect(messages(result)[0].hasPrefix("giv-dist: error: rank 0 waited 5 s in MPI_Barrier; "))
  }

  @Test func `A slow rank is waited for when the watchdog is off`() throws {
    let result = try probe("busy", stallTimeout: 0)
    #expect(result.exitCode == 0)
    #expect(result.output == "done\n")
  }

  @Test(arguments: [
    ["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"], ["PMI_RANK": "0", "PMI_SIZE": "2"],
  ])
  func `Processes that do not know of each other are refused`(environment: [String: String]) throws {
    let result = try run(tool("mpi-probe"), ["size"], environment: environment.mapValues(Optional.some))
    #expect(result.exitCode == ExitCode.configuration.rawValue)
    #expect(messages(result).count == 1)
    #expect(result.error.contains("srun --mpi=pmix"))
  }

  @Test(arguments: [
    ["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"], ["PMI_RANK": "1", "PMI_SIZE": "2"],
  ])
  func `Only the first of them says so`(environment: [String: String]) throws {
    let result = try run(tool("mpi-probe"), ["size"], environment: environment.mapValues(Optional.some))
    #expect(result.exitCode == ExitCode.configuration.rawValue)
    #expect(messages(result).isEmpty)
  }
}
