import ArgumentParser
import Communication
import Frames
import Runs

/// How fits are run and shown, which changes none of their bits.
struct RunOptions: ParsableArguments {
  @Flag(help: "Replace what an earlier run has left in the folder of --out.")
  var force = false
  @Flag(help: "Go on with what the folder of --out holds, on any number of ranks; where it holds nothing, begin.")
  var resume = false
  @Flag(help: "Read the rows anew in every pass instead of holding them in memory; the result has the same bits.")
  var stream = false
  @Flag(help: "Print one JSON object.")
  var json = false
  @Option(help: "Progress on standard error: auto shows lines when a fit takes more than two seconds.")
  var progress = ProgressStyle.auto

  func validate() throws {
    guard resume && force else { return }
    throw ValidationError("--resume goes on and --force starts anew; give one of them")
  }

  /// What may become of what the folder holds.
  var existing: ExistingRun { resume ? .resume : force ? .replace : .refuse }

  var storage: FrameStorage { stream ? .stream() : .memory }

  /// The run that the folder of `--out` keeps, and that signals stop; without a folder one that keeps nothing. Collective.
  ///
  /// - Throws: what `Run` throws of the folder.
  func run(
    in folder: String?, files: [String], policy: CheckpointStore.Policy = CheckpointStore.Policy(), _ phases: Phases,
    on communicator: any Communicator, observer: @escaping (PassRecord) throws -> Void
  ) throws -> Run {
    guard let folder else { return Run(phases: phases, observer: observer) }
    return try Run.kept(in: folder, files, existing, policy, phases, on: communicator, observer: observer)
  }
}

extension Phases {
  /// Those of a command, from the beginning of the program on. Collective in that all ranks make them.
  static func ofCommand(countsSums: Bool = false, on communicator: any Communicator) -> Phases {
    Phases("start", since: GivDist.begin, countsSums: countsSums, on: communicator)
  }
}

extension Run {
  /// A run that a folder keeps, with the ``Answer`` and the ``RunLog``. Collective.
  static func kept(
    in folder: String, _ files: [String], _ existing: ExistingRun, _ policy: CheckpointStore.Policy, _ phases: Phases,
    on communicator: any Communicator, observer: @escaping (PassRecord) throws -> Void
  ) throws -> Run {
    StopSignal.install()
    let run = try Run(
      folder: folder, files: files + Answer.fileNames, existing: existing, policy: policy,
      optionName: OptionNames.name, on: communicator, phases: phases, observer: observer,
      isStopRequested: { StopSignal.isReceived })
    try RunLog.begin(in: folder, savedPasses: run.savedPasses, on: communicator)
    return run
  }

  /// Writes files on rank 0. Collective.
  func write(
    _ files: [String], on communicator: any Communicator, _ write: (_ name: String, _ path: String) throws -> Void
  ) throws {
    try communicator.agree {
      guard communicator.isRoot else { return }
      for name in files { try write(name, path(of: name)!) }
    }
  }
}
