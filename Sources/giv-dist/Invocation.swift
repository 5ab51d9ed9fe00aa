import ArgumentParser
import Communication
import Diagnostics
import Storage

/// What a command is called with: the words of its configuration file that the command line does not overrule, and those
/// of the command line.
struct Invocation {
  /// That of this process.
  static let current = Result { try Invocation(Array(CommandLine.arguments.dropFirst())) }

  /// What the parser is given.
  let words: [String]
  /// The names of the command, such as `idgen effect`.
  private let command: [String]
  private let options: [CommandOption]
  private let file: OptionFile?
  /// What the file gives.
  private let entries: [OptionFile.Entry]

  /// - Throws: ``Failure`` as of ``OptionFile``; `usage` with the line of what is no option of the command.
  init(_ line: [String]) throws {
    var type: any ParsableCommand.Type = GivDist.self
    var command: [String] = []
    while let next = type.configuration.subcommands.first(where: {
      [$0._commandName] == line.dropFirst(command.count).prefix(1)
    }) {
      type = next
      command.append(next._commandName)
    }
    let options = CommandOption.all(of: type)
    (self.command, self.options) = (command, options)
    let own = line.dropFirst(command.count)
    let given = GivenOptions(own, of: options)
    guard let path = given.values["config"]?.last, options.contains(where: { $0.name == "config" }),
      Set(own).isDisjoint(with: ["-h", "--help"])
    else {
      (words, file, entries) = (line, nil, [])
      return
    }
    let file = try OptionFile(path: path)
    for entry in file.entries where !options.contains(where: { $0.name == entry.name && $0.isOfFiles }) {
      let names = options.filter(\.isOfFiles).map(\.name)
      let words = "'\(entry.name)' is no option of \(command.joined(separator: " "))"
      throw file.failure("\(words); \(suggestion(for: entry.name, among: names, owner: "it has"))", line: entry.line)
    }
    let withdrawn = options.filter { $0.kind == .flag && given.values["no-\($0.name)"] != nil }.map(\.name)
    var entries: [OptionFile.Entry] = []
    var (optionWords, arguments): ([String], [String]) = ([], [])
    for option in options {
      guard let entry = file.entries.first(where: { $0.name == option.name }) else { continue }
      let words = try option.words(entry, of: file)
      let isArgument = option.kind == .positional
      guard !(isArgument ? !given.arguments.isEmpty : given.values[option.name] != nil) else { continue }
      guard !withdrawn.contains(option.name) else { continue }
      entries.append(entry)
      if isArgument { arguments += words } else { optionWords += words }
    }
    (self.file, self.entries) = (file, entries)
    words =
      command + optionWords + own.filter { word in !withdrawn.contains { word == "--no-\($0)" } }
      + (arguments.isEmpty ? [] : ["--"] + arguments)
  }

  /// Whether the options shall be printed instead of done.
  var isToBePrinted: Bool { GivenOptions(words, of: options).values["print-config"] != nil }

  /// Demands that all ranks read the same file. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `configuration`.
  func requireAgreement(on communicator: any Communicator) throws {
    guard let file else { return }
    let all = try communicator.allGather(value: entries.map { [$0.name] + $0.values })
    guard let other = all.firstIndex(where: { $0 != all[0] }) else { return }
    throw Failure(
      .configuration, "rank \(other) reads another \(file.path) than rank 0; put one where all hosts see the same file")
  }

  /// Where the file gives the option that a message of the parser is about, as a beginning of the message.
  func place(of message: String) -> String {
    let line = message.split(separator: "\n").first ?? ""
    let names = line.matches(of: /--([a-z0-9-]+)/).map(\.1)
    guard let file, let entry = names.lazy.compactMap({ name in entries.first { $0.name == name } }).first else {
      return ""
    }
    return "\(file.path):\(entry.line): "
  }

  /// All options with their values, as a file that gives the same.
  func text() throws -> String {
    let given = GivenOptions(words.dropFirst(command.count), of: options)
    var arguments = given.arguments[...]
    let name = command.joined(separator: " ")
    let heading = "# All options of giv-dist \(name), version \(programVersion). Again: giv-dist \(name) --config FILE"
    return try options.filter(\.isOfFiles).reduce(into: heading) { text, option in
      var values = given.values[option.name] ?? []
      if option.kind == .positional {
        values = Array(option.isRepeating ? arguments : arguments.prefix(1))
        arguments = arguments.dropFirst(values.count)
      }
      text += "\n\(option.name): " + (try option.yaml(values))
    }
  }
}

extension CommandOption {
  /// Whether a file can give it.
  fileprivate var isOfFiles: Bool { !["config", "print-config"].contains(name) }

  /// The words that give it what a file says.
  ///
  /// - Throws: ``Failure`` `usage` when it cannot be that.
  fileprivate func words(_ entry: OptionFile.Entry, of file: OptionFile) throws -> [String] {
    let values = entry.values
    guard !values.isEmpty else { return [] }
    switch kind {
    case .positional:
      guard isRepeating || values.count == 1 else {
        throw file.failure("'\(name)' is one value, not a list", line: entry.line)
      }
      return values
    case .option:
      return (isRepeating ? values : [values.joined(separator: ",")]).map { "--\(name)=\($0)" }
    case .flag:
      guard values.count == 1, let isSet = Bool(values[0]) else {
        throw file.failure("'\(name)' is true or false, not \(values.joined(separator: ","))", line: entry.line)
      }
      return isSet ? ["--\(name)"] : []
    }
  }

  /// What was given, or else what holds then, as a value in YAML.
  fileprivate func yaml(_ given: [String]) throws -> String {
    if kind == .flag { return "\(!given.isEmpty)" }
    if isRepeating && !given.isEmpty { return "[\(try given.map(Self.scalar).joined(separator: ", "))]" }
    guard let value = given.last ?? defaultValue else {
      return "null" + (defaultWords.map { "  # default: \($0)" } ?? "")
    }
    return try Self.scalar(value)
  }

  private static func scalar(_ text: String) throws -> String {
    let isPlain = text.wholeMatch(of: /[A-Za-z0-9.\/_+]([A-Za-z0-9.\/_+:=@%-]*[A-Za-z0-9.\/_+-])?/) != nil
    return isPlain && text.lowercased() != "null" ? text : try jsonText(text)
  }
}
