import Diagnostics
import Frames

/// What is found out about a column of numbers or categories, from the kept rows: a covariate, or one besides x.
///
/// A column of numbers and texts is one of categories when its texts are at least as many, in rows and in different ones,
/// or when it was declared to be one.
struct ColumnSurvey {
  /// A text where numbers were looked for, and where it stands.
  private struct Stray {
    let text: String
    let place: String
    let isInFirstRow: Bool
  }

  /// Texts that a message shows.
  private static let shownTexts = 3

  let name: String
  let role: Role
  /// The vector that it is a number of.
  let vector: String?
  private(set) var isCategorical: Bool
  /// What was decided before the values were read.
  let coding: PlannedCoding?
  /// Whether texts are categories whatever they look like.
  private let takesTexts: Bool
  /// Numbers came before the first text, so that they are not among the categories.
  private(set) var isMixed = false
  private(set) var categories: Set<String> = []
  private(set) var missing = 0
  private var numbers = 0
  private var texts = 0
  private var sum = CompensatedSum()
  /// The first different texts.
  private var strays: [Stray] = []

  /// - Parameters:
  ///   - isCategorical: whether numbers are categories, too, from the first row on.
  ///   - coding: what was decided before the values were read.
  init(name: String, role: Role, vector: String? = nil, isCategorical: Bool, coding: PlannedCoding? = nil) {
    self.name = name
    self.role = role
    self.vector = vector
    self.coding = coding
    takesTexts = role.isAlwaysCategorical || coding?.isCategorical == true
    self.isCategorical = isCategorical || takesTexts
  }

  /// The categories in the order of code points, unless another was decided on.
  var levels: [String] { coding?.levels(found: categories) ?? sortedByCodePoints(categories) }

  /// What messages call the column: `covariate 'age'`.
  private var words: String { role == .none ? "column '\(name)'" : "\(role.rawValue) '\(name)'" }

  /// The mean of the numbers, 0 when there are none.
  var mean: Double { numbers == 0 ? 0 : sum.value / Double(numbers) }

  mutating func note(_ value: ImportValue, _ rows: ImportRows, _ index: Int) throws {
    try coding?.check(value, rows, index)
    switch value {
    case .missing:
      missing += 1
      return
    case .number(let number):
      numbers += 1
      guard isCategorical else {
        sum.add(number)
        return
      }
    case .text, .notFinite:
      texts += 1
      isMixed = isMixed || numbers > 0
      isCategorical = true
      if strays.count < Self.shownTexts && !takesTexts { try noteStray(rows, index) }
    }
    // One more than allowed tells that there are too many.
    if role.isAlwaysCategorical || categories.count <= ImportSurvey.mostCategories {
      categories.insert(try rows.level(index))
    }
  }

  private mutating func noteStray(_ rows: ImportRows, _ index: Int) throws {
    let text = try rows.text(index)
    guard !strays.contains(where: { $0.text == text }) else { return }
    strays.append(
      Stray(text: text, place: "\(rows.table.path) \(rows.table.place)", isInFirstRow: rows.isFirst))
  }

  func check() throws {
    guard isCategorical else {
      if numbers == 0 && coding == nil { throw Failure(.data, "\(words) has no value in any row; leave it out") }
      return
    }
    guard role.isAlwaysCategorical || categories.count <= ImportSurvey.mostCategories else {
      throw Failure(
        .data,
        "\(words) has texts (first \(shownStrays(1))) and more than \(ImportSurvey.mostCategories) different "
          + "values: leave it out if it identifies rows, or name its text in --missing-markers if that means missing")
    }
    try coding?.check(categories, missing: role == .covariate ? missing : 0, of: name)
  }
}

// MARK: Texts that are no categories

