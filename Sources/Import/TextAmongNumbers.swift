import Diagnostics

/// Texts where numbers were looked for: what they may be, and the option that reads them.
struct TextAmongNumbers {
  /// Different texts, none of which is a number of the format.
  let texts: [String]
  let format: NumberFormat

  init(_ texts: [String], format: NumberFormat) {
    self.texts = texts
    self.format = format
  }

  /// The formats that read most of the texts as numbers, of which the first is the simplest; none when most stay texts.
  ///
  /// - Parameter takesLimits: whether `<0.5` is taken for a number, which it is not where it names a category.
  func formats(takesLimits: Bool) -> [NumberFormat] {
    let counts = candidates.map { candidate in
      let affixes = self.affixes(candidate, takesLimits: takesLimits)
      let format = NumberFormat(
        decimalMark: candidate.decimalMark, thousandsMark: candidate.thousandsMark, affixes: candidate.affixes + affixes
      )
      let parser = NumberParser(format)
      return (format, texts.count { if case .number = parser.parse($0) { true } else { false } })
    }
    guard let most = counts.map(\.1).max(), 2 * most > texts.count else { return [] }
    let best = counts.filter { $0.1 == most }.map(\.0)
    // Two marks read what one does.
    let simplest = best.map(changes).min() ?? 0
    return best.filter { changes($0) == simplest }
  }

  /// Marks that other programs and countries write, beside those of the format.
  private var candidates: [NumberFormat] {
    var candidates = [format]
    for decimalMark in [format.decimalMark, ".", ",", "·"] {
      for thousandsMark in [format.thousandsMark, ",", ".", "space", "'", "_"] where thousandsMark != decimalMark {
        let candidate = NumberFormat(
          decimalMark: decimalMark, thousandsMark: thousandsMark, affixes: format.affixes)
        if !candidates.contains(candidate) { candidates.append(candidate) }
      }
    }
    return candidates
  }

  private func changes(_ other: NumberFormat) -> Int {
    (other.decimalMark == format.decimalMark ? 0 : 1) + (other.thousandsMark == format.thousandsMark ? 0 : 1)
  }

  /// What stands around the digits of the texts and is known to stand there.
  private func affixes(_ format: NumberFormat, takesLimits: Bool) -> [String] {
    let parser = NumberParser(format)
    var found: [String] = []
    for text in texts {
      if case .number = parser.parse(text) { continue }
      for affix in Self.affixes(of: text, takesLimits: takesLimits)
      where !found.contains(affix) && !format.affixes.contains(affix) { found.append(affix) }
    }
    return found.sorted()
  }

  private static func affixes(of text: String, takesLimits: Bool) -> [String] {
    let isPart: (Character) -> Bool = { $0.isNumber || "+-−.".contains($0) }
    let prefix = trimmedBlanks(String(text.prefix { !isPart($0) }))
    let suffix = trimmedBlanks(String(text.reversed().prefix { !$0.isNumber }.reversed()))
    guard text.contains(where: \.isNumber) else { return [] }
    let known = [(prefix, currencies), (suffix, currencies.union(units))].flatMap { affix, words -> [String] in
      if words.contains(affix.lowercased()) || takesLimits && limits.contains(affix) { return [affix] }
      // `12.3**` has the same mark twice.
      return affix.allSatisfy(marks.contains) ? Set(affix).map(String.init).sorted() : []
    }
    return known.filter { !$0.isEmpty }
  }

  private static let limits: Set<String> = ["<", ">", "<=", ">=", "≤", "≥", "~", "≈"]
  private static let marks = Set("%‰$€£¥₹₩*†‡§¶^#°")
  private static let currencies: Set<String> = ["usd", "us$", "eur", "gbp", "jpy", "chf", "cad", "aud", "kr"]
  private static let units = Set(
    """
    kg g mg µg μg ug mcg lb lbs km m cm mm l dl ml mmol mmol/l mg/dl g/l mmhg bpm kcal years year yrs yr y months month \
    weeks days day d hours hrs hr h min sec s °c °f
    """.split(separator: " ").map(String.init))
}

extension TextAmongNumbers {
  /// What to do, for the end of a message: the option that reads the texts, else what makes them missing.
  ///
  /// - Parameter markers: those in use, for an option replaces them all.
  func remedy(markers: [String]) -> String {
    let formats = formats(takesLimits: true)
    if !formats.isEmpty {
      let limits = texts.contains { $0.first.map { "<>≤≥".contains($0) } == true }
      return "read \(words(of: formats))" + (limits ? ", which takes a limit for the value" : "")
    }
    if 2 * texts.count(where: isDate) > texts.count {
      return "turn dates into numbers before, such as days since a fixed day"
    }
    if 2 * texts.count(where: isTime) > texts.count { return "turn times into numbers before, such as hours" }
    let list = (markers + texts.prefix(3)).map { $0.contains(where: { ",\"".contains($0) }) ? "\"\($0)\"" : $0 }
    let (it, means) = texts.count == 1 ? ("it", "it means") : ("them", "they mean")
    return "correct \(it), remove the line if it is none of the table, or give --missing-markers "
      + "'\(list.joined(separator: ","))' when \(means) missing"
  }

  /// What formats read, and their options.
  func words(of formats: [NumberFormat]) -> String {
    formats.prefix(2).map { $0.words(beyond: format) }.joined(separator: ", or ")
  }

  /// Whether most of the texts are dates or times of day.
  var areDates: Bool { 2 * texts.count { isDate($0) || isTime($0) } > texts.count }
}

/// Whether programs write the text where there is no value, and people never for a category.
func meansMissing(_ text: String) -> Bool {
  ["na", "n/a", "<na>", "#na", "null", "nan", "-nan", "nat", "..", "1.#qnan", "-1.#ind", "1.#inf"]
    .contains(text.lowercased()) || spreadsheetErrors.contains(text)
}

/// Whether the text may stand for no value as well as for a category.
func mayMeanMissing(_ text: String) -> Bool {
  ["none", "nil", "missing", "not available", "blank", "(blank)", "-", "--", "–", "—", "?", "*", "."]
    .contains(text.lowercased()) || meansMissing(text)
}

private let spreadsheetErrors: Set<String> = ["#N/A", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!"]
