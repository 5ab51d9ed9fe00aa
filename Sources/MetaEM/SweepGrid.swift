import Diagnostics

/// The fits among which the number of groups is chosen: every combination of some values of five options.
public struct SweepGrid: Sendable, Codable, Equatable {
  /// The numbers of groups K to fit.
  public var groups: [Int]
  /// The representations to fit; nil for the usual one of each distribution.
  public var representations: [RepresentationKind]?
  public var distributions: [DistributionKind]
  public var seeds: [UInt64]
  /// The weights λ of representations that are learned; nil among them stands for the default of a representation.
  public var lambdas: [Double?]
  /// The options that all fits share.
  public var base: Configuration
  /// The number of folds of the held-out likelihood; 0 for none.
  public var folds = 5
  /// The number of replicates of the bootstrap likelihood-ratio test; 0 for none.
  public var replicates = 0

  /// - Parameter base: gives the values of the options that are not varied.
  public init(groups: [Int], base: Configuration) {
    self.groups = groups
    self.base = base
    distributions = [base.distribution]
    seeds = [base.seed]
    lambdas = [base.alternation.lambda]
  }

  /// The fits, in the order of the results.
  public var cells: [SweepCell] {
    kinds.flatMap { kind in
      groups.flatMap { groups in seeds.map { SweepCell(groups: groups, kind: kind, seed: $0) } }
    }
  }

  /// What groups are compared in.
  package var kinds: [SweepKind] {
    distributions.flatMap { distribution in
      (representations ?? [distribution.usualRepresentation]).flatMap { representation in
        (representation.isLearned ? lambdas : [nil]).map {
          SweepKind(representation: representation, distribution: distribution, lambda: $0)
        }
      }
    }
  }

  /// The fits, those that are likely to take longest first, so that ranks do not wait for one at the end.
  var longestFirst: [SweepCell] { cells.enumerated().sorted { order($0) < order($1) }.map(\.element) }

  /// The options of the fit that is likely to take longest, and memory most.
  ///
  /// - Precondition: the grid is valid.
  public var largest: Configuration { configuration(longestFirst[0]) }

  private func order(_ entry: (offset: Int, element: SweepCell)) -> (Int, Int) {
    // Kinds of representations are listed by the work that they are.
    let work = 1 + RepresentationKind.allCases.firstIndex(of: entry.element.representation)!
    return (-entry.element.groups * work, entry.offset)
  }

  package func configuration(_ cell: SweepCell) -> Configuration {
    var configuration = base
    configuration.groups = cell.groups
    configuration.representation = cell.representation
    configuration.distribution = cell.distribution
    configuration.alternation.lambda = cell.lambda
    configuration.seed = cell.seed
    return configuration
  }

  /// Refuses a grid that is empty, or repeats a value.
  ///
  /// - Throws: ``Failure`` `usage`.
  public func validate(rowCount: Int) throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw Failure(.usage, message) } }
    try require(!groups.isEmpty, "--groups holds no number; give a range such as 2...8 or a list such as 2,3,5")
    try require(representations?.isEmpty != true, "--representation is empty; name one")
    try require(!distributions.isEmpty, "--distribution is empty; name one")
    try require(
      !distributions.contains(.joint),
      "the likelihood of --distribution joint favours too many groups; sweep regression, whose number holds for joint"
    )
    try require(!seeds.isEmpty, "--seeds is empty; give one")
    try require(groups.allSatisfy { $0 >= 1 }, "--groups must be at least 1, not \(groups.min() ?? 0)")
    if let largest = groups.max(), largest > rowCount {
      throw Failure(.usage, "--groups reaches \(largest), and there are \(rowCount) rows; choose fewer groups")
    }
    try require(Set(groups).count == groups.count, "--groups names a number twice; give each once")
    try require(Set(cells).count == cells.count, "an option names a value twice; give each once")
    try require(folds == 0 || (2...max(2, rowCount)).contains(folds), "--folds must be 0, or 2 up to the rows")
    try require(replicates >= 0, "--lrt must not be negative")
    try require(
      replicates == 0 || base.weights != .frequency,
      "--lrt draws one treatment for each row, and rows of --weights frequency stand for several; leave it out, or give the "
        + "rows repeated")
    for cell in cells { try configuration(cell).validate() }
  }
}

/// What fits have in common that differ in the number of groups and the seed only.
public struct SweepKind: Sendable, Hashable {
  public let representation: RepresentationKind
  public let distribution: DistributionKind
  /// The weight λ of a representation that is learned; nil for the default.
  public let lambda: Double?

  /// A name for people.
  public var title: String {
    "\(representation.rawValue) representation\(lambda.map { " with lambda \($0)" } ?? ""), \(distribution.rawValue) groups"
  }
}

/// One fit of a sweep.
public struct SweepCell: Sendable, Codable, Hashable {
  public let groups: Int
  public let representation: RepresentationKind
  public let distribution: DistributionKind
  public let lambda: Double?
  public let seed: UInt64

  init(groups: Int, kind: SweepKind, seed: UInt64) {
    self.groups = groups
    representation = kind.representation
    distribution = kind.distribution
    lambda = kind.lambda
    self.seed = seed
  }

  public var kind: SweepKind {
    SweepKind(representation: representation, distribution: distribution, lambda: lambda)
  }

  /// A name for files.
  public var name: String {
    let network = lambda.map { "-lambda\($0)" } ?? ""
    return "\(distribution.rawValue)-\(representation.rawValue)\(network)-k\(groups)-seed\(seed)"
  }
}
