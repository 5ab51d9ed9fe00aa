import Diagnostics
import Foundation
import Storage

/// The folder that receives shards: they are written to a hidden folder inside it, and move out when all are complete.
///
/// If the value goes away before ``commit(_:)``, what was written is removed, but for what ``leave()`` lets stay, and earlier
/// shards stay. A process that is killed leaves the hidden folder; the next one that writes there removes it, or goes on with
/// the files that are complete in it.
package final class ShardFolder {
  package let path: String
  /// Where files are written.
  package let staging: String
  private let force: Bool
  private let existed: Bool
  private let companions: [String]
  private let lock: FileHandle
  private var isLeft: Bool

  /// What writers that can go on say of themselves, in the hidden folder.
  private static let markName = ".begun"
  private static let lockName = ".lock"

  private static func staging(_ path: String) -> String { "\(path)/.shards.partial" }

  /// What the writer said of itself that was ended before all files of a folder were complete; nil where there is none
  /// that can go on.
  package static func mark(in path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(staging(path))/\(markName)").map(Array.init)
  }

  /// Whether shards may be written to a folder, before any work is done.
  ///
  /// - Parameters:
  ///   - resume: whether files may stay that a writer left which can go on.
  ///   - companions: names of files that may lie beside the shards.
  /// - Throws: ``Failure`` `cannotCreate` when the folder holds shards or such files, finished or not, and `force` is false,
  ///   or cannot be written to.
  package static func check(_ path: String, force: Bool, resume: Bool = false, companions: [String] = []) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(.cannotCreate, "--out \(path) is a file; name a folder")
    }
    guard access(path, R_OK | W_OK | X_OK) == 0 else { throw failure(path, "cannot be written to") }
    if force { return }
    if mark(in: path) != nil {
      // A writer that goes on was allowed to replace what is there when it began.
      if resume { return }
      throw Failure(
        .cannotCreate,
        "--out \(path) holds unfinished shards; the command that began them goes on with --resume; or start anew by "
          + "--force")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    if let name = names.sorted().first(where: {
      $0 == Manifest.fileName || $0.hasSuffix(".h5") || companions.contains($0)
    }) {
      throw Failure(
        .cannotCreate, "--out \(path) already holds \(name); give --force to replace its shards, or another folder")
    }
  }

  /// Makes the folder and those above it.
  ///
  /// - Parameters:
  ///   - companions: names of files beside the shards; where shards are replaced, so are these.
  ///   - mark: what this writer says of itself, if it can go on.
  ///   - resume: is given what a writer said of itself that was ended, and throws when that is another's; the complete
  ///     shards that it left stay then. Nil where none shall.
  /// - Throws: what `resume` throws, and ``check(_:force:resume:companions:)``; `temporary` when another process is writing
  ///   there.
  package init(
    _ path: String, force: Bool, companions: [String] = [], mark: [UInt8]? = nil,
    resume: ((_ mark: [UInt8]) throws -> Void)? = nil
  ) throws {
    try Self.check(path, force: force, resume: resume != nil, companions: companions)
    let existed = access(path, F_OK) == 0
    let staging = Self.staging(path)
    for end in staging.indices where end > staging.startIndex && staging[end] == "/" {
      try Self.createFolder(String(staging[..<end]), for: path)
    }
    try Self.createFolder(staging, for: path)
    let lock = try FileLock.open("\(staging)/\(Self.lockName)", ofOutput: path)
    // Another process may have been done since.
    try Self.check(path, force: force, resume: resume != nil, companions: companions)
    var goesOn = false
    if let resume, let left = Self.mark(in: path) {
      try resume(left)
      goesOn = true
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: staging)
    where name != Self.lockName
      && (!goesOn || name != Self.markName && (name.hasPrefix(".") || companions.contains(name)))
    {
      try FileManager.default.removeItem(atPath: "\(staging)/\(name)")
    }
    if let mark, !goesOn { try AtomicFile.save(mark, to: "\(staging)/\(Self.markName)", force: true) }
    self.path = path
    self.staging = staging
    self.force = force || goesOn
    self.existed = existed
    self.companions = companions
    self.lock = lock
    isLeft = goesOn
  }

  deinit {
    if !isLeft {
      // The lock last: another process may make its own as soon as it is gone.
      for name in (try? FileManager.default.contentsOfDirectory(atPath: staging)) ?? [] where name != Self.lockName {
        try? FileManager.default.removeItem(atPath: "\(staging)/\(name)")
      }
      unlink("\(staging)/\(Self.lockName)")
      rmdir(staging)
    }
    FileLock.release(lock)
    // Only a folder made here, and only when nothing is in it.
    if !existed { rmdir(path) }
  }

  /// Lets the files stay that are complete, for a writer that goes on with them; so do those that this one went on with.
  package func leave() { isLeft = true }

  /// Moves what was written into the folder, the manifest last.
  ///
  /// - Throws: ``Failure`` `inputOutput` when renaming fails.
  package func commit(_ manifest: Manifest) throws {
    if force {
      let earlier = try Manifest.read(fromFolder: path)
      // The manifest goes first: a folder that has one is complete.
      unlink("\(path)/\(Manifest.fileName)")
      for name in (earlier?.shards.map(\.file) ?? []) + companions where !name.contains("/") {
        unlink("\(path)/\(name)")
      }
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: staging) where !name.hasPrefix(".") {
      guard rename("\(staging)/\(name)", "\(path)/\(name)") == 0 else {
        throw Failure(.inputOutput, "\(path)/\(name): renaming failed: \(String(cString: strerror(errno)))")
      }
    }
    try manifest.write(toFolder: path, force: force)
    isLeft = false
  }

  /// `shard-00000.h5`, …: names with five digits sort as their numbers.
  package static func fileName(_ number: Int) -> String {
    let digits = String(number)
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".h5"
  }

  /// File names for institutions, in their order: letters and digits kept, all else a dash, and numbered where two would
  /// be the same on a file system that ignores case.
  package static func fileNames(for institutions: [String]) -> [String] {
    var taken: Set<String> = []
    return institutions.map { institution in
      let kept = institution.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
          byte
        default: UInt8(ascii: "-")
        }
      }
      let trimmed = kept.drop { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }.prefix(80)
      let base = trimmed.isEmpty ? "institution" : String(decoding: trimmed, as: UTF8.self)
      var name = base
      var number = 2
      while !taken.insert(name.lowercased()).inserted {
        name = "\(base)-\(number)"
        number += 1
      }
      return name + ".h5"
    }
  }

  private static func createFolder(_ folder: String, for path: String) throws {
    guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw failure(path, "cannot be created") }
  }

  private static func failure(_ path: String, _ what: String) -> Failure {
    Failure(.cannotCreate, "--out \(path) \(what): \(String(cString: strerror(errno))); name a folder you may write to")
  }
}
