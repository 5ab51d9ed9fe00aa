import Communication
import ControlFunction
import Diagnostics
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import Runs
import Simulation
import TestSupport
import Testing

@Suite struct ClusterChoiceTests {
  /// Simulated rows, each several times over, in clusters of its copies.
  private static func table(
    copies: Int, rows count: Int = 400, _ communicator: any Communicator = SoloCommunicator(), shift: Double = 0
  ) throws -> CenteredRows {
    var parameters = SimulationParameters()
    (parameters.groups, parameters.covariates, parameters.rows, parameters.seed) = (2, 2, count, 3)
    let drawn = try Simulation(parameters).rows(0..<count)
    let places = (0..<count * copies).map { $0 % count }
    // The last copies of all rows may have covariates of their own.
    let x = (0..<2).map { j in
      places.indices.map { row in
        drawn.x[places[row] * 2 + j] + (j == 1 && row >= count * (copies - 1) ? shift : 0)
      }
    }
    let frame = try Frame(
      rows: DistributedRows(rowCount: places.count, chunkLength: 128, communicator: communicator),
      columns: [
        .real("x1", .covariate, x[0]), .real("x2", .covariate, x[1]),
        .real("t", .treatment, places.map { drawn.t[$0] }),
        .real("y", .outcome, places.map { drawn.y[$0] }),
        .categorical(
          "clinic", .institution, codes: places.map(Int64.init), levels: (0...count).map(String.init)),
      ])
    let summaries = try frame.summary().prefix(3)
    let scaling = ColumnScaling(centers: summaries.map(\.mean), scales: Array(repeating: 1, count: 3))
    frame.standardize(center: scaling.centers, scale: scaling.scales)
    return CenteredRows(table: frame, scaling: scaling)
  }

  @Test(arguments: [1, 2, 3, 8]) func `Rows of clusters with covariates of their own count as one`(ranks: Int) throws {
    let shares = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try [0.0, 1e-9].map { shift in
        let table = try Self.table(copies: 4, communicator, shift: shift).table
        return try RowClusters("clinic", of: table).effectiveShare
      }
    }
    #expect(shares.allSatisfy { $0 == [0.25, 1] })
  }

  /// Fits of forms and bases end at rises of a tenth of log-likelihood.
  private static let tolerance = 0.2

  /// Copies tell nothing, so BIC of the forms of t and of the bases of y are those of the rows once.
  @Test func `Copies of rows in clusters change no choice`() throws {
    func fit(copies: Int) throws -> (forms: SplineForms, result: ControlFunction.Result) {
      let rows = try Self.table(copies: copies)
      let clusters = copies > 1 ? try RowClusters("clinic", of: rows.table) : nil
      var options = ControlFunction.Options(groups: 2)
      options.starts = 5
      var configuration = Configuration(groups: 2)
      configuration.starts = 5
      try ControlFunction.check(rows.table, options, clusters: clusters)
      let (start, groups) = try MetaEM(configuration).controlFunctionStart(rows, clusters: clusters, journal: Journal())
      let result = try ControlFunction(options, from: start, scaling: rows.scaling, clusters: clusters).fit(rows.table)
      return (try #require(groups.forms), result)
    }
    let (once, thrice) = (try fit(copies: 1), try fit(copies: 3))
    #expect(once.forms.chosen == thrice.forms.chosen && once.forms.products == thrice.forms.products)
    for (first, second) in zip(once.forms.criteria, thrice.forms.criteria) {
      #expect(first.form == second.form && abs(first.bic - second.bic) < Self.tolerance, "\(first) \(second)")
    }
    #expect(once.result.bases.map(\.covariateBasis) == thrice.result.bases.map(\.covariateBasis))
    #expect(once.result.bases.map(\.outcomeBasis) == thrice.result.bases.map(\.outcomeBasis))
    for (first, second) in zip(once.result.bases, thrice.result.bases) {
      #expect(abs(first.bic - second.bic) < Self.tolerance)
    }
    // Scores are summed by cluster, so standard errors are those of the rows once too.
    let errors = [once, thrice].map { $0.result.averageSlope.standardError! }
    #expect(abs(errors[0] - errors[1]) < 1e-3 * errors[0])
  }

  @Test func `Bases that clusters cannot carry are refused`() throws {
    let table = try Self.table(copies: 10, rows: 40).table
    var options = ControlFunction.Options(groups: 2)
    options.covariateBasis = .polynomial2
    try ControlFunction.check(table, options)
    let clusters = try RowClusters("clinic", of: table)
    let failure = #expect(throws: Failure.self) { try ControlFunction.check(table, options, clusters: clusters) }
    #expect(
      failure?.exitCode == .data
        && failure?.message.contains(
          "at least 50 rows, and there are 40 with covariates of their own, one for each cluster")
          == true
    )
  }
}
