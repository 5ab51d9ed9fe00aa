import Communication
import Diagnostics
import Foundation
import Storage

/// Checkpoints of a run: the state of every phase so far, in `checkpoint.h5`, and the one before it in
/// `checkpoint-previous.h5`.
///
/// A checkpoint is written beside and synced before the others move up, so that a full disk or a crash costs none of
/// them. It carries the SHA-256 of its content, so that a damaged one is known and the previous one is taken. Only the
/// root rank touches files; the ranks decide together.
public final class CheckpointStore {
  /// When checkpoints are written.
  public struct Policy: Sendable {
    /// The most passes from one checkpoint to the next.
    public var passes = 500
    /// The most minutes from one checkpoint to the next.
    public var minutes = 10.0
    /// Hours after which the run saves and stops; nil for no limit.
    public var maximumHours: Double?

    public init() {}
  }

  /// What to do when all checkpoints of a folder are damaged.
  public enum DamagePolicy: Sendable {
    case refuse
    /// The run begins as if there were none: where work that is lost is small beside the whole.
    case begin
  }

  /// What a run keeps in its folder while it goes on.
  public static let fileNames = ["checkpoint.h5", "checkpoint-previous.h5"]
  private static let nextName = "checkpoint-next.h5"
  /// What programs before the first release kept, which this one does not read.
  private static let formerNames = ["checkpoint.json", "checkpoint-previous.json"]

  private let folder: String
  private let policy: Policy
  private let communicator: any Communicator
  private let isStopRequested: () -> Bool
  /// Called on the root rank before a checkpoint is written, to make durable what goes with it.
  public var willSave: () throws -> Void = {}
  /// Whose times are kept with the states, so that those of a run that goes on add up; nil for none.
  var phases: Phases?
  private static let timesName = "times of phases"
  private var content: Checkpoint?
  /// Passes that the checkpoint holds from which this run goes on; 0 without one.
  public var savedPasses: Int { saved?.passes ?? 0 }
  private let saved: Checkpoint?
  private let clock = ContinuousClock()
  private let begin = ContinuousClock().now
  private var lastSave = ContinuousClock().now
  private var passesSinceSave = 0

  /// Collective.
  ///
  /// - Parameters:
  ///   - resume: whether to go on from the checkpoint in the folder; without one the run begins anew.
  ///   - isStopRequested: asked on every rank in every pass; when true on one of them the run saves and stops.
  /// - Throws: on all ranks the same ``Failure``: `data` when no checkpoint in the folder is whole, `configuration` when
  ///   another version of the program wrote it, `noInput` and `inputOutput` when one cannot be read.
  public init(
    folder: String, policy: Policy, resume: Bool, ifDamaged: DamagePolicy = .refuse, on communicator: any Communicator,
    isStopRequested: @escaping () -> Bool
  ) throws {
    self.folder = folder
    self.policy = policy
    self.communicator = communicator
    self.isStopRequested = isStopRequested
    saved = resume ? try Checkpoint.shared(on: communicator) { try Self.latest(in: folder, ifDamaged) } : nil
    communicator.wishes.ask { [weak self] in self?.wish ?? .goOn }
  }

  /// The store for a run of a fingerprint.
  ///
  /// - Throws: ``Failure`` `data` when the checkpoint is of other rows or options, `configuration` when it is of another
  ///   program.
  package func opened(
    _ fingerprint: Fingerprint, optionName: Fingerprint.OptionName = { $0 }
  ) throws -> CheckpointStore {
    if let saved {
      try fingerprint.requireSame(as: saved.fingerprint, "\(folder): the checkpoint is", optionName: optionName)
    }
    if communicator.isRoot { removeUnfinished() }
    content = saved ?? Checkpoint(fingerprint: fingerprint)
    if let phases, let earlier: PhaseTable = try state(of: Self.timesName) { phases.add(earlier: earlier) }
    return self
  }

