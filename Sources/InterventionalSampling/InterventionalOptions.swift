/// What determines an interventional law, besides the rows.
public struct InterventionalOptions: Sendable, Codable, Equatable {
  /// The graph, the question, and how variables are read and models learned.
  public var network: NetworkOptions
  /// The values of what is set or seen that are answered for, as words by name. Where none are given: all levels of a category,
  /// and of numbers the quantiles ``setQuantiles`` of what is set and ``seenQuantiles`` of what is seen.
  public var values: [String: [String]] = [:]
  /// Of exact answers: the blocks of rows that the jackknife leaves out, one at a time; rows fall into them by chance.
  public var blocks = 40
  /// Of others: the rows drawn for each answer.
  public var draws = defaultDraws
  /// Halves of the rows that everything is learned on again, for intervals; 0 for none.
  public var replicates = 0
  /// The level of all intervals.
  public var level = 0.95
  /// Whether answers are given beyond the values of the rows, or that rest on combinations of levels with few rows, or none, for
  /// more than a fifth.
  public var allowsExtrapolation = false

  public static let defaultDraws = 50_000
  public static let setQuantiles = [0.1, 0.25, 0.5, 0.75, 0.9]
  public static let seenQuantiles = [0.25, 0.5, 0.75]

  public init(_ network: NetworkOptions) { self.network = network }

  /// What an answer that is gone on with must share with the one before: more halves may follow those that are done.
  public var kept: InterventionalOptions {
    var options = self
    options.replicates = 0
    return options
  }
}
