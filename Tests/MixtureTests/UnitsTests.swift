import Foundation
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// What may change when columns are given in other units or from another origin, and what may not.
@Suite struct UnitsTests {
  static let rows = TestRows(rowCount: 1500, covariateCount: 4, groups: 3, seed: 21)

  /// (column, factor, shift); column 4 is t.
  static let changes: [(Int, Double, Double)] = [
    (0, 1000, 0), (1, 1e-3, 0), (2, 1, 1000), (3, 1, 1e-3), (4, 1000, 0), (4, 1e-3, 0), (4, 1, 1000),
  ]

  private func changed(_ column: Int, _ factor: Double, _ shift: Double) -> TestRows {
    var rows = Self.rows
    if column < 4 {
      rows.covariates[column] = rows.covariates[column].map { factor * $0 + shift }
    } else {
      rows.treatment = rows.treatment.map { factor * $0 + shift }
    }
    return rows
  }

  /// Sums of products about 0 of a column about 1000 lose six digits.
  private func tolerance(_ shift: Double) -> Double { shift == 1000 ? 1e-5 : 1e-9 }

  @Test(arguments: changes)
  func `Regression: labels stay, coefficients follow, t alone shifts the likelihood`(
    column: Int, factor: Double, shift: Double
  ) throws {
    let (design, changedDesign) = try (Self.rows.design(), changed(column, factor, shift).design())
    let one = try Course(.regression, design, groups: 3, passes: 40)
    let other = try Course(.regression, changedDesign, groups: 3, passes: 40)
    #expect(other.labels == one.labels)
    let (model, found) = (one.model as! RegressionMixture, other.model as! RegressionMixture)
    var expected = model
    if column < 4 {
      for k in 0..<3 {
        expected.coefficients[k][column + 1] /= factor
        expected.coefficients[k][0] -= expected.coefficients[k][column + 1] * shift
      }
    } else {
      expected.coefficients = expected.coefficients.map { $0.map { $0 * factor } }
      for k in 0..<3 { expected.coefficients[k][0] += shift }
      expected.standardDeviations = expected.standardDeviations.map { $0 * factor }
    }
    let unit = column == 4 ? factor : 1
    for k in 0..<3 {
      for (a, b) in zip(found.coefficients[k], expected.coefficients[k]) {
        #expect(abs(a - b) < tolerance(shift) * max(abs(b), unit))
      }
      #expect(abs(found.standardDeviations[k] / expected.standardDeviations[k] - 1) < tolerance(shift))
    }
    let jacobian = column == 4 ? -1500 * log(factor) : 0
    for (a, b) in zip(other.trace, one.trace) { #expect(abs(a - b - jacobian) < tolerance(shift) * abs(b)) }
  }

  @Test(arguments: [ModelKind.full, .tied, .diagonal], changes)
  func `Gaussian: labels and shares stay, every column shifts the likelihood`(
    kind: ModelKind, change: (column: Int, factor: Double, shift: Double)
  ) throws {
    let design = try Self.rows.design()
    let changedDesign = try changed(change.column, change.factor, change.shift).design()
    let one = try Course(kind, design, groups: 3, passes: 40)
    let other = try Course(kind, changedDesign, groups: 3, passes: 40)
    #expect(other.labels == one.labels)
    #expect(distance(other.model.mixingWeights, one.model.mixingWeights) < tolerance(change.shift))
    let jacobian = -1500 * log(change.factor)
    for (a, b) in zip(other.trace, one.trace) { #expect(abs(a - b - jacobian) < tolerance(change.shift) * abs(b)) }
    let (mean, expected) = ((other.model as! GaussianMixture).means, (one.model as! GaussianMixture).means)
    for k in 0..<3 {
      let moved = change.factor * expected[k][change.column] + change.shift
      #expect(abs(mean[k][change.column] - moved) < 1e-5 * max(abs(moved), change.factor))
    }
  }

  @Test(arguments: [ModelKind.spherical, .kmeans], [1e-3, 1000])
  func `Round groups: one unit for all columns changes nothing but the scale`(kind: ModelKind, factor: Double) throws {
    var scaled = Self.rows
    scaled.covariates = scaled.covariates.map { $0.map { $0 * factor } }
    scaled.treatment = scaled.treatment.map { $0 * factor }
    let one = try Course(kind, Self.rows.design(), groups: 3, passes: 40)
    let other = try Course(kind, scaled.design(), groups: 3, passes: 40)
    #expect(other.labels == one.labels)
    #expect(distance(other.model.mixingWeights, one.model.mixingWeights) < 1e-9)
  }

  /// These two see distances, so units matter to them; a test that they do keeps the ones above honest.
  @Test(arguments: [ModelKind.spherical, .kmeans])
  func `Round groups: the unit of one column changes labels`(kind: ModelKind) throws {
    let one = try Course(kind, Self.rows.design(), groups: 3, passes: 40)
    let other = try Course(kind, changed(0, 1000, 0).design(), groups: 3, passes: 40)
    #expect(other.labels != one.labels)
  }
}
