import Communication
import Features
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SplineBasisTests {
  /// A smooth covariate, a skewed one, an indicator, and one with a few values.
  private let covariates: [[Double]] = {
    let random = CounterRandom(seed: 1, stream: .test)
    let normal = (0..<3000).map { random.normal(row: $0, draw: 0) }
    return [
      normal, normal.map { 5 + $0 * $0 * $0 }, (0..<3000).map { $0 % 3 == 0 ? 1 : 0 },
      (0..<3000).map { Double($0 % 9) },
    ]
  }()

  private func fitted() throws -> SplineBasis { try SplineBasis(fitting: sampleTable(covariates)) }

  @Test func `Fitted to a sample, it is scipy's basis on numpy's quantiles`() throws {
    let oracle: SplineOracle = try TestSupport.oracle("splines.json")
    for example in oracle.cases {
      let spline = try SplineBasis(fitting: sampleTable([example.sample]), knotCount: 6)
      for (found, expected) in zip(spline.features([example.x]), example.basis) {
        #expect(distance(found, expected) < 1e-12, "\(example.name)")
      }
    }
  }

  @Test func `Features stand covariate after covariate, with their names`() throws {
    let spline = try fitted()
    #expect(spline.featureCounts == [8, 8, 1, 8])
    #expect(spline.dimension == 25 && spline.featureNames.count == 25)
    let names = spline.featureNames
    #expect([names[0], names[15], names[16], names[17]] == ["x0.bs1", "x1.bs8", "x2", "x3.bs1"])
    let features = spline.features(covariates)
    #expect(features.map { $0[16] } == covariates[2])
    // A covariate's features depend on it alone.
    var changed = covariates
    changed[1] = changed[1].map { $0 + 1 }
    for (before, after) in zip(features, spline.features(changed)) {
      #expect(before[..<8] == after[..<8] && before[16...] == after[16...] && before[8..<16] != after[8..<16])
    }
  }

  @Test func `Knots and features have the same bits on any ranks`() throws {
    let covariates = covariates
    let expected = try fitted().features(covariates)
    for ranks in [2, 3, 5] {
      let found = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try SplineBasis(fitting: sampleTable(covariates, on: communicator)).features(covariates)
      }
      #expect(found.allSatisfy { $0 == expected })
    }
  }

  @Test func `Too few distinct quantiles make a linear term`() {
    let spline = SplineBasis(
      covariateNames: ["a", "b", "c"],
      quantiles: [[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2, 2], [0, 0, 1, 2, 2, 3, 3]])
    #expect(spline.featureCounts == [1, 1, 5])
    #expect(spline.featureNames == ["a", "b", "c.bs1", "c.bs2", "c.bs3", "c.bs4", "c.bs5"])
    let merged = CubicSpline(breakpoints: [0, 1, 2, 3])
    #expect(spline.features([[7], [8], [2.5]]) == [[7, 8] + merged([2.5])[0]])
  }

  @Test func `Any line lies in the basis, inside the knots and outside`() throws {
    let spline = try fitted()
    let line = [0.7, -1.5, 0.25, 3, 40]
    let embedded = spline.embedding(linear: line)
    #expect(embedded.count == spline.dimension + 1)
    let points = (0..<4).map { j in covariates[j] + [-1000, 1000, 5, -5] }
    let rows = spline.features(points)
    for (row, features) in rows.enumerated() {
      let expected = line[0] + (0..<4).reduce(0) { $0 + line[$1 + 1] * points[$1][row] }
      #expect(abs(dot(embedded, [1] + features) - expected) < 1e-12 * (50 + abs(expected)))
    }
  }

  @Test func `Any parabola lies in the basis, and the indicator has no square`() throws {
    let spline = try fitted()
    let powers = spline.parabolas(covariateNames: ["a", "b", "c", "d"])
    #expect(powers.monomials == [[0], [0, 0], [1], [1, 1], [2], [3], [3, 3]])
    let parabola = [0.7, -1.5, 0.5, 0.25, -0.125, 3, 40, -2]
    let embedded = spline.embedding(parabolas: parabola)
    for (row, features) in spline.features(covariates).enumerated() {
      let values = powers.monomials.map { $0.reduce(1) { $0 * covariates[$1][row] } }
      let expected = parabola[0] + zip(parabola.dropFirst(), values).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(dot(embedded, [1] + features) - expected) < 1e-11 * (50 + values.reduce(0) { $0 + abs($1) }))
    }
  }

  @Test func `Smooth directions are each covariate's line and parabola, up to constants`() throws {
    let spline = try fitted()
    let directions = spline.smoothDirections
    #expect(directions.count == 7)
    let features = spline.features(covariates)
    // (covariate, power) of each direction; the indicator has its line alone.
    for (direction, (j, power)) in zip(directions, [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (3, 1), (3, 2)]) {
      let offsets = features.indices.map { row in
        let x = covariates[j][row]
        return dot(direction, features[row]) - (power == 1 ? x : x * x)
      }
      let scale = covariates[j].reduce(1) { max($0, $1 * $1) }
      #expect(offsets.max()! - offsets.min()! < 1e-12 * scale)
    }
  }

  @Test func `Dropping leaves the other features as they are`() throws {
    let spline = try fitted()
    let dropped = spline.dropping([0, 9, 16])
    #expect(dropped.dimension == 22 && dropped.featureCounts == [7, 7, 0, 8])
    let kept = (0..<25).filter { ![0, 9, 16].contains($0) }
    #expect(dropped.featureNames == kept.map { spline.featureNames[$0] })
    let features = spline.features(covariates)
    #expect(dropped.features(covariates) == features.map { row in kept.map { row[$0] } })
    // A covariate without any function left, before one that has some.
    let sparse = spline.dropping(Set(8..<19))
    let left = Array(0..<8) + Array(19..<25)
    #expect(sparse.featureCounts == [8, 0, 0, 6])
    #expect(sparse.features(covariates) == features.map { row in left.map { row[$0] } })
    // Indices count among those kept: dropping again.
    #expect(dropped.dropping([0]).featureNames == Array(dropped.featureNames.dropFirst()))
    #expect(dropped.smoothDirections.allSatisfy { $0.count == 22 })
    #expect(dropped.embedding(linear: [0, 1, 1, 1, 1]).count == 23)
  }

  @Test func `Products stand behind the functions, and are linear directions`() throws {
    let spline = try fitted()
    let names = ["a", "b", "c", "d"]
    let richer = spline.appending(products: [[0, 1], [1, 2]], covariateNames: names)
    #expect(richer.featureCounts == [8, 8, 1, 8, 1, 1] && Array(richer.featureNames.suffix(2)) == ["a*b", "b*c"])
    let features = richer.features(covariates)
    #expect(features.map { Array($0.prefix(25)) } == spline.features(covariates))
    #expect(features.map { $0[25] } == zip(covariates[0], covariates[1]).map { $0 * $1 })
    #expect(richer.smoothDirections.count == 9 && richer.smoothDirections[8] == Array(repeating: 0, count: 26) + [1])
    let powers = richer.parabolas(covariateNames: names)
    #expect(powers.monomials == [[0], [0, 0], [1], [1, 1], [2], [3], [3, 3], [0, 1], [1, 2]])
    // A line with products, as the splines have it.
    let linear = PolynomialBasis(linearWith: [[0, 1], [1, 2]], covariateNames: names)
    let line = [0.7, -1.5, 0.25, 3, 40, 0.5, -2]
    let embedded = richer.embedding(linear: line)
    for (row, values) in zip(features, linear.features(covariates)) {
      let expected = dot(line, [1] + values)
      #expect(abs(dot(embedded, [1] + row) - expected) < 1e-11 * (50 + values.reduce(0) { $0 + abs($1) }))
    }
    #expect(try richer.decoded.features(covariates) == features)
    #expect(richer.dropping([25]).featureCounts == [8, 8, 1, 8, 0, 1])
  }

  @Test func `It comes back from JSON with its bits`() throws {
    let spline = try fitted().dropping([3])
    let again = try spline.decoded
    #expect(again.featureNames == spline.featureNames)
    #expect(again.features(covariates) == spline.features(covariates))
    guard case .spline(let wrapped) = try JSON(Basis.spline(spline)).value else {
      Issue.record("another representation came back")
      return
    }
    #expect(wrapped.features(covariates) == spline.features(covariates))
  }
}
