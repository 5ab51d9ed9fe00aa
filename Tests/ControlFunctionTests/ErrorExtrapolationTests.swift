import ControlFunction
import LinearAlgebra
import TestSupport
import Testing

/// `treatment_error.json`: what numpy makes of fits at several levels of added noise.
private struct Oracle: Decodable {
  struct Fit: Decodable {
    let coefficients: [Double]
    let covariance: [[Double]]

    var refit: ErrorExtrapolation.Refit {
      ErrorExtrapolation.Refit(coefficients: coefficients, covariance: Matrix(covariance))
    }
  }
  let levels: [Double]
  let fit: Fit
  let copies: [[Fit]]
  let coefficients: [Double]
  let covariance: [[Double]]
}

@Suite struct ErrorExtrapolationTests {
  @Test func `coefficients without noise and their covariance are those of numpy`() throws {
    let oracle = try TestSupport.oracle("treatment_error.json", as: Oracle.self)
    #expect(ErrorExtrapolation.levels == oracle.levels)
    let found = ErrorExtrapolation.extrapolated(oracle.fit.refit, oracle.copies.map { $0.map(\.refit) })
    #expect(found.coefficients.count == 3 && oracle.covariance.joined().count == 9)
    for (value, expected) in zip(found.coefficients, oracle.coefficients) { #expect(abs(value - expected) < 1e-11) }
    for (value, expected) in zip(found.covariance.values, oracle.covariance.joined()) {
      #expect(abs(value - expected) < 1e-11)
    }
  }
}
