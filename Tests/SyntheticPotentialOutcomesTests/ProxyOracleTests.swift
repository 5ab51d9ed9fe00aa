import Communication
import Frames
import LinearAlgebra
import Statistics
import SyntheticPotentialOutcomes
import TestSupport
import Testing

/// Draws and answers of `make_proxies.py`.
private struct ProxyOracle: Decodable {
  struct Solver: Decodable {
    let average: Double
    let averageError: Double
    let means: [Double]
    let strengths: [Double]
    let strengthErrors: [Double]
    let moments: [Double]
    let shares: [Double]
    let shareErrors: [Double]
    let classMeans: [[Double]]
    let effects: [Double]
    let effectErrors: [Double]
    let quantile: Double
  }

  struct Draw: Decodable {
    let z: [[Double]]
    let x: [[Double]]
    let t: [Double]
    let y: [Double]
    let weight: [Double]
    let blocks: Int
    let level: Double
    let classes: Int
    let canonicalValues: [Double]
    let rankTest: [Double]
    let zExcluded: [[Double]]
    let xExcluded: [[Double]]
    let solvers: [String: Solver]
    let twoStage: Double?

    var names: (z: [String], x: [String]) { (z[0].indices.map { "z\($0)" }, x[0].indices.map { "x\($0)" }) }

    func frame(_ communicator: any Communicator = SoloCommunicator(), joinsCells: Bool = false) throws -> Frame {
      func column(_ values: [[Double]], _ j: Int) -> [Double] { values.map { joinsCells ? min(1, $0[j]) : $0[j] } }
      let columns =
        names.z.enumerated().map { FrameColumn.real($1, .covariate, column(z, $0)) }
        + names.x.enumerated().map { FrameColumn.real($1, .covariate, column(x, $0)) }
      let frame = try Frame(
        rows: DistributedRows(rowCount: t.count, chunkLength: 64, communicator: communicator),
        columns: columns + [
          .real("t", .treatment, t), .real("y", .outcome, y), .real("weight", .weight, weight),
        ])
      try frame.takeWeights(as: .sampling)
      return frame
    }

    var options: SyntheticOutcomesOptions {
      var options = SyntheticOutcomesOptions(treatmentProxies: names.z, outcomeProxies: names.x)
      (options.blocks, options.level, options.classes) = (blocks, level, classes)
      return options
    }
  }

  let cells: Draw
  let real: Draw

  static let loaded = Result { try oracle("proxies.json", as: ProxyOracle.self) }
}

@Suite struct ProxyOracleTests {
  private func check(_ draw: ProxyOracle.Draw, _ options: SyntheticOutcomesOptions) throws {
    for (name, expected) in draw.solvers {
      var options = options
      options.solver = SyntheticOutcomesOptions.Solver(rawValue: name)!
      let result = try SyntheticPotentialOutcomes(options).run(on: draw.frame())
      let stratum = result.strata[0]
      func same(_ actual: [Double], _ expected: [Double], _ what: String) {
        #expect(distance(actual, expected) < 1e-9, "\(name): \(what)")
      }
      let effect = result.contrasts[0].effect
      same([effect.estimate, effect.standardError!], [expected.average, expected.averageError], "average effect")
      same([effect.upper!], [expected.average + expected.quantile * expected.averageError], "interval")
      same(result.armMeans.map(\.estimate), expected.means, "means")
      same(stratum.effectMoments.map(\.estimate), expected.moments, "moments")
      same(stratum.strengths.map(\.value.estimate), expected.strengths, "strengths")
      same(stratum.strengths.map { $0.value.standardError! }, expected.strengthErrors, "errors of strengths")
      let classes = try #require(stratum.classes)
      same(classes.map(\.share.estimate), expected.shares, "shares")
      same(classes.map { $0.share.standardError! }, expected.shareErrors, "errors of shares")
      same(classes.map { $0.effects[0].estimate }, expected.effects, "effects")
      same(classes.map { $0.effects[0].standardError! }, expected.effectErrors, "errors of effects")
      for t in 0..<2 { same(classes.map { $0.means[t].estimate }, expected.classMeans[t], "class means") }
      same(stratum.canonicalValues, draw.canonicalValues, "canonical values")
      func sameTest(_ test: ChiSquareTest?, _ expected: [Double], _ what: String) {
        same([test!.statistic, Double(test!.degreesOfFreedom), test!.pValue], expected, what)
      }
      sameTest(stratum.outcomeProxiesUntouched, draw.rankTest, "untouched")
      sameTest(stratum.rankTest, draw.rankTest, "rank")
      for t in 0..<2 {
        sameTest(stratum.treatmentProxiesExcluded[t].test, draw.zExcluded[t], "Z excluded")
        sameTest(stratum.outcomeProxiesExcluded[t].test, draw.xExcluded[t], "X excluded")
      }
    }
  }

  @Test func `cells give what dense numpy gives`() throws {
    let draw = try ProxyOracle.loaded.get().cells
    try check(draw, draw.options)
  }

  @Test func `weighted monomials give what dense numpy gives`() throws {
    let draw = try ProxyOracle.loaded.get().real
    var options = draw.options
    (options.treatmentFeatures, options.outcomeFeatures) = (.polynomial(degree: 2), .polynomial(degree: 1))
    try check(draw, options)
  }

  @Test func `with as many features as classes it is two-stage least squares`() throws {
    let draw = try ProxyOracle.loaded.get().cells
    var options = draw.options
    options.classes = 2
    let result = try SyntheticPotentialOutcomes(options).run(on: draw.frame(joinsCells: true))
    #expect(abs(result.contrasts[0].effect.estimate - draw.twoStage!) < 1e-9)
  }

  @Test func `ranks change no bit`() throws {
    let draw = try ProxyOracle.loaded.get().real
    var options = draw.options
    (options.treatmentFeatures, options.outcomeFeatures) = (.polynomial(degree: 2), .polynomial(degree: 1))
    let estimator = SyntheticPotentialOutcomes(options)
    let expected = try estimator.run(on: draw.frame()).digest()
    for ranks in [2, 3, 5] {
      let digests = try LoopbackCommunicator.run(ranks: ranks) {
        try estimator.run(on: draw.frame($0)).digest()
      }
      #expect(digests.allSatisfy { $0 == expected }, "\(ranks)")
    }
  }
}
