import Communication
import Diagnostics
import LinearAlgebra
import NonparametricIV
import TestSupport
import Testing

@Suite struct ColumnLocationsTests {
  private let random = CounterRandom(seed: 3, stream: .test)

  private func sample(_ count: Int = 200, constant: Int? = nil) -> ArrayRows {
    func column(_ draw: Int, mean: Double, unit: Double) -> [Double] {
      (0..<count).map { mean + (constant == draw ? 0 : unit * random.normal(row: $0, draw: draw)) }
    }
    return ArrayRows(
      outcome: column(0, mean: 7, unit: 2), treatment: column(1, mean: -3, unit: 0.5),
      covariates: [column(2, mean: 1e3, unit: 10)], instruments: [column(3, mean: 0, unit: 1)],
      weights: (0..<count).map { Double($0 % 3) })
  }

  /// y = t - 2 x, in whatever units.
  private struct Line: StructuralFunction {
    func evaluate(
      _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
      into values: UnsafeMutablePointer<Double>
    ) {
      for row in 0..<rowCount { values[row] = treatment[row] - 2 * covariates[0][row] }
    }
  }

  @Test func `scaled columns have mean 0 and variance 1 by weight`() throws {
    let rows = try ScaledRows(sample())
    let again = try ColumnLocations(rows)
    for (mean, deviation) in zip(again.means, again.standardDeviations) {
      #expect(abs(mean) < 1e-12 && abs(deviation - 1) < 1e-12)
    }
  }

  @Test func `a function of scaled columns is told in the units of the data`() throws {
    let sample = sample()
    let locations = try ColumnLocations(sample)
    let function = RescaledFunction(Line(), locations)
    let values = AlignedBuffer(count: 64)
    try sample.withChunk(0) { chunk in
      function.evaluate(
        chunk.treatment, covariates: chunk.covariates, rowCount: chunk.rowCount, into: values.pointer)
    }
    let (means, units) = (locations.means, locations.standardDeviations)
    for row in 0..<64 {
      let line =
        (sample.treatment[row] - means[1]) / units[1] - 2 * (sample.covariates[0][row] - means[2]) / units[2]
      #expect(abs(values[row] - (means[0] + units[0] * line)) < 1e-12)
    }
  }

  @Test(arguments: [(0, "the outcome"), (1, "the treatment"), (2, "covariate 0")])
  func `a column with one value is named`(_ column: Int, _ name: String) throws {
    let error = #expect(throws: Failure.self) { try ColumnLocations(sample(constant: column)) }
    #expect(error?.exitCode == .data && error?.message.hasPrefix(name) == true)
  }
}
