import Communication
import Diagnostics

/// What an estimator is given beside the rows: a journal that tells of its passes and lets it be interrupted, and places
/// for its files.
///
/// ```swift
/// let run = try Run(folder: "run", files: ["model.h5"], existing: .resume, on: communicator)
/// try run.open(options, inputDigest: frame.digest)
/// let result = try estimator.fit(frame, in: run)      // every pass goes through run.journal
/// try communicator.agree { if communicator.isRoot { try result.save(to: run.path(of: "model.h5")!) } }
/// try run.complete(on: communicator)
/// ```
/// ``init(observer:)`` makes one that keeps nothing, for use as a library and for tests.
public final class Run {
  private let observer: (PassRecord) throws -> Void
  private let checkpoints: CheckpointStore?
  private let folder: RunFolder?
  private let optionName: Fingerprint.OptionName
  private var opened: Journal?
  private let phases: Phases?

  /// A run that keeps nothing.
  ///
  /// - Parameters:
  ///   - phases: given the time of what is done; nil where nobody asks.
  ///   - observer: told of every pass, on every rank.
  public init(phases: Phases? = nil, observer: @escaping (PassRecord) throws -> Void = { _ in }) {
    self.observer = observer
    self.phases = phases
    checkpoints = nil
    folder = nil
    optionName = { $0 }
    opened = Journal(observer: observer, phases: phases)
  }

  /// A run in a folder: its metrics, its checkpoints while it goes on, and its files when it is complete. Collective.
  ///
  /// - Parameters:
  ///   - files: the names of all files that it will leave besides `metrics.jsonl`, in the order in which they get them.
  ///   - existing: what to do with an earlier run in the folder.
  ///   - optionName: how a user writes an option, for messages.
  ///   - phases: given the time of what is done; nil where nobody asks.
  ///   - isStopRequested: asked on every rank after every pass; when true on one of them the run saves and stops.
  /// - Throws: on all ranks the same ``Failure``: `cannotCreate` when the folder cannot be made or holds a run that may
  ///   not be touched, `temporary` when another run is going on in it, and those of ``CheckpointStore``.
  public init(
    folder path: String, files: [String], existing: ExistingRun = .refuse, policy: CheckpointStore.Policy = .init(),
    optionName: @escaping Fingerprint.OptionName = { $0 }, on communicator: any Communicator, phases: Phases? = nil,
    observer: @escaping (PassRecord) throws -> Void = { _ in }, isStopRequested: @escaping () -> Bool = { false }
  ) throws {
    let checkpoints = try CheckpointStore(
      folder: path, policy: policy, resume: existing == .resume, on: communicator, isStopRequested: isStopRequested)
    let folder = try RunFolder(
      path, files: files, existing: existing, resumedPasses: checkpoints.savedPasses, on: communicator)
    checkpoints.willSave = { try folder.synchronize() }
    checkpoints.phases = phases
    self.phases = phases
    self.checkpoints = checkpoints
    self.folder = folder
    self.optionName = optionName
    self.observer = { record in
      try folder.record(record)
      try observer(record)
    }
  }

  /// A run whose checkpoints lie somewhere, and that leaves no files.
  init(
    checkpoints: CheckpointStore, optionName: @escaping Fingerprint.OptionName, phases: Phases?,
    observer: @escaping (PassRecord) throws -> Void
  ) {
    self.checkpoints = checkpoints
    self.phases = phases
    self.optionName = optionName
    self.observer = observer
    folder = nil
  }

  /// Begins, or goes on with what the folder holds. The one who starts an estimator does this once, with everything that
  /// determines the result.
  ///
  /// - Throws: ``Failure`` `data` when the folder holds an unfinished run of other options or rows, `configuration` when
  ///   another program began it.
  public func open(_ options: some Encodable, inputDigest: String) throws {
    let fingerprint = try Fingerprint(options, inputDigest: inputDigest)
    opened = Journal(
      observer: observer, checkpoints: try checkpoints?.opened(fingerprint, optionName: optionName), phases: phases)
  }

  /// Gives the time that follows to a phase of a name.
  public func start(_ phase: String) { phases?.start(phase) }

  /// Follows the passes of the estimator.
  ///
  /// - Precondition: a run in a folder is open.
  public var journal: Journal {
    guard let opened else { preconditionFailure("open the run with its options before its first step") }
    return opened
  }

  /// The folder that the run leaves its files in; nil when it keeps none.
  public var outputFolder: String? { folder?.path }

  /// The names of all files that it leaves there.
  public var outputFiles: [String] { folder?.files ?? [] }

  /// The passes that an unfinished run in the folder had behind it.
  public var savedPasses: Int { checkpoints?.savedPasses ?? 0 }

  /// Where to write one of the files of the run; nil when it keeps none.
  public func path(of file: String) -> String? { folder?.staged(file) }

  /// Gives the files their names, after all of them were written, and removes the checkpoints. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `inputOutput`.
  public func complete(on communicator: any Communicator) throws {
    try communicator.agree { if communicator.isRoot { try folder?.complete() } }
    checkpoints?.remove()
  }
}
