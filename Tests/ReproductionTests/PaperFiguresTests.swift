import NonparametricIV
import Reproduction
import Simulation
import Testing

@Suite struct PaperFiguresTests {
  private static let regressions: Set = [
    "poly2sls", "nn2sls", "kerneliv", "dualiv", "deepiv", "onesiv", "dfiv", "deepgmm", "agmm",
  ]

  private static func grid(_ experiment: Experiment, file: String) throws -> ReproductionGrid {
    var grid = ReproductionGrid([experiment])
    grid.covariates = try SimulationCovariates(names: ["a", "b"], values: [0, 1, 2, 4, 1, 0, 3, 2], origin: "test")
    grid.file = file
    return grid
  }

  @Test(arguments: [
    (Experiment.table1, "", 9 * 9), (.table2, "", 3 * 5), (.table3, "pm-cmr-2000", 8 * 4), (.table3, "ihdp", 8 * 4),
    (.table4, "", 8 * 4), (.table5, "pm-cmr-2000", 2 * 9),
  ])
  func `the tables are whole, and their rows and columns are ours`(experiment: Experiment, file: String, count: Int)
    throws
  {
    let figures = PaperFigures.all(experiment, file: file)
    #expect(figures.count == count)
    let cells = try Self.grid(experiment, file: file).cells()
    let rows = Set(cells.map(\.row))
    for (row, column) in figures {
      #expect(rows.contains(row), "\(row)")
      #expect(Self.regressions.contains(column) || cells.contains { $0.column == column }, "\(column)")
      let figure = try #require(PaperFigures.figure(experiment, row: row, column: column, file: file))
      #expect(figure.mean > 0 && figure.mean <= 100)
    }
  }

  @Test(
    arguments: [
      (Experiment.table1, "None", "nn2sls", "", 1.90, 1.25), (.table1, "GIV-KM*", "dualiv", "", 1.60, 0.36),
      (.table1, "True", "agmm", "", 0.06, 0.01), (.table2, "Fun-EM", "sigmoid", "", 0.984, nil),
      (.table2, "EM", "abs", "", 0.852, nil), (.table3, "GIV-EM", "kerneliv", "ihdp", 0.20, 0.17),
      (.table3, "GIV-EM", "kerneliv", "pm-cmr-2000", 0.31, 0.21), (.table3, "True", "agmm", "pm-cmr-2000", 0.05, 0.02),
      (.table4, "Linear-5-5 True", "deepiv", "", 0.239, nil),
      (.table4, "Linear-3-10 GIV-EM", "kerneliv", "", 0.302, nil),
      (.table5, "GIV-EM", "dfiv", "pm-cmr-2000", 0.982, nil), (.table5, "True", "agmm", "pm-cmr-2000", 0.054, nil),
    ] as [(Experiment, String, String, String, Double, Double?)])
  func `figures are those that are printed`(
    experiment: Experiment, row: String, column: String, file: String, mean: Double, deviation: Double?
  ) throws {
    let figure = try #require(PaperFigures.figure(experiment, row: row, column: column, file: file))
    #expect(figure == PaperFigure(mean: mean, standardDeviation: deviation))
  }

  @Test func `other real covariates than the paper's have no figure of its own`() {
    #expect(PaperFigures.figure(.table3, row: "True", column: "agmm", file: "counties") == nil)
    #expect(PaperFigures.figure(.figure4, row: "True", column: "agmm", file: nil) == nil)
  }
}
