import Diagnostics
import Frames

/// The features φ of the proxies of one side: functions of which some combination c is 1 in every row.
public struct ProxyFeatures: Sendable, Equatable {
  enum Basis: Equatable {
    /// Indicators of joint cells: the values of each variable; the cell of a row counts the last variable fastest.
    case cells(values: [[Double]])
    /// Products of the numbers in `terms`, each centred and scaled; the first term is empty, the constant.
    case monomials(terms: [[Int]], centers: [Double], scales: [Double])
  }

  let variables: [RowVariable]
  let basis: Basis
  /// The places of the features in use among all: cells without a row are left out.
  private(set) var used: [Int]

  /// The most values of a proxy and cells of a side that are taken for joint cells unasked.
  static let mostValues = 8
  static let mostCells = 64
  /// The most features of a side.
  static let mostFeatures = 128

  public static func == (first: ProxyFeatures, second: ProxyFeatures) -> Bool {
    first.basis == second.basis && first.used == second.used && first.names == second.names
  }

  /// - Parameters:
  ///   - values: those of each variable, nil where they are many.
  ///   - option: how a user names the side, for messages.
  ///   - summaries: of the columns of numbers of the variables, in order.
  /// - Throws: ``Failure`` `data` or `usage` when there would be too many features.
  init(
    _ variables: [RowVariable], _ choice: SyntheticOutcomesOptions.Features, values: [[Double]?],
    summaries: [ColumnSummary], option: String
  ) throws {
    self.variables = variables
    let cells = values.reduce(1) { min($0 * ($1?.count ?? Self.mostCells + 1), Self.mostCells + 1) }
    let areFew = values.allSatisfy { values in
      values.map { $0.count <= Self.mostValues && $0.allSatisfy { $0 == $0.rounded() } } ?? false
    }
    switch choice {
    case .oneHot:
      guard cells <= Self.mostCells else {
        throw Failure(
          .data,
          "\(option) has more than \(Self.mostCells) joint cells (\(Self.list(variables.map(\.name)))); name fewer proxies, "
            + "join categories, or choose poly:2")
      }
      basis = .cells(values: values.map { $0! })
    case .automatic where areFew && cells <= Self.mostCells: basis = .cells(values: values.map { $0! })
    case .automatic: basis = try Self.monomials(of: variables, degree: 2, summaries, option)
    case .polynomial(let degree): basis = try Self.monomials(of: variables, degree: degree, summaries, option)
    }
    switch basis {
    case .cells(let values): used = Array(0..<values.reduce(1) { $0 * $1.count })
    case .monomials(let terms, _, _): used = Array(terms.indices)
    }
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

  private static func monomials(
    of variables: [RowVariable], degree: Int, _ summaries: [ColumnSummary], _ option: String
  ) throws -> Basis {
    if let codes = variables.first(where: { $0.numberColumns.isEmpty }) {
      throw Failure(
        .usage,
        "\(option): '\(codes.name)' holds codes, which have no powers; choose onehot, or name fewer proxies, which make cells"
      )
    }
    let varying = summaries.indices.filter { !summaries[$0].isConstant && summaries[$0].variance > 0 }
    var terms: [[Int]] = [[]]
    var last: [[Int]] = [[]]
    for _ in 0..<degree {
      last = last.flatMap { term in varying.filter { $0 >= term.last ?? 0 }.map { term + [$0] } }
      terms += last
      guard terms.count <= mostFeatures else {
        throw Failure(
          .usage,
          "\(option) has more than \(mostFeatures) features of degree \(degree); name fewer proxies or choose a lower degree"
        )
      }
    }
    return .monomials(
      terms: terms, centers: summaries.map(\.mean),
      scales: summaries.map { $0.variance > 0 ? $0.standardDeviation : 1 })
  }

  /// Whether the features are indicators of joint cells.
  public var isOneHot: Bool { if case .cells = basis { true } else { false } }

  /// The features that the rows are summed in, those without a row among them.
  var allCount: Int {
    switch basis {
    case .cells(let values): values.reduce(1) { $0 * $1.count }
    case .monomials(let terms, _, _): terms.count
    }
  }

  /// The number of features in use.
  public var count: Int { used.count }

  /// c, with φ·c = 1.
  public var constant: [Double] { isOneHot ? used.map { _ in 1 } : used.map { $0 == 0 ? 1 : 0 } }

  /// What the features in use are: `region=A,smokes=1`, or `age*bmi`.
  public var names: [String] {
    switch basis {
    case .cells(let values): used.map { cellName($0, values) }
    case .monomials(let terms, _, _):
      terms.map { term in term.isEmpty ? "1" : term.map { columnNames[$0] }.joined(separator: "*") }
    }
  }

  private func cellName(_ cell: Int, _ values: [[Double]]) -> String {
    var parts: [String] = []
    var rest = cell
    for (variable, values) in zip(variables, values).reversed() {
      parts.append("\(variable.name)=\(variable.words(values[rest % values.count]))")
      rest /= values.count
    }
    return parts.reversed().joined(separator: ",")
  }

  /// The names of the columns that monomials are of.
  private var columnNames: [String] {
    variables.flatMap { variable -> [String] in
      guard case .indicators(let columns) = variable.storage else { return [variable.name] }
      return columns.indices.map { "\(variable.name)=\(variable.levels![$0 + 1])" }
    }
  }

  /// Proxies that have one value, and so say nothing.
  func constantNames(_ summaries: [ColumnSummary]) -> [String] {
    switch basis {
    case .cells(let values): zip(variables, values).filter { $1.count < 2 }.map(\.0.name)
    case .monomials: zip(columnNames, summaries).filter { $1.isConstant || !($1.variance > 0) }.map(\.0)
    }
  }

  /// Leaves out cells without a row, and tells their names.
  mutating func drop(where isEmpty: (Int) -> Bool) -> [String] {
    let (all, names) = (used, names)
    used = all.filter { !isEmpty($0) }
    return zip(all, names).filter { isEmpty($0.0) }.map(\.1)
  }
}
