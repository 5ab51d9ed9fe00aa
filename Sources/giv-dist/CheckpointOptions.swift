import ArgumentParser
import MetaEM
import Runs

/// When a run saves what it has, and when it stops.
struct CheckpointOptions: ParsableArguments {
  @Option(
    help: """
      Passes from one checkpoint to the next at most; SIGTERM, SIGUSR1 and a first SIGINT (Ctrl-C) save one and stop, \
      with exit code 75; a second SIGINT ends at once. mpirun hands SIGUSR1 on; after the others it ends with a code of \
      its own. (default: \(CheckpointStore.Policy().passes))
      """)
  var checkpointEvery: Int?
  @Option(help: "Minutes from one checkpoint to the next at most. (default: \(CheckpointStore.Policy().minutes))")
  var checkpointMinutes: Double?
  @Option(help: "Save a checkpoint and stop after so many hours, with exit code 75.")
  var maxHours: Double?

  func validate() throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw ValidationError(message) } }
    if let checkpointEvery {
      try require(checkpointEvery >= 1, "--checkpoint-every must be at least 1, not \(checkpointEvery)")
    }
    try require(checkpointMinutes ?? 1 > 0, "--checkpoint-minutes must be positive")
    try require(maxHours ?? 1 > 0, "--max-hours must be positive")
  }

  var policy: CheckpointStore.Policy {
    var policy = CheckpointStore.Policy()
    if let checkpointEvery { policy.passes = checkpointEvery }
    if let checkpointMinutes { policy.minutes = checkpointMinutes }
    policy.maximumHours = maxHours
    return policy
  }
}
