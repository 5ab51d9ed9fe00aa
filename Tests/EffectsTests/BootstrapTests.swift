import Communication
import Diagnostics
import Effects
import Features
import Frames
import LinearAlgebra
import TestSupport
import Testing

/// Posterior groups of `joint.json` that are taken for given.
private struct PosteriorsGiven: GroupInstrument {
  let groups: JointGroups
  var groupNames: [String] { groups.groupNames }
  func fill(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try groups.fill(chunk, into: values, stride: stride)
  }
}

/// Groups of which one is lost in every third replicate.
private struct Fragile: GroupInstrument {
  let groups: JointGroups
  var groupNames: [String] { groups.groupNames }
  func fill(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try groups.fill(chunk, into: values, stride: stride)
  }
  func reestimated(on frame: Frame) throws -> any GroupInstrument {
    let sum = try frame.rows.sum(0.0) { sum, chunk in
      if let weights = try frame.weight(chunk: chunk) { sum += weights[0] }
    }
    guard Int(1000 * sum) % 3 > 0 else { throw Failure(.numerical, "group 1 emptied") }
    return self
  }
}

@Suite struct BootstrapTests {
  private struct Expected: Decodable {
    struct Replicate: Decodable {
      struct Coefficients: Decodable {
        let hful, twoStage: [Double]
      }
      let replicate: Int
      let rows, clusters: Coefficients
    }
    let bootstrap: Replicate
  }

  private func fit(
    _ oracle: StackedOracle, _ options: EffectOptions, on communicator: any Communicator = SoloCommunicator(),
    weights: [Double]? = nil, isFragile: Bool = false, order: [Int] = [0, 1, 2]
  ) throws -> EffectResult {
    var frame = try oracle.frame(on: communicator)
    if let weights { frame = try Frame(frame, weights: .weights(of: frame) { _, _, row in weights[row] }) }
    let groups = try JointGroups(oracle.mixture, StackedOracle.design(frame), order: order)
    return try EffectEstimator(
      options, groups: isFragile ? Fragile(groups: groups) : PosteriorsGiven(groups: groups),
      features: PolynomialBasis(degree: 2, covariateNames: frame.covariateNames, origin: [0, 0]),
      scaling: ColumnScaling(centers: [0, 0, 0], scales: [1, 1, 1])
    ).fit(frame)
  }

  private func options(_ oracle: StackedOracle, replicates: Int) -> EffectOptions {
    var options = oracle.options(.bootstrap)
    options.replicates = replicates
    return options
  }

  @Test(arguments: [false, true])
  func `a replicate has the weights and the coefficients of numpy's`(isClustered: Bool) throws {
    let oracle = try StackedOracle("unweighted")
    let expected = try TestSupport.oracle("stacked.json", as: Expected.self).bootstrap
    var options = options(oracle, replicates: expected.replicate + 1)
    if isClustered { (options.covariance, options.clusters, options.method) = (.cluster, ["clinic"], .twoStage) }
    let found = try #require(try fit(oracle, options).bootstrap).replicates[expected.replicate]
    let coefficients = isClustered ? expected.clusters : expected.rows
    if !isClustered { #expect(distance(found.coefficients[0], coefficients.hful) < 1e-8) }
    #expect(distance(found.coefficients[isClustered ? 0 : 1], coefficients.twoStage) < 1e-8)
  }

  @Test func `weights of 1 change no bit, and weights of 0 and 2 leave out and repeat rows`() throws {
    let oracle = try StackedOracle("unweighted")
    var options = oracle.options(.robust)
    let count = oracle.rows.t.count
    let plain = try fit(oracle, options)
    #expect(try fit(oracle, options, weights: Array(repeating: 1, count: count)).answers == plain.answers)

    // Without folds, which follow the rows' numbers.
    (options.instrumentBasis, options.method) = (.interactions, .twoStage)
    let weights = (0..<count).map { Double($0 * 7 % 3) }
    let weighted = try fit(oracle, options, weights: weights)
    let repeated = try fit(
      oracle.selecting(weights.indices.flatMap { Array(repeating: $0, count: Int(weights[$0])) }), options)
    #expect(distance(weighted.headline.terms.map(\.estimate), repeated.headline.terms.map(\.estimate)) < 1e-9)
  }

  @Test func `errors are those of the replicates, and near the robust ones`() throws {
    let oracle = try StackedOracle("unweighted")
    let result = try fit(oracle, options(oracle, replicates: 30))
    let (answer, bootstrap) = (result.headline, try #require(result.bootstrap))
    #expect(result.errors == .bootstrap && bootstrap.failedCount == 0 && result.findings.isEmpty)
    let slopes = bootstrap.replicates.map { $0.coefficients[0][0] }
    let mean = slopes.reduce(0, +) / 30
    let deviation = (slopes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 29).squareRoot()
    #expect(abs(answer.terms[0].standardError! - deviation) < 1e-12)
    #expect(abs(answer.covariance[0] - deviation * deviation) < 1e-12)
    #expect(answer.terms[0].lower! >= slopes.min()! && answer.terms[0].upper! <= slopes.max()!)
    let robust = try fit(oracle, oracle.options(.robust)).headline
    #expect(answer.terms.map(\.estimate) == robust.terms.map(\.estimate))
    let ratio = answer.averageSlope.standardError! / robust.averageSlope.standardError!
    #expect(0.6 < ratio && ratio < 1.6, "\(ratio)")
    #expect(answer.curve[3].standardError != nil && answer.curve[3].uniformLower! < answer.curve[3].lower!)
  }

  @Test func `replicates that fail are counted, and many are a warning`() throws {
    let oracle = try StackedOracle("unweighted")
    let result = try fit(oracle, options(oracle, replicates: 12), isFragile: true)
    let bootstrap = try #require(result.bootstrap)
    #expect(bootstrap.failedCount > 0 && bootstrap.failedCount < 11)
    let finding = try #require(result.findings.first { $0.code == .bootstrapFailures })
    #expect(finding.severity == .warning && finding.count(.count) == bootstrap.failedCount)
    #expect(finding.name(.reason) == "group 1 emptied")
  }

  @Test func `ranks and names of groups change no bit`() throws {
    let oracle = try StackedOracle("unweighted")
    let options = options(oracle, replicates: 3)
    let alone = try fit(oracle, options)
    for result in try LoopbackCommunicator.run(ranks: 3, { try fit(oracle, options, on: $0) }) {
      #expect(result.bootstrap?.replicates == alone.bootstrap?.replicates && result.digest() == alone.digest())
    }
    let other = try fit(oracle, options, order: [2, 0, 1])
    #expect(
      distance(other.bootstrap!.replicates[1].coefficients[0], alone.bootstrap!.replicates[1].coefficients[0]) < 1e-10)
  }
}
