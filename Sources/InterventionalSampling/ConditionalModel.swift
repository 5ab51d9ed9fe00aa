/// The learned law of variables given others.
public enum ConditionalModel: Sendable, Equatable {
  /// Probabilities of levels, for every combination of levels of the parents.
  case table(ConditionalTable)
  /// A trained network.
  case network(ConditionalNetwork)
  /// Rows of the data, drawn again: the law of variables that depend on nothing.
  case rows(EmpiricalRows)

  /// What is drawn, by places in the graph.
  public var variables: [Int] {
    switch self {
    case .table(let table): [table.variable]
    case .network(let network): [network.variable]
    case .rows(let rows): rows.variables
    }
  }

  public var parents: [Int] {
    switch self {
    case .table(let table): table.parents
    case .network(let network): network.parents
    case .rows: []
    }
  }

  public var table: ConditionalTable? { if case .table(let table) = self { table } else { nil } }
  public var network: ConditionalNetwork? { if case .network(let network) = self { network } else { nil } }
  public var rows: EmpiricalRows? { if case .rows(let rows) = self { rows } else { nil } }

  /// What it is, for people.
  public var words: String {
    switch self {
    case .table: "table"
    case .network(let network): network.law.words
    case .rows: "rows of the data"
    }
  }

  /// The numbers that it was learned as: probabilities, weights, or values of rows.
  public var parameterCount: Int {
    switch self {
    case .table(let table): table.probabilities.count
    case .network(let network): network.network.parameters.count
    case .rows(let rows): rows.values.count
    }
  }
}
