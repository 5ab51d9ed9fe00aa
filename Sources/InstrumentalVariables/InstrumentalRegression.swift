import Communication
import Diagnostics
import LinearAlgebra
import Regression

/// A linear regression with instruments, y = W c + D b + u, from rows spread over ranks: every estimate, covariance, test
/// and confidence set of it follows from the sums of three passes over the rows.
///
/// ```swift
/// let regression = try InstrumentalRegression(rows)
/// let estimate = try regression.estimate(.hful)
/// let strength = try regression.firstStage(.hc1)
/// ```
///
/// Without instruments there is ordinary regression alone.
///
/// The first pass centres and scales the columns, the second sums their Gram matrix (``Orthonormalization``), the third
/// sums products of up to four partialled columns (``RowSums``). All results are in the columns' own units.
public struct InstrumentalRegression: Sendable {
  /// The columns that stayed.
  public let names: InstrumentalNames
  /// Columns that those before them determine, which were left out.
  public let dropped: [DroppedColumn]
  /// Of the Gram matrix of controls and instruments, scaled to a unit diagonal. Above ``largestConditionNumber`` results
  /// have lost digits.
  public let conditionNumber: Double
  /// n, the number of observations of positive weight; weights are scaled to add up to it.
  public let rowCount: Double
  public let clusterings: [Clustering]

  /// Beyond this a caller says that digits are lost.
  public static let largestConditionNumber = 1e12

  let forms: RowForms
  let sums: RowSums
  /// Of D and y on W and Z, in orthonormal coordinates.
  let stage: FirstStage
  let standardization: Standardization

  /// Three passes over the rows. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (data): what no row or too few rows determine, named by its column; a
  ///   row without cluster; (usage) when cells of two clusterings are too many.
  public init(_ source: some InstrumentalRows) throws {
    self = try Self.all(SingleRegression(source: source))[0].get()
  }

  /// Several regressions in the same three passes, each the same as alone, or why the rows do not determine it.
  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: a chunk that cannot be read, a row without cluster (data).
  public static func all(_ family: some InstrumentalFamily) throws -> [Result<InstrumentalRegression, any Error>] {
    let standardizations = try Standardization.all(family)
    let clusters = family.clusterings.map(\.count)
    let terms = zip(try Orthonormalization.all(family, standardizations), family.names).map { basis, names in
      basis.flatMap { basis in Result { try RowTerms(basis, names, clusters: clusters) } }
    }
    let zeros = terms.map { terms in (try? terms.get()).map { RowSums($0.layout) } }
    let sums = try family.sums(zeros) { place, block, chunk, sums in
      try requireClusters(block, family.clusterings, firstRow: family.rows.grid.rows(ofChunk: chunk).lowerBound)
      let (terms, standardization) = (try terms[place].get(), try standardizations[place].get())
      for block in block.blocks { terms.add(block, standardization, to: &sums) }
    }
    return terms.indices.map { place in
      terms[place].flatMap { terms in
        Result {
          try Self(
            terms.forms, sums[place]!, standardizations[place].get(), family.names[place], family.clusterings)
        }
      }
    }
  }

  private init(
    _ forms: RowForms, _ sums: RowSums, _ standardization: Standardization, _ given: InstrumentalNames,
    _ clusterings: [Clustering]
  ) throws {
    let (basis, layout) = (forms.basis, sums.layout)
    let controls = Array(0..<basis.controlCount)
    let instruments = Array(basis.controlCount..<basis.controlCount + basis.instrumentCount)
    let targets = Array(basis.controlCount + basis.instrumentCount..<layout.columns)
    let gram = sums.gram
    stage = try Self.named(given) {
      try FirstStage(gram, targets: targets, exogenous: controls, instruments: instruments)
    }
    let kept = Set(basis.kept)
    let (w, z) = (given.controls, given.instruments)
    names = InstrumentalNames(
      controls: w.indices.filter(kept.contains).map { w[$0] },
      instruments: z.indices.filter { kept.contains(w.count + $0) }.map { z[$0] },
      endogenous: given.endogenous, response: given.response)
    dropped = basis.dropped
    conditionNumber = basis.conditionNumber
    rowCount = standardization.rowCount
    self.clusterings = clusterings
    self.forms = forms
    self.sums = sums
    self.standardization = standardization
    for (index, clustering) in clusterings.enumerated() where sums.clusters(index).count < 2 {
      throw Failure(
        .data,
        "all rows lie in one cluster of '\(clustering.name)'; errors by cluster need two at least, and many to be right"
      )
    }
  }

  /// q, c with the constant, and L.
  public var endogenousCount: Int { forms.basis.endogenousCount }
  public var controlCount: Int { forms.basis.controlCount }
  public var instrumentCount: Int { forms.basis.instrumentCount }

  /// L - q.
  public var overidentification: Int { instrumentCount - endogenousCount }

  /// n - L - c, what the first stage leaves.
  var firstStageFreedom: Double { rowCount - Double(instrumentCount + controlCount) }

  var products: PartialledProducts { stage.products }

  /// The units of D, then y, in those of the sums.
  var scales: [Double] { standardization.scales.suffix(endogenousCount + 1) }

  /// What a coefficient in the units of the sums is multiplied by: s_y / s_D.
  var slopeUnits: [Double] { scales.dropLast().map { scales[endogenousCount] / $0 } }

  /// Products with the orthonormal instruments of D [L, q] and of y [L].
  var endogenousMoments: Matrix {
    stage.orthonormal.selecting(rows: Array(0..<instrumentCount), columns: Array(0..<endogenousCount))
  }
  var responseMoments: [Double] { (0..<instrumentCount).map { stage.orthonormal[$0, endogenousCount] } }

  /// B = A + S, of the partialled D and y.
  var partialled: Matrix { products.projected + products.residual }

  /// Turns the place of a column in D into its name.
  static func named<Result>(_ names: InstrumentalNames, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as NotPositiveDefinite {
      let name =
        error.column < names.endogenous.count ? "'\(names.endogenous[error.column])'" : "the endogenous columns"
      throw Failure(
        .data,
        "the instruments do not tell \(name) from the endogenous columns before it; give instruments that move them apart"
      )
    }
  }

  /// Numbers that the cells of clusters may take.
  private static let mostClusterNumbers = 1 << 26

  static func requireRoom(_ layout: RowSumsLayout) throws {
    let numbers = layout.clusterCells.reduce(0, +) * layout.clusterLength
    guard numbers <= mostClusterNumbers else {
      throw Failure(
        .usage,
        "clusters need \(numbers) numbers in every sum, and \(mostClusterNumbers) are allowed; choose coarser clusters, or "
          + "one way of clustering")
    }
  }

  private static func requireClusters(_ block: InstrumentalChunk, _ clusterings: [Clustering], firstRow: Int) throws {
    for (codes, clustering) in zip(block.clusters, clusterings) {
      for row in 0..<block.rowCount where !(0..<Int64(clustering.count)).contains(codes[row]) {
        throw Failure(
          .data,
          "row \(firstRow + row) (counted from 0) has no cluster of '\(clustering.name)'; leave it out or fill it")
      }
    }
  }
}
