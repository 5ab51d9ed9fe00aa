import Diagnostics
import FoundationEssentials
import Runs

/// How shards that were ended go on: those that are complete stay.
public struct Resumption {
  private let fingerprint: Fingerprint
  /// Whether to go on with what is there; else it only can be gone on with.
  let isWished: Bool
  private let optionName: Fingerprint.OptionName

  /// - Parameters:
  ///   - fingerprint: what determines the bits of all shards and their number.
  ///   - isWished: whether to go on with what is there; else it only can be gone on with.
  public init(_ fingerprint: Fingerprint, isWished: Bool, optionName: @escaping Fingerprint.OptionName) {
    self.fingerprint = fingerprint
    self.isWished = isWished
    self.optionName = optionName
  }

  /// What a writer says of itself.
  var mark: [UInt8] { get throws { Array(try JSONEncoder().encode(fingerprint)) } }

  /// - Parameter mark: what a writer said of itself whose unfinished shards lie in the folder.
  /// - Throws: ``Failure`` `data` or `configuration` when they are of something else.
  func requireSame(_ mark: [UInt8], in folder: String) throws {
    guard let saved = try? JSONDecoder().decode(Fingerprint.self, from: Data(mark)) else {
      throw Failure(.data, "\(folder): its unfinished shards do not fit this program; start anew by --force")
    }
    try fingerprint.requireSame(as: saved, "\(folder): its unfinished shards are", optionName: optionName)
  }
}
