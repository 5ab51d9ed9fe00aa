import Diagnostics

/// What a shard says about its rows: the attributes on the root of its file.
public struct ShardHeader: Sendable, Equatable {
  /// The names of the columns of x.
  public var covariateNames: [String]
  public var treatmentName = "t"
  public var outcomeName = "y"
  /// Who holds the rows.
  public var institution: String?
  /// The SHA-256 of the file that the rows were imported from.
  public var sourceDigest: String?
  /// JSON: how categorical columns became indicators.
  public var categories: String?
  /// JSON: what was done about missing values.
  public var missingValues: String?

  public init(covariateNames: [String]) {
    self.covariateNames = covariateNames
  }

  /// Names for columns that have none: x0, x1, …
  public static func defaultNames(_ count: Int) -> [String] {
    (0..<count).map { "x\($0)" }
  }
}

extension ShardHeader {
  static let encodingType = "giv-shard"
  static let encodingVersion = "1.0.0"
  private static let digestAttribute = "attributes-digest"

  /// The attributes in the order in which they are written.
  private func attributes(rowCount: Int, version: String = encodingVersion) -> [(name: String, value: HDF5Attribute)] {
    var attributes: [(name: String, value: HDF5Attribute)] = [
      ("encoding-type", .string(Self.encodingType)), ("encoding-version", .string(version)),
      ("rows", .integer(Int64(rowCount))), ("covariates", .strings(covariateNames)),
      ("treatment", .string(treatmentName)), ("outcome", .string(outcomeName)),
    ]
    for (name, text) in [
      ("institution", institution), ("source-digest", sourceDigest), ("categories", categories),
      ("missing-values", missingValues),
    ] {
      if let text { attributes.append((name, .string(text))) }
    }
    return attributes
  }

  func write(to file: borrowing HDF5File, rowCount: Int) throws {
    let attributes = attributes(rowCount: rowCount)
    for (name, value) in attributes { try file.setAttribute(name, value) }
    try file.setAttribute(Self.digestAttribute, .string(Self.digest(attributes)))
  }

  /// Reads the attributes of a shard; nil when the file is none of ours.
  ///
  /// The texts of attributes carry no checksum in the file, so their digest is compared.
  /// - Throws: ``Failure`` `data` when the attributes are damaged or of a later version.
  static func read(from file: borrowing HDF5File) throws -> (header: ShardHeader, rowCount: Int)? {
    guard let digest = try file.attribute(digestAttribute) else { return nil }
    func text(_ name: String) throws -> String? {
      if case .string(let text)? = try file.attribute(name) { text } else { nil }
    }
    guard case .strings(let names)? = try file.attribute("covariates"),
      case .integer(let rowCount)? = try file.attribute("rows")
    else { throw damaged(file.path) }
    var header = ShardHeader(covariateNames: names)
    header.treatmentName = try text("treatment") ?? ""
    header.outcomeName = try text("outcome") ?? ""
    header.institution = try text("institution")
    header.sourceDigest = try text("source-digest")
    header.categories = try text("categories")
    header.missingValues = try text("missing-values")
    let version = try text("encoding-version") ?? ""
    guard version.hasPrefix("1.") else {
      throw Failure(.data, "\(file.path) has shard format '\(version)', and this program reads 1.x: update the program")
    }
    guard digest == .string(Self.digest(header.attributes(rowCount: Int(rowCount), version: version))),
      try text("encoding-type") == encodingType
    else { throw damaged(file.path) }
    return (header, Int(rowCount))
  }

  private static func damaged(_ path: String) -> Failure {
    Failure(.data, "\(path): the attributes of the shard are damaged; copy or write the file again")
  }

  private static func digest(_ attributes: [(name: String, value: HDF5Attribute)]) -> String {
    var digest = SHA256Digest()
    for (name, value) in attributes {
      digest.update(name)
      switch value {
      case .string(let text): digest.update(text)
      case .strings(let texts):
        digest.update(texts.count)
        for text in texts { digest.update(text) }
      case .integer(let integer): digest.update(Int(integer))
      case .integers, .number, .numbers: preconditionFailure("a shard has no such attribute")
      }
    }
    return digest.finalize()
  }
}
