import Communication

/// Where the columns of the roles that most estimators read lie in a chunk.
struct RolePlaces {
  /// The real covariates: their places in the schema and in a chunk.
  let covariates: [Int]
  let covariateSlots: [Int]
  let treatment: Int?
  let outcome: Int?
  let weight: Int?
  /// The place of the source in the schema.
  let source: Int?

  init(_ schema: Schema) {
    func slot(_ column: Int) -> Int { schema.slots(ofColumn: column).lowerBound }
    func slot(_ role: Role) -> Int? {
      schema.indices(of: role).first { schema.columns[$0].kind == .real }.map(slot)
    }
    covariates = schema.indices(of: .covariate).filter { schema.columns[$0].kind == .real }
    covariateSlots = covariates.map(slot)
    treatment = slot(.treatment)
    outcome = slot(.outcome)
    weight = slot(.weight)
    source = schema.indices(of: .source).first { schema.columns[$0].kind.holdsCodes }
  }
}

// MARK: - Real covariates, treatment, outcome and weight by their roles

extension Frame {
  /// A frame of covariates and a treatment in memory. Collective; every rank passes all rows, and keeps its own.
  ///
  /// - Parameters:
  ///   - rows: the rows, as many as `treatment` has.
  ///   - covariates: one array for each covariate.
  /// - Throws: ``Failure`` `data` when a value is not finite or a weight is negative.
  public convenience init(
    rows: DistributedRows, covariates: [[Double]], treatment: [Double], outcome: [Double]? = nil,
    weight: [Double]? = nil, source: [Int64]? = nil, covariateNames: [String]? = nil
  ) throws {
    let names = covariateNames ?? Frame.defaultNames(covariates.count)
    var columns = zip(names, covariates).map { FrameColumn.real($0, .covariate, $1) }
    columns.append(.real("t", .treatment, treatment))
    if let outcome { columns.append(.real("y", .outcome, outcome)) }
    if let weight { columns.append(.real("weight", .weight, weight)) }
    if let source { columns.append(.integer("z", .source, source)) }
    try self.init(rows: rows, columns: columns)
  }

  /// Names for covariates that have none: x0, x1, …
  public static func defaultNames(_ count: Int) -> [String] { (0..<count).map { "x\($0)" } }

  /// The roles that some column has.
  public var roles: Set<Role> { schema.roles }

  /// The names of the real covariates; covariates of other kinds are found by ``columns(of:)`` only.
  public var covariateNames: [String] { places.covariates.map { schema.columns[$0].name } }
  /// What the real covariates stand for.
  public var covariates: [Covariate] { schema.covariates }
  /// The number of real covariates.
  public var covariateCount: Int { places.covariates.count }
  /// The name of the treatment, `t` in a frame without.
  public var treatmentName: String { name(of: .treatment) ?? "t" }
  /// The name of the outcome, `y` in a frame without.
  public var outcomeName: String { name(of: .outcome) ?? "y" }

  private func name(of role: Role) -> String? { columns(of: role).first.map { schema.columns[$0].name } }

  /// A real covariate in a chunk of this rank.
  public func pointer(covariate: Int, chunk: Int) throws -> UnsafePointer<Double> {
    try UnsafePointer(chunks(with: chunk).doubles(places.covariateSlots[covariate], chunk: chunk))
  }

  /// The treatment in a chunk of this rank.
  ///
  /// - Precondition: the frame has a real treatment.
  public func treatment(chunk: Int) throws -> UnsafePointer<Double> {
    guard let slot = places.treatment else { preconditionFailure("the frame has no real treatment") }
    return try UnsafePointer(chunks(with: chunk).doubles(slot, chunk: chunk))
  }

  /// The outcome in a chunk of this rank; nil when the frame has none.
  public func outcome(chunk: Int) throws -> UnsafePointer<Double>? {
    guard let slot = places.outcome else { return nil }
    return try UnsafePointer(chunks(with: chunk).doubles(slot, chunk: chunk))
  }

  /// The row weights in a chunk of this rank; nil, meaning 1, when the frame has none.
  public func weight(chunk: Int) throws -> UnsafePointer<Double>? {
    if let replacedWeights { return replacedWeights[chunk] }
    guard let slot = places.weight else { return nil }
    return try UnsafePointer(chunks(with: chunk).doubles(slot, chunk: chunk))
  }

  /// The true sources in a chunk of this rank; nil when the frame has none.
  public func sources(chunk: Int) throws -> [Int64]? {
    guard let column = places.source else { return nil }
    return Array(UnsafeBufferPointer(start: try codes(column, chunk: chunk), count: rowCount(ofChunk: chunk)))
  }

  /// The real covariates and the treatment, by their places in the schema.
  var explanatoryColumns: [Int] { places.covariates + columns(of: .treatment) }

  /// Standardizes every real covariate and the treatment; see ``standardize(_:center:scale:)``.
  ///
  /// - Precondition: one center and one positive scale for each covariate, then those of the treatment.
  public func standardize(center: [Double], scale: [Double]) {
    standardize(explanatoryColumns, center: center, scale: scale)
  }

  /// Summaries of the real covariates, the treatment and, when the frame has one, the outcome, in this order.
  /// Collective; see ``summary(of:)``.
  ///
  /// - Throws: ``Failure`` when a rank fails.
  public func summary() throws -> [ColumnSummary] { try summary(of: explanatoryColumns + columns(of: .outcome)) }

  /// Quantiles of the real covariates, and of the treatment if wanted. Collective; see ``quantiles(of:columns:)``.
  ///
  /// - Parameter includesTreatment: whether the quantiles of the treatment follow those of the covariates.
  /// - Throws: ``Failure`` when a rank fails.
  public func quantiles(of probabilities: [Double], includesTreatment: Bool = false) throws -> [[Double]] {
    try quantiles(of: probabilities, columns: includesTreatment ? explanatoryColumns : places.covariates)
  }
}
