import Reports

/// How a run was made, as its log tells: where, by which commands, with what.
package struct RunHistory {
  /// One line of the log that tells what happened, without its time.
  private let events: [String]
  /// The folder in which the first command was given; empty where the log does not tell.
  package let folder: String
  /// The words of the first command.
  package let command: [String]
  private let run: StoredRun
  private let commandLine: String

  package init(_ run: StoredRun) {
    let lines = run.log.split(separator: "\n").map(String.init)
    self.run = run
    events = lines.filter { !$0.hasPrefix(" ") }
    folder = lines.first { $0.hasPrefix("  in ") }.map { String($0.dropFirst("  in ".count)) } ?? ""
    commandLine =
      events.first.flatMap { $0.prefixMatch(of: /\S+ began(?:, in [^:]*)?: (.*)/).map { String($0.1) } } ?? ""
    command = Self.words(commandLine)
  }

  /// The words of a command line as a shell takes them, of which some stand between single quotes.
  private static func words(_ line: String) -> [String] {
    var words: [String] = []
    var (word, isQuoted, isEscaped, isOpen) = ("", false, false, false)
    for character in line {
      if isEscaped {
        word.append(character)
        isEscaped = false
      } else if character == "'" {
        isQuoted.toggle()
        isOpen = true
      } else if character == "\\" && !isQuoted {
        isEscaped = true
      } else if character == " " && !isQuoted {
        if isOpen || !word.isEmpty { words.append(word) }
        (word, isOpen) = ("", false)
      } else {
        word.append(character)
      }
    }
    return isOpen || !word.isEmpty ? words + [word] : words
  }

  /// What made the result, and how to make it again.
  var provenance: PageSection {
    let keys = [
      ("program", "version"), ("kernels", "kernel"), ("ranks", "ranks"), ("digest of the rows", "inputDigest"),
      ("digest of the model", "modelDigest"), ("digest of the posteriors", "posteriorDigest"),
      ("digest of the effect", "effectDigest"), ("digest of the result", "resultDigest"),
      ("digest of the table", "tableDigest"),
    ]
    let facts = keys.compactMap { title, key -> [Report.Cell]? in
      let value = run.numbers[key].cell
      return value == .undefined ? nil : [.text(title), value]
    }
    var blocks = PageBlock.numbers("What made it, and what it made", ["", ""], facts)
    if !commandLine.isEmpty {
      blocks += [
        .text("To repeat it, on any number of ranks, to the same digests (into another folder, or with --force):"),
        .terminal("cd \(folder)\n\(commandLine)"),
      ]
    }
    if !run.log.isEmpty {
      blocks += [.text("When, where and with what it was made (\(StoredRun.logName)):"), .terminal(run.log)]
    }
    return PageSection("Provenance", blocks)
  }
}
