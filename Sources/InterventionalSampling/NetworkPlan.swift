/// What learning the models of a question takes, told before it is done.
public struct NetworkPlan: Sendable, Codable, Equatable {
  public struct Model: Sendable, Codable, Equatable {
    public let variable: String
    public let parents: [String]
    /// The generated table that it is learned on, from 1; 0 for the data.
    public let generatedTable: Int
    /// As options name it; `rows` for rows of the data, drawn again.
    public let kind: String
    /// Probabilities, weights, or numbers of rows.
    public let parameters: Int
    /// Minibatches of its training; 0 where it is not trained.
    public let steps: Int
  }

  /// Whether all models are functions of joint counts.
  public let isExact: Bool
  /// None where they are.
  public let models: [Model]
  /// The combinations of levels that are counted where they are.
  public let cells: Int
  /// Rows of each generated table.
  public let generatedRows: Int
  /// Numbers of a generated row that are kept in memory while networks are trained on it.
  public let keptNumbers: Int
}
