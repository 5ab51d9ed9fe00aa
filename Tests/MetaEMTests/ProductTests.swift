import Communication
import Diagnostics
import Features
import LinearAlgebra
import MetaEM
import Mixture
import ModelTestSupport
import Shards
import Simulation
import TestSupport
import Testing

/// Rows of three sources whose rules of t hold a product of the covariates that is common to them, or by source.
private struct ProductDraw {
  var rowCount = 1000
  var covariates = 2
  var noise = 0.25
  /// The coefficient of x_0 x_1 in source k.
  var product: @Sendable (_ source: Int) -> Double
  /// x_j becomes shift + factor x_j.
  var units = (shift: 0.0, factor: 1.0)
  var seed: UInt64 = 1

  func rows() -> TestRows {
    let random = CounterRandom(seed: seed, stream: .test)
    var rows = TestRows(covariates: Array(repeating: [], count: covariates), treatment: [])
    for row in 0..<rowCount {
      let x = (0..<covariates).map { random.normal(row: row, draw: $0) }
      let k = random.integer(below: 3, row: row, draw: 100)
      for j in x.indices { rows.covariates[j].append(units.shift + units.factor * x[j]) }
      rows.treatment.append(mean(x, k) + noise * random.normal(row: row, draw: 101))
      rows.groups.append(k)
    }
    return rows
  }

  private func mean(_ x: [Double], _ source: Int) -> Double {
    [[1.5, -0.8], [-1, 0.6], [0.2, 1.6]][source].enumerated().reduce(product(source) * x[0] * x[1]) {
      $0 + $1.element * x[$1.offset]
    }
  }

  /// The share of rows that the likeliest source given (x, t) is right about.
  var ceiling: Double {
    let rows = self.rows()
    let right = rows.treatment.indices.count { row in
      let x = rows.covariates.map { ($0[row] - units.shift) / units.factor }
      let gaps = (0..<3).map { abs(rows.treatment[row] - mean(x, $0)) }
      return gaps.firstIndex(of: gaps.min()!) == rows.groups[row]
    }
    return Double(right) / Double(rowCount)
  }

  static let common = ProductDraw { _ in 0.8 }
  static let bySource = ProductDraw { 0.8 * Double($0 - 1) }
}

extension MetaEM.Result {
  fileprivate var products: [String] { findings.first { $0.code == .productsInRule }?.names(.names) ?? [] }
}

@Suite struct ProductTests {
  private static let options = configuration(groups: 3) { $0.starts = 6 }

  @Test(arguments: [true, false])
  func `a product in the rule is found, named, and gives its groups`(isCommon: Bool) throws {
    let draw = isCommon ? ProductDraw.common : .bySource
    let result = try TestShards(draw.rows()).result(Self.options)
    #expect(result.products == ["x0*x1"])
    #expect(result.findings.allSatisfy { $0.code != .productMissing })
    #expect(try #require(result.agreement).accuracy > draw.ceiling - 0.02)
    #expect(result.mixture?.forms?.products == [[0, 1]])
    // The parameters counted are those that are fitted.
    let forms = try #require(result.mixture?.forms)
    #expect(forms.criteria.first { $0.form == forms.chosen }?.parameterCount == result.parameterCount)
  }

  @Test func `origins, units and reflections of covariates change nothing`() throws {
    var moved = ProductDraw.bySource
    moved.units = (3, -40)
    let plain = try TestShards(ProductDraw.bySource.rows()).result(Self.options)
    let other = try TestShards(moved.rows()).result(Self.options)
    #expect(other.products == plain.products)
    #expect(abs(try #require(other.logLikelihood) - #require(plain.logLikelihood)) < 1e-3)
    #expect(abs(other.agreement!.accuracy - plain.agreement!.accuracy) < 0.002)
  }

  @Test func `bits are the same on any ranks, and new rows get the same from the file`() throws {
    let shards = try TestShards(ProductDraw.common.rows())
    let (result, posteriors) = try shards.train(Self.options)[0]
    for ranks in [2, 3] {
      #expect(try shards.train(Self.options, ranks: ranks).allSatisfy { $0.posteriors == posteriors })
    }
    let path = shards.file("model.h5")
    try result.model.save(
      to: path, configuration: Self.options, inputDigest: "in", chunkRows: 1024, software: [:], force: false)
    let (loaded, _) = try FittedModel.load(path)
    #expect(try loaded.digest() == result.model.digest())
    let collection = try ShardCollection.open([shards.file("rows.h5")], as: loaded.covariates)
    let prediction = try loaded.predict(
      collection, labelRule: .argmax, seed: Self.options.seed, on: SoloCommunicator())
    let found = try prediction.design.writePosteriors(
      of: prediction.rule, collection: collection, to: nil, force: false)
    #expect(found == posteriors)
  }

  @Test(arguments: [SimulationScenario.linear, .sin, .poly])
  func `where there is none, none is found`(scenario: SimulationScenario) throws {
    let shards = try TestShards(Simulation.of(scenario, groups: 3, covariates: 3, rows: 1500))
    let result = try shards.result(configuration(groups: 3) { $0.starts = 5 })
    #expect(result.products.isEmpty && result.mixture?.forms?.products == [])
  }

  @Test func `products of covariates that decide each other are not tested`() throws {
    var rows = ProductDraw.common.rows()
    // Indicators of which never two are 1: their product is in the span of both.
    rows.covariates[0] = rows.covariates[0].map { $0 > 0.5 ? 1 : 0 }
    rows.covariates[1] = zip(rows.covariates[0], rows.covariates[1]).map { $0 == 0 && $1 > 0 ? 1 : 0 }
    let result = try TestShards(rows).result(configuration(groups: 1))
    #expect(result.findings.allSatisfy { $0.code != .productMissing && $0.code != .productsInRule })
  }
}