  /// The state of a phase as it was saved; nil when it had not begun.
  package func state<State: Decodable>(of phase: String) throws -> State? {
    guard let bytes = content?.states[phase] else { return nil }
    do {
      return try StateDecoder.decode(State.self, from: bytes)
    } catch {
      throw Failure(.data, "\(folder): the checkpoint does not fit this program; start anew by --force")
    }
  }

  /// Takes note of a phase's state after a pass, and saves when the ranks agreed in the pass's sums that it is time, or
  /// that the run is to stop. Collective when it saves; else it sends nothing.
  ///
  /// - Throws: on all ranks the same ``Failure``: `temporary` when the run stops, `inputOutput` when saving fails.
  package func keep(_ state: some Encodable, of phase: String) throws {
    passesSinceSave += 1
    content?.passes += 1
    let wish = communicator.wishes.take()
    guard wish > .goOn else { return }
    try finish(state, of: phase)
    if let phases { try finish(phases.table(), of: Self.timesName) }
    try save()
    if wish == .stop {
      throw Failure(.temporary, "stopped after a checkpoint in \(folder); the same command with --resume goes on")
    }
  }

  /// Takes note of the state of a phase, for the next checkpoint.
  ///
  /// - Parameter prefix: the states of phases whose names begin so are no longer needed.
  package func finish(_ state: some Encodable, of phase: String, inPlaceOf prefix: String? = nil) throws {
    guard communicator.isRoot else { return }
    if let prefix { content?.removeStates(withPrefix: prefix) }
    content?.set(try StateEncoder.encode(state), of: phase)
  }

  /// Removes the checkpoints of a finished run.
  public func remove() {
    guard communicator.isRoot else { return }
    for name in Self.fileNames { unlink(path(name)) }
  }

  /// Removes what a run that was killed while it saved has left.
  private func removeUnfinished() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name == Self.nextName || name.hasPrefix(".\(Self.nextName).") {
      unlink(path(name))
    }
  }

  // MARK: - When

  /// What this rank wishes in a pass that is under way. The root rank's clock decides for all.
  private var wish: Wish {
    if isStopRequested() { return .stop }
    guard communicator.isRoot else { return .goOn }
    let now = clock.now
    if let hours = policy.maximumHours, begin.duration(to: now).seconds >= hours * 3600 { return .stop }
    if passesSinceSave + 1 >= policy.passes { return .save }
    return lastSave.duration(to: now).seconds >= policy.minutes * 60 ? .save : .goOn
  }

  // MARK: - Files

  private func save() throws {
    let (current, previous) = (path(Self.fileNames[0]), path(Self.fileNames[1]))
    let next = path(Self.nextName)
    try communicator.agree {
      guard communicator.isRoot, let content else { return }
      try willSave()
      try CheckpointFile.write(content, to: next)
      for (old, new) in [(current, previous), (next, current)] where access(old, F_OK) == 0 && rename(old, new) != 0 {
        throw Failure(.inputOutput, "\(old) cannot be renamed: \(String(cString: strerror(errno)))")
      }
    }
    lastSave = clock.now
    passesSinceSave = 0
  }

  /// The latest checkpoint that is whole; nil when there is none at all.
  private static func latest(in folder: String, _ damage: DamagePolicy) throws -> Checkpoint? {
    let paths = fileNames.map { "\(folder)/\($0)" }
    let found = paths.filter { access($0, F_OK) == 0 }
    for path in found {
      guard let checkpoint = try CheckpointFile.read(path) else { continue }
      // The damaged one must not take the place of the whole one when the next is written.
      if path != found[0] { rename(path, found[0]) }
      return checkpoint
    }
    let former = formerNames.map { "\(folder)/\($0)" }
    if found.isEmpty, let path = former.first(where: { access($0, F_OK) == 0 }) {
      throw CheckpointFile.ofAnotherVersion(path)
    }
    guard found.isEmpty || damage == .begin else {
      throw Failure(.data, "\(found.joined(separator: " and ")): damaged; start anew by --force")
    }
    return nil
  }

  private func path(_ name: String) -> String { "\(folder)/\(name)" }
}
