import ArgumentParser
import Foundation

/// An option, flag or argument of a command, as its help tells of it.
struct CommandOption: Decodable {
  enum Kind: String, Decodable { case positional, option, flag }

  private struct Name: Decodable { let name: String }

  private let preferredName: Name?
  private let valueName: String?
  private let abstract: String?
  let kind: Kind
  let isRepeating: Bool
  /// What it is when it is not given, as a user would write it; nil when the command decides, or it is nothing.
  let defaultValue: String?

  /// Without dashes; of an argument the name that the help has for it.
  var name: String { preferredName?.name ?? valueName ?? "" }

  /// What the help says that the command decides.
  var defaultWords: String? {
    abstract?.firstMatch(of: /\(default: (.*?)\)/).map {
      $0.1.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
  }

  /// Those of a command that say what it does, in the order of its help.
  static func all(of command: any ParsableCommand.Type) -> [CommandOption] {
    struct Dump: Decodable {
      struct Command: Decodable { let arguments: [CommandOption]? }
      let command: Command
    }
    let dump = try? JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8))
    return (dump?.command.arguments ?? []).filter { !["help", "version"].contains($0.name) }
  }
}

/// What the words of a command line give.
struct GivenOptions {
  /// The values of options by name; a flag has an empty one.
  private(set) var values: [String: [String]] = [:]
  private(set) var arguments: [String] = []

  /// Reads words as the parser does, which says what is wrong with them.
  init(_ words: some Collection<String>, of options: [CommandOption]) {
    let valued = Set(options.filter { $0.kind == .option }.map(\.name))
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word != "--" else {
        arguments += rest
        return
      }
      guard word.hasPrefix("--") else {
        arguments.append(word)
        continue
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      let value = parts.count == 2 ? String(parts[1]) : valued.contains(name) ? rest.popFirst() ?? "" : ""
      values[name, default: []].append(value)
    }
  }
}
