import Diagnostics
import LinearAlgebra
import Representation
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

@Suite struct PolynomialRepresentationTests {
  let oracle: PolynomialOracle
  /// The covariates about their means, which is how they come.
  let centered: [[Double]]
  let means: [Double]

  init() throws {
    oracle = try TestSupport.oracle("polynomial.json")
    let raw = columns(oracle.x)
    means = raw.map { $0.reduce(0, +) / Double($0.count) }
    centered = zip(raw, means).map { column, mean in column.map { $0 - mean } }
  }

  private func evaluate(_ features: PolynomialFeatures, _ covariates: [[Double]]) -> [[Double]] {
    Monomials(features: features).features(covariates)
  }

  private func candidates(_ t: [Double]) throws -> [PolynomialRepresentation.Candidate] {
    let mean = t.reduce(0, +) / Double(t.count)
    return try PolynomialRepresentation.degrees.map { degree in
      let features = PolynomialFeatures(degree: degree, origin: means)
      let values = evaluate(features, centered)
      let folds = (0..<PolynomialRepresentation.foldCount).map { fold in
        var gram = Matrix(rows: features.monomials.count + 2, columns: features.monomials.count + 2)
        for row in t.indices where row % 5 == fold {
          let c = [1] + values[row] + [t[row] - mean]
          for i in c.indices { for j in c.indices { gram[i, j] += c[i] * c[j] } }
        }
        return gram
      }
      return try PolynomialRepresentation.Candidate(degree: degree, features: features, folds: folds)
    }
  }

  @Test func `What is tried is what the reference tried`() {
    #expect(Array(PolynomialRepresentation.degrees) == oracle.degrees)
    #expect(distance(PolynomialRepresentation.penalties, oracle.penalties) < 1e-15)
    #expect(PolynomialRepresentation.foldCount == oracle.folds)
  }

  @Test func `Monomials are scikit-learn's, of the data as given`() throws {
    let largest = try #require(oracle.cases.first { $0.degree == 3 })
    let features = PolynomialFeatures(degree: 3, origin: means)
    let exponents = features.monomials.map { monomial in (0..<3).map { j in monomial.count { $0 == j } } }
    #expect(exponents == largest.powers)
    #expect(PolynomialFeatures.count(covariates: 3, degree: 3) == 19)
    for (values, x) in zip(evaluate(features, centered), oracle.x) {
      let expected = features.monomials.map { $0.reduce(1.0) { $0 * x[$1] } }
      #expect(distance(values, expected) < 1e-13)
    }
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
      let representation = try PolynomialRepresentation(covariateNames: ["x1", "x2", "x3"], candidates: candidates)
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
      let representation = try PolynomialRepresentation(
        covariateNames: ["x1", "x2", "x3"], candidates: candidates(example.t))
      for column in columns(representation.features(centered)) {
        #expect(abs(column.reduce(0, +) / 90) < 1e-12)
        #expect(abs(column.reduce(0) { $0 + $1 * $1 } / 90 - 1) < 1e-11)
      }
    }
  }

  @Test func `Equal scores take the smaller degree, then the smaller penalty`() throws {
    // A treatment that is zero: every fit is perfect.
    let representation = try PolynomialRepresentation(
      covariateNames: ["x1", "x2", "x3"], candidates: candidates(Array(repeating: 0, count: 90)))
    #expect(representation.degree == 1 && representation.penalty == PolynomialRepresentation.penalties[0])
    // And no feature has a spread to be divided by.
    #expect(representation.features(centered).joined().allSatisfy { $0 == 0 })
  }

  @Test func `Gram matrices that are no such thing are refused with a remedy`() throws {
    let features = PolynomialFeatures(degree: 1, origin: [0])
    let broken = Matrix([[3, 1, 1], [1, .nan, 1], [1, 1, 1]])
    let error = #expect(throws: Failure.self) {
      try PolynomialRepresentation.Candidate(degree: 1, features: features, folds: [broken, broken])
    }
    #expect(error?.exitCode == .numerical && error?.message.contains("--representation spline") == true)
  }
}

/// The monomials alone, as a representation.
private struct Monomials: Representation {
  let features: PolynomialFeatures
  var dimension: Int { features.monomials.count }
  var featureNames: [String] { features.monomials.map { "\($0)" } }

  func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into target: UnsafeMutablePointer<Double>, stride: Int
  ) { features.transform(covariates, rowCount: rowCount, into: target, stride: stride) }
}
