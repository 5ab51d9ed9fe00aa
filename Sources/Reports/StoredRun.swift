import Diagnostics
import Foundation
import Storage

/// The folder of a finished run: what was found in numbers and as the terminal showed it, and how it was made.
///
/// Nothing is computed again from data; what a run does not tell is not there.
public struct StoredRun: Sendable {
  /// Names of the files that the folder of every run holds.
  public static let numbersName = "report.json"
  public static let summaryName = "summary.txt"
  public static let logName = "run.log"
  public static let metricsName = "metrics.jsonl"
  /// The first rows of a sample as pictures side by side.
  public static let imagesName = "sheet.png"

  /// As a user names it.
  public let path: String
  /// What made it, such as `train`.
  public let command: String
  /// All of `report.json`.
  package let numbers: JSONNode
  public let summary: String
  /// Empty where there is none.
  public let log: String

  /// - Throws: ``Failure`` `noInput` when it is no folder of a finished run, `data` when its numbers are damaged.
  public init(_ path: String) throws {
    self.path = path
    numbers = try Self.numbers(Self.file(Self.numbersName, of: path), of: path)
    command = numbers["command"].text!
    summary = String(decoding: try Self.file(Self.summaryName, of: path), as: UTF8.self)
    log = String(decoding: try WholeFile.bytes("\(path)/\(Self.logName)") ?? [], as: UTF8.self)
  }

  /// All numbers of a run as JSON, the bytes of `report.json`.
  ///
  /// - Throws: as ``init(_:)``.
  public static func json(of run: String) throws -> [UInt8] {
    let bytes = try file(numbersName, of: run)
    _ = try numbers(bytes, of: run)
    return bytes
  }

  /// The numbers of a run, which say what command they are of.
  ///
  /// - Throws: ``Failure`` `data`.
  static func numbers(_ json: [UInt8], of run: String) throws -> JSONNode {
    guard let numbers = try? jsonValue(json) as JSONNode, numbers["command"].text != nil else {
      throw Failure(.data, "\(run)/\(numbersName) is damaged; run the command again with --force")
    }
    return numbers
  }

  /// The bytes of a file of the folder of a run.
  ///
  /// - Throws: ``Failure`` `noInput` when the folder, or the file in it, is not there.
  public static func file(_ name: String, of run: String) throws -> [UInt8] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: run, isDirectory: &isFolder) else {
      throw Failure(.noInput, "there is no \(run); name the folder of a run")
    }
    guard isFolder.boolValue, let bytes = try WholeFile.bytes("\(run)/\(name)") else {
      let isUnfinished =
        isFolder.boolValue && FileManager.default.fileExists(atPath: "\(run)/\(metricsName).partial")
      throw Failure(
        .noInput,
        isUnfinished
          ? "\(run) holds an unfinished run; go on with it by --resume"
          : "\(run) holds no \(name); it is no folder of a run")
    }
    return bytes
  }
}
