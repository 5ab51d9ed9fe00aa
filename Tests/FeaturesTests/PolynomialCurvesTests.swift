import Diagnostics
import Features
import LinearAlgebra
import TestSupport
import Testing

/// polynomial.json.
struct PolynomialOracle: Decodable {
  struct Case: Decodable {
    let name: String
    let t: [Double]
    let scores: [[Double]]
    let degree: Int
    let penalty: Double
    let powers: [[Int]]
    let sums: [[Double]]
    let representation: [[Double]]
  }
  let x: [[Double]]
  let folds: Int
  let degrees: [Int]
  let penalties: [Double]
  let cases: [Case]
}

@Suite struct PolynomialCurvesTests {
  let oracle: PolynomialOracle
  private let names = ["x1", "x2", "x3"]
  /// The covariates about their means, which is how they come.
  let centered: [[Double]]
  let means: [Double]

  init() throws {
    oracle = try TestSupport.oracle("polynomial.json")
    let raw = columns(oracle.x)
    means = raw.map { $0.reduce(0, +) / Double($0.count) }
    centered = zip(raw, means).map { column, mean in column.map { $0 - mean } }
  }

  private func candidates(_ t: [Double]) throws -> [PolynomialCurves.Candidate] {
    let mean = t.reduce(0, +) / Double(t.count)
    return try PolynomialCurves.degrees.map { degree in
      let features = PolynomialBasis(degree: degree, covariateNames: names, origin: means)
      let values = features.features(centered)
      let folds = (0..<PolynomialCurves.foldCount).map { fold in
        var gram = Matrix(rows: features.monomials.count + 2, columns: features.monomials.count + 2)
        for row in t.indices where row % 5 == fold {
          let c = [1] + values[row] + [t[row] - mean]
          for i in c.indices { for j in c.indices { gram[i, j] += c[i] * c[j] } }
        }
        return gram
      }
      return try PolynomialCurves.Candidate(degree: degree, features: features, folds: folds)
    }
  }

  @Test func `What is tried is what the reference tried`() {
    #expect(Array(PolynomialCurves.degrees) == oracle.degrees)
    #expect(distance(PolynomialCurves.penalties, oracle.penalties) < 1e-15)
    #expect(PolynomialCurves.foldCount == oracle.folds)
  }

  /// The normal equations of cubics have a condition of about 1e6 here, so that ten digits are left.
  @Test func `Scores, choice and representation are scikit-learn's`() throws {
    for example in oracle.cases {
      let candidates = try candidates(example.t)
      for (candidate, expected) in zip(candidates, example.scores) {
        for (found, score) in zip(candidate.scores, expected) {
          #expect(abs(found / score - 1) < 1e-10, "\(example.name) \(candidate.degree)")
        }
      }
      let representation = try PolynomialCurves(covariateNames: names, candidates: candidates)
      #expect(representation.degree == example.degree, "\(example.name)")
      #expect(abs(representation.penalty / example.penalty - 1) < 1e-14, "\(example.name)")
      #expect(abs(representation.score / example.scores.joined().min()! - 1) < 1e-10)
      #expect(representation.featureNames == ["poly(x1)", "poly(x2)", "poly(x3)"])
      let found = representation.features(centered)
      #expect(distance(found, example.representation) < 1e-10, "\(example.name)")
      // The sums of pure powers, standardised.
      for (column, sums) in zip(columns(found), columns(example.sums)) {
        let mean = sums.reduce(0, +) / 90
        let deviation = (sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 90).squareRoot()
        #expect(distance(column, sums.map { ($0 - mean) / deviation }) < 1e-10, "\(example.name)")
      }
      #expect(try representation.decoded.features(centered) == found)
    }
  }

  @Test func `Standardised over the rows it was fitted to`() throws {
    for example in oracle.cases {
      let representation = try PolynomialCurves(
        covariateNames: names, candidates: candidates(example.t))
      for column in columns(representation.features(centered)) {
        #expect(abs(column.reduce(0, +) / 90) < 1e-12)
        #expect(abs(column.reduce(0) { $0 + $1 * $1 } / 90 - 1) < 1e-11)
      }
    }
  }

  @Test func `Equal scores take the smaller degree, then the smaller penalty`() throws {
    // A treatment that is zero: every fit is perfect.
    let representation = try PolynomialCurves(
      covariateNames: names, candidates: candidates(Array(repeating: 0, count: 90)))
    #expect(representation.degree == 1 && representation.penalty == PolynomialCurves.penalties[0])
    // And no feature has a spread to be divided by.
    #expect(representation.features(centered).joined().allSatisfy { $0 == 0 })
  }

  @Test func `Gram matrices that are no such thing are refused with a remedy`() throws {
    let features = PolynomialBasis(degree: 1, covariateNames: ["x"], origin: [0])
    let broken = Matrix([[3, 1, 1], [1, .nan, 1], [1, 1, 1]])
    let error = #expect(throws: Failure.self) {
      try PolynomialCurves.Candidate(degree: 1, features: features, folds: [broken, broken])
    }
    #expect(error?.exitCode == .numerical && error?.message.contains("--representation spline") == true)
  }
}
