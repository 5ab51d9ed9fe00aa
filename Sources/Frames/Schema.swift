import Diagnostics

/// The columns of some rows, in order.
///
/// Names need not differ, as a body weight may be a covariate beside the weights of rows; ``index(named:)`` refuses a
/// name that several columns have.
public struct Schema: Sendable, Equatable {
  public let columns: [Column]
  /// What the real covariates stand for: together their columns are these, in order.
  public let covariates: [Covariate]
  /// For each column its first place of eight bytes in a row, and at the end the number of all.
  private let slotStarts: [Int]

  /// - Parameter covariates: what the real covariates stand for; nil when each is a covariate of numbers.
  /// - Precondition: the columns of `covariates` are the real covariates.
  /// - Throws: ``Failure`` `data` when two columns share a role that cannot repeat, a category has two levels of one
  ///   name, or a vector no element.
  public init(_ columns: [Column], covariates: [Covariate]? = nil) throws {
    for role in Set(columns.map(\.role)) where !role.mayRepeat {
      let names = columns.filter { $0.role == role }.map { "'\($0.name)'" }
      guard names.count < 2 else {
        throw Failure(.data, "columns \(names.joined(separator: " and ")) are both \(role.rawValue); only one can be")
      }
    }
    for column in columns {
      if let levels = column.kind.levels, Set(levels).count < levels.count {
        throw Failure(.data, "column '\(column.name)' has two levels of one name; name each level once")
      }
      if case .vector(let width) = column.kind, width < 1 {
        throw Failure(.data, "column '\(column.name)' holds vectors of \(width) numbers; they need at least 1")
      }
    }
    let numbers = columns.filter { $0.role == .covariate && $0.kind == .real }.map(\.name)
    precondition(covariates == nil || covariates!.flatMap(\.columnNames) == numbers, "the covariates are other columns")
    self.columns = columns
    self.covariates = covariates ?? numbers.map { Covariate($0) }
    slotStarts = columns.reduce(into: [0]) { $0.append($0.last! + $1.kind.slotCount) }
  }

  /// The roles that some column has.
  public var roles: Set<Role> { Set(columns.map(\.role)) }

  /// The columns of a role, by their places, ascending.
  public func indices(of role: Role) -> [Int] { columns.indices.filter { columns[$0].role == role } }

  /// The column of a role that only one should have.
  ///
  /// - Throws: ``Failure`` `data` when there is none, or more than one.
  public func index(of role: Role) throws -> Int {
    let found = indices(of: role)
    guard let index = found.first else {
      throw Failure(.data, "no column is \(role.rawValue); there are \(list); give one this role")
    }
    guard found.count == 1 else {
      let names = found.map { "'\(columns[$0].name)'" }.joined(separator: ", ")
      throw Failure(.data, "columns \(names) are \(role.rawValue), and one is wanted; name it")
    }
    return index
  }

  /// The column of a name.
  ///
  /// - Throws: ``Failure`` `data` when there is none, or more than one.
  public func index(named name: String) throws -> Int {
    let found = columns.indices.filter { columns[$0].name == name }
    guard let index = found.first else { throw Failure(.data, "no column is named '\(name)'; there are \(list)") }
    guard found.count == 1 else {
      let roles = found.map { columns[$0].role.rawValue }.joined(separator: ", ")
      throw Failure(.data, "\(found.count) columns are named '\(name)' (\(roles)); ask for one by its role")
    }
    return index
  }

  /// The columns, for a message.
  private var list: String {
    let words = columns.prefix(12).map { "'\($0.name)' (\($0.role.rawValue))" }
    return words.isEmpty ? "none" : words.joined(separator: ", ") + (columns.count > 12 ? ", …" : "")
  }

  /// Places of eight bytes that a row takes in memory.
  var slotCount: Int { slotStarts.last! }

  /// The places of a column, one for each number of a vector.
  func slots(ofColumn column: Int) -> Range<Int> { slotStarts[column]..<slotStarts[column + 1] }
}

extension Schema: Codable {
  private enum Key: String, CodingKey { case columns, covariates }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(columns, forKey: .columns)
    try container.encode(covariates, forKey: .covariates)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      container.decode([Column].self, forKey: .columns),
      covariates: container.decodeIfPresent([Covariate].self, forKey: .covariates))
  }
}