extension ColumnSurvey {
  /// Refuses texts that were meant for numbers or for missing values.
  ///
  /// - Throws: ``Failure`` `data` that shows the first texts, and names the option that reads them or makes them missing.
  func checkTexts(_ plan: ImportPlan) throws {
    guard texts > 0, !takesTexts else { return }
    let declare = "declare the column with --categorical \(name) if it is one of categories"
    let counts = "\(numbers > 0 ? "\(numbers) numbers and " : "")\(texts) \(texts == 1 ? "text" : "texts")"
    let parser = NumberParser(plan.format.numbers)
    let levels = levels.filter { if case .number = parser.parse($0) { false } else { true } }
    if numbers > texts || categories.count > 2 * levels.count {
      let found = TextAmongNumbers(strays.map(\.text), format: plan.format.numbers)
      throw Failure(
        .data,
        "\(words) has \(counts): \(shownStrays(strays.count)); "
          + "\(remedy(for: found, plan)), or \(declare)")
    }
    let found = TextAmongNumbers(levels, format: plan.format.numbers)
    let formats = found.formats(takesLimits: false)
    if !formats.isEmpty || found.areDates {
      throw Failure(
        .data,
        "\(words) has \(counts): \(shownStrays(strays.count)); "
          + (formats.isEmpty ? found.remedy(markers: []) : "read \(found.words(of: formats))") + ", or \(declare)")
    }
    if let word = levels.first(where: meansMissing) {
      let remedy = TextAmongNumbers([word], format: plan.format.numbers).remedy(markers: plan.format.missingMarkers)
      throw Failure(.data, "\(words) has the text '\(word)' among its categories; \(remedy), or \(declare)")
    }
  }

  private func shownStrays(_ count: Int) -> String {
    strays.prefix(count).map { "'\(quoted($0.text))' (\($0.place))" }.joined(separator: ", ")
  }

  private func remedy(for found: TextAmongNumbers, _ plan: ImportPlan) -> String {
    if texts == 1, strays[0].text == name { return "remove the line if it is the header again" }
    let isUnit = texts == 1 && strays[0].isInFirstRow
    return found.remedy(markers: plan.format.missingMarkers) + (isUnit ? ", or remove the line if it holds units" : "")
  }

  /// What is doubtful about the categories.
  func findings(rows: Int) -> [Finding] {
    guard isCategorical else { return [] }
    let (levels, column) = (levels, Finding.Value.name(name))
    var findings: [Finding] = []
    if numbers > 0 && texts > 0 && !takesTexts {
      findings.append(
        .note(.numbersAmongCategories, [.column: column, .count: .count(numbers), .total: .count(numbers + texts)]))
    }
    let doubtful = levels.filter(mayMeanMissing)
    if !doubtful.isEmpty {
      findings.append(.note(.categoriesMeanMissing, [.column: column, .names: .names(doubtful)]))
    }
    let alike = Dictionary(grouping: levels) {
      $0.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    .values.filter { $0.count > 1 }.flatMap(\.self)
    if !alike.isEmpty {
      findings.append(.note(.categoriesAlike, [.column: column, .names: .names(sortedByCodePoints(Set(alike)))]))
    }
    let indicators = levels.count - 1 + (missing > 0 ? 1 : 0)
    if role == .covariate, indicators > 20 || indicators > 4 && 10 * indicators > rows {
      findings.append(.note(.manyIndicators, [.column: column, .count: .count(indicators), .rows: .count(rows)]))
    }
    return findings
  }
}

/// What is found out about the true source, from the kept rows.
struct SourceSurvey {
  private var isInteger = true
  private var categories: Set<String> = []

  mutating func note(_ value: ImportValue, _ rows: ImportRows, _ index: Int) throws {
    // Integers of more than 53 bits may have been rounded, so they count as texts.
    if case .number(let number) = value, number == number.rounded(), abs(number) <= 0x1p53 {
    } else {
      isInteger = false
    }
    if categories.count <= ImportSurvey.mostCategories { categories.insert(try rows.level(index)) }
  }

  /// The sources in the order of their codes; nil when integers are kept as they are.
  func codedSources(column: String) throws -> [String]? {
    if isInteger { return nil }
    guard categories.count <= ImportSurvey.mostCategories else {
      throw Failure(
        .data,
        "--source '\(column)' is not integers and has more than \(ImportSurvey.mostCategories) different values; "
          + "name a column of sources")
    }
    if let word = sortedByCodePoints(categories).first(where: meansMissing) {
      throw Failure(
        .data, "--source '\(column)' has the text '\(word)'; name it in --missing-markers when it means missing")
    }
    return sortedByCodePoints(categories)
  }
}

/// A sum with Neumaier's correction, so that a mean over many rows keeps its digits.
struct CompensatedSum {
  private var sum = 0.0
  private var correction = 0.0

  var value: Double { sum + correction }

  mutating func add(_ term: Double) {
    let next = sum + term
    correction += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
}
