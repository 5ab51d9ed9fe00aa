import Diagnostics

/// What determines the bits of a result: only a run of the same may go on with what another has left.
public struct Fingerprint: Sendable, Codable, Equatable {
  let options: OptionValues
  let inputDigest: String
  /// The version of the program, see ``SoftwareVersion/program``.
  let program: String
  /// See ``SoftwareVersion/numerics``.
  let numerics: String

  /// How a user writes the option at a path in the type of the options, such as `--max-iterations` for
  /// `configuration.maximumIterations`.
  public typealias OptionName = @Sendable (_ path: String) -> String

  /// - Parameters:
  ///   - options: everything that determines a result besides its rows.
  ///   - inputDigest: the SHA-256 of the rows.
  /// - Throws: what encoding the options throws.
  public init(
    _ options: some Encodable, inputDigest: String, program: String = SoftwareVersion.program,
    numerics: String = SoftwareVersion.numerics
  ) throws {
    self.options = try OptionValues(options)
    self.inputDigest = inputDigest
    self.program = program
    self.numerics = numerics
  }

  /// Refuses to go on with what another run has left.
  ///
  /// - Parameters:
  ///   - saved: the fingerprint of that run.
  ///   - subject: what it has left, as a sentence goes on with "of other data": "run: the checkpoint is".
  /// - Throws: ``Failure`` `configuration` when another program or other numerics wrote it; `data` when it is of other
  ///   rows, or of other options, which are named with both values.
  package func requireSame(as saved: Fingerprint, _ subject: String, optionName: OptionName) throws {
    guard (saved.program, saved.numerics) == (program, numerics) else {
      throw Failure(
        .configuration,
        "\(subject) of giv-dist \(saved.program) with numerics \(saved.numerics), and this is giv-dist \(program) with "
          + "numerics \(numerics), whose results may have other bits; go on with the program that began it, or start "
          + "anew by --force")
    }
    guard saved.inputDigest == inputDigest else {
      throw Failure(.data, "\(subject) of other data; name its shards, or start anew by --force")
    }
    let differences = options.differences(from: saved.options)
    guard differences.isEmpty else {
      let texts = differences.map { difference in
        "\(optionName(difference.path)) was \(difference.earlier ?? "not set") and is \(difference.now ?? "not set")"
      }
      throw Failure(
        .data,
        "\(subject) of other options: \(texts.prefix(Self.mostNamed).joined(separator: ", "))"
          + (texts.count > Self.mostNamed ? " and \(texts.count - Self.mostNamed) more" : "")
          + "; give the same, or start anew by --force")
    }
  }

  /// Differences that a message names.
  private static let mostNamed = 4
}
