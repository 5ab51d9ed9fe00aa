import Diagnostics
import Frames

/// What is found out about a column of numbers or categories, from the kept rows: a covariate, or one besides x.
struct ColumnSurvey {
  let name: String
  let role: Role
  private(set) var isCategorical: Bool
  /// What was decided before the values were read.
  let coding: PlannedCoding?
  /// Numbers came before the first text, so that they are not among the categories.
  private(set) var isMixed = false
  private(set) var categories: Set<String> = []
  private(set) var missing = 0
  private var numbers = 0
  private var sum = CompensatedSum()
  /// The first text and where it stands, for messages.
  private var firstText = ""

  init(name: String, role: Role, isCategorical: Bool, coding: PlannedCoding? = nil) {
    self.name = name
    self.role = role
    self.coding = coding
    self.isCategorical = isCategorical || role.isAlwaysCategorical || coding?.isCategorical == true
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
    case .number(let number) where !isCategorical:
      numbers += 1
      sum.add(number)
      return
    case .number: break
    case .text, .notFinite:
      if firstText.isEmpty { firstText = "'\(try rows.text(index))', \(rows.table.path) \(rows.table.place)" }
      isMixed = isMixed || numbers > 0
      isCategorical = true
    }
    // One more than allowed tells that there are too many.
    if role.isAlwaysCategorical || categories.count <= ImportSurvey.mostCategories {
      categories.insert(try rows.level(index))
    }
  }

  func check() throws {
    guard isCategorical else {
      if numbers == 0 && coding == nil { throw Failure(.data, "\(words) has no value in any row; leave it out") }
      return
    }
    guard role.isAlwaysCategorical || categories.count <= ImportSurvey.mostCategories else {
      throw Failure(
        .data,
        "\(words) has texts (first \(firstText)) and more than \(ImportSurvey.mostCategories) different "
          + "values: leave it out if it identifies rows, or name its text in --missing-markers if that means missing")
    }
    try coding?.check(categories, missing: role == .covariate ? missing : 0, of: name)
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
