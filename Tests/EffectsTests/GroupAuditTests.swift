import Communication
import Effects
import Features
import Frames
import TestSupport
import Testing

/// Answers of `make_group_audit.py`, on the rows of ``EffectOracle``.
private struct AuditOracle: Decodable {
  struct LeftOut: Decodable {
    let estimate, standardError, difference, differenceError: Double
  }
  struct Bounds: Decodable {
    let bounded, normal: [[Double]]
    let breakdown: Double
  }
  struct Method: Decodable {
    let estimate: Double
    let leftOut: [LeftOut]
    let bounds: [String: Bounds]
  }
  struct Pair: Decodable {
    let groups: [Int]
    let differences, varianceRatios: [Double]
  }
  let methods: [String: Method]
  let pairs: [Pair]
  let wald, mmd: Double
  let mmdReached: Int
  let leaning, leaningShares: [[Double]]
  let leaningMMD: Double
  let leaningReached: Int
  let entropy: Double
  let sizes: [Double]

  static let loaded = Result { try oracle("group_audit.json", as: AuditOracle.self) }
}

@Suite struct GroupAuditTests {
  private let rows = EffectOracle.loaded
  private let expected = AuditOracle.loaded

  private func closeTo(_ expected: Double, _ actual: Double?, _ tolerance: Double = 1e-8) -> Bool {
    actual.map { abs($0 - expected) <= tolerance * max(1, abs(expected)) } ?? false
  }

  private func options(_ method: EffectOptions.Method = .hful) throws -> EffectOptions {
    var options = try rows.get().options("quadratic")
    options.method = method
    return options
  }

  // MARK: Numbers

  @Test(arguments: [EffectOptions.Method.hful, .twoStage])
  func `groups left out and direct effects give what numpy gives`(method: EffectOptions.Method) throws {
    let result = try rows.get().fit(options(method))
    let expected = try #require(expected.get().methods[method.rawValue])
    #expect(closeTo(expected.estimate, result.headline.averageSlope.estimate))
    #expect(result.audit!.comparisons.leftOut.count == 3)
    for (found, expected) in zip(result.audit!.comparisons.leftOut, expected.leftOut) {
      #expect(closeTo(expected.estimate, found.rest.slope?.estimate))
      #expect(closeTo(expected.standardError, found.rest.slope?.standardError))
      #expect(closeTo(expected.difference, found.difference))
      #expect(closeTo(expected.differenceError, found.standardError))
    }
    let sensitivity = try #require(result.audit!.sensitivity)
    for kind in PlausibleExogeneity.Kind.allCases {
      let bounds = try #require(expected.bounds[kind.rawValue])
      for (prior, ends) in [(PlausibleExogeneity.Prior.bounded, bounds.bounded), (.normal, bounds.normal)] {
        let found = PlausibleExogeneity.deltas.compactMap { sensitivity.interval(kind, prior, delta: $0) }
        #expect(distance(found.map { [$0.lower, $0.upper] }, ends) < 1e-8, "\(kind) \(prior)")
      }
      #expect(closeTo(bounds.breakdown, sensitivity.breakdown[kind]))
    }
  }

  @Test func `balance and certainty are those of numpy, the permutations among them`() throws {
    let (audit, expected) = (try rows.get().fit(options()).audit!, try expected.get())
    #expect(audit.balance.pairs.map { [$0.first, $0.second] } == expected.pairs.map(\.groups))
    #expect(distance(audit.balance.pairs.map(\.differences), expected.pairs.map(\.differences)) < 1e-10)
    let ratios = audit.balance.pairs.map { $0.varianceRatios.compactMap(\.self) }
    #expect(distance(ratios, expected.pairs.map(\.varianceRatios)) < 1e-10)
    #expect(closeTo(expected.wald, audit.balance.wald?.statistic) && audit.balance.wald?.degreesOfFreedom == 8)
    #expect(abs(audit.balance.kernel.statistic / expected.mmd - 1) < 1e-10)
    #expect(audit.balance.kernel.pValue == Double(1 + expected.mmdReached) / 1000)
    #expect(audit.balance.isRequired && !audit.balance.isRejected)
    #expect(closeTo(expected.entropy, audit.labels.entropy, 1e-12))
    #expect(distance(audit.labels.sizes, expected.sizes) < 1e-10)
  }

  @Test func `where shares depend on covariates what they leave is tested`() throws {
    let (oracle, expected) = (try rows.get(), try expected.get())
    let balance = try oracle.fit(options(), weights: (expected.leaning, expected.leaningShares)).audit!.balance
    #expect(!balance.isRequired)
    #expect(abs(balance.kernel.statistic / expected.leaningMMD - 1) < 1e-10)
    #expect(balance.kernel.pValue == Double(1 + expected.leaningReached) / 1000)
    // Its groups go with the first covariate, of which the shares know nothing.
    #expect(balance.kernel.pValue < GroupBalance.level && balance.wald!.pValue < GroupBalance.level)
  }

  @Test func `labels that are uncertain are said in the verdict`() throws {
    let oracle = try rows.get()
    let hard = oracle.groups.map { row in row.map { $0 == row.max() ? 1.0 : 0 } }
    let (uncertain, certain) = (try oracle.fit(options()), try oracle.fit(options(), weights: (hard, nil)))
    #expect(uncertain.verdict.contains { $0.code == .weakGroups && $0.value == uncertain.audit!.labels.share })
    #expect(
      uncertain.findings.contains { $0.code == .weakGroups } && !certain.findings.contains { $0.code == .weakGroups })
    // Where instruments explain little of t, less uncertainty is too much.
    #expect([0.49, 0.5].map(LabelCertainty.weakShare) == [0.2, 0.3])
    #expect(certain.audit!.labels.entropy == 0 && !certain.verdict.contains { $0.code == .weakGroups })
    #expect(certain.audit!.labels.sizes.reduce(0, +) < Double(oracle.t.count))
  }

  // MARK: Properties

  @Test func `any number of ranks gives the same bits`() throws {
    let oracle = try rows.get()
    let options = try options()
    let alone = try oracle.fit(options)
    for ranks in [2, 3, 8] {
      let results = try LoopbackCommunicator.run(ranks: ranks) { try oracle.fit(options, on: $0) }
      for result in results {
        #expect(result.audit == alone.audit && result.verdict == alone.verdict, "\(ranks) ranks")
      }
    }
  }

  @Test func `names and order of groups change no bit but the order`() throws {
    let oracle = try rows.get()
    let expected = try oracle.fit(options()).audit!
    for order in [[2, 0, 1], [2, 1, 0]] {
      let audit = try oracle.fit(options(), groups: order).audit!
      for (place, group) in order.enumerated() {
        let (found, other) = (audit.comparisons.leftOut[place], expected.comparisons.leftOut[group])
        #expect(found.rest.slope == other.rest.slope && found.difference == other.difference)
        #expect(found.standardError == other.standardError)
        #expect(audit.labels.sizes[place] == expected.labels.sizes[group])
      }
      #expect(audit.sensitivity == expected.sensitivity)
      #expect(audit.balance.wald == expected.balance.wald && audit.balance.kernel == expected.balance.kernel)
      #expect(audit.labels.entropy == expected.labels.entropy)
      for pair in audit.balance.pairs {
        let (a, b) = (order[pair.first], order[pair.second])
        let other = expected.balance.pairs.first { $0.first == min(a, b) && $0.second == max(a, b) }!
        #expect(pair.differences == (a < b ? other.differences : other.differences.map(-)))
      }
    }
  }

  @Test func `units of the columns are those of the answers`() throws {
    let oracle = try rows.get()
    let expected = try oracle.fit(options()).audit!
    let (a, b, c) = (-2.5, 40.0, 0.01)
    let moved = try oracle.fit(options()) { x, t, y in ([1000 * x[0] - 5, 0.1 * x[1] + 3], a * t + b, c * y + 7) }
      .audit!
    // What is moved along x does not depend on its units, nor do standardised differences.
    #expect(distance(moved.balance.pairs.map(\.differences), expected.balance.pairs.map(\.differences)) < 1e-10)
    #expect(closeTo(expected.balance.wald!.statistic, moved.balance.wald?.statistic))
    for (found, other) in zip(moved.comparisons.leftOut, expected.comparisons.leftOut) {
      #expect(closeTo(c / a * other.difference!, found.difference))
      #expect(closeTo(abs(c / a) * other.standardError!, found.standardError))
    }
    for (found, other) in zip(moved.sensitivity!.intervals, expected.sensitivity!.intervals) {
      #expect(closeTo(c / a * other.upper, found.lower) && closeTo(c / a * other.lower, found.upper))
    }
  }

  @Test func `the breakdown is where the bounded interval reaches 0`() throws {
    let oracle = try rows.get()
    // The effect is moved away from 0, with the same errors.
    let result = try oracle.fit(options()) { x, t, y in (x, t, y + 3 * t) }
    let sensitivity = try #require(result.audit!.sensitivity)
    for kind in PlausibleExogeneity.Kind.allCases {
      let delta = try #require(sensitivity.breakdown[kind])
      let widest = sensitivity.interval(kind, .bounded, delta: 0.1)!.lower
      let own = try #require(result.headline.averageSlope.lower)
      #expect(delta > 0 && abs(own + delta * (widest - own) / 0.1) < 1e-10)
    }
  }

  // MARK: Numbers of groups

  @Test func `with two groups there is nothing to compare`() throws {
    let oracle = try rows.get()
    let two = oracle.groups.map { [$0[0] + $0[1], $0[2]] }
    let result = try oracle.fit(options(), groups: [0, 1], weights: (two, nil))
    #expect(result.audit!.comparisons.leftOut.isEmpty && result.audit!.comparisons.pairs.isEmpty)
    #expect(result.audit!.balance.pairs.count == 1)
  }

  @Test func `with three groups those without one are the pairs`() throws {
    let comparisons = try rows.get().fit(options()).audit!.comparisons
    #expect(comparisons.pairs.map(\.groups) == [[0, 1], [0, 2], [1, 2]])
    #expect(comparisons.pairs.map(\.slope) == comparisons.leftOut.reversed().map(\.rest.slope))
  }

  @Test func `two halves of one group alone identify nothing, and this is said`() throws {
    let oracle = try rows.get()
    let four = oracle.groups.map { [$0[0], $0[1], $0[2] / 2, $0[2] / 2] }
    let result = try oracle.fit(options(), groups: [0, 1, 2, 3], weights: (four, nil))
    let whole = try oracle.fit(options())
    #expect(closeTo(whole.headline.averageSlope.estimate, result.headline.averageSlope.estimate))
    let pairs = result.audit!.comparisons.pairs
    #expect(pairs.count == 6 && result.audit!.comparisons.leftOut.count == 4)
    let halves = try #require(pairs.first { $0.groups == [2, 3] })
    #expect(halves.slope == nil && halves.reason != nil)
    // A half beside another group is the group beside it, at half the weight.
    #expect(
      closeTo(whole.audit!.comparisons.pairs[0].slope!.estimate, pairs.first { $0.groups == [0, 1] }?.slope?.estimate))
  }

  // MARK: Clusters

  @Test func `differences have the errors of rows where each row is a cluster`() throws {
    let oracle = try rows.get()
    func leftOut(_ clusters: [String]) throws -> [LeftOutGroup] {
      var options = try options(.fuller)
      (options.clusters, options.covariance) = (clusters, clusters.isEmpty ? .hc0 : .cluster)
      let rows = DistributedRows(rowCount: oracle.t.count, chunkLength: 64, communicator: SoloCommunicator())
      func levels(_ count: Int) -> [String] { (0..<count).map { "c\($0)" } }
      let frame = try Frame(
        rows: rows,
        columns: (0..<2).map { j in .real("x\(j)", .covariate, oracle.x.map { $0[j] }) } + [
          .real("t", .treatment, oracle.t), .real("y", .outcome, oracle.y), .real("w", .weight, oracle.weight),
          .categorical("own", .none, codes: oracle.t.indices.map(Int64.init), levels: levels(400)),
          .categorical("pair", .none, codes: oracle.t.indices.map { Int64($0 / 2) }, levels: levels(200)),
        ])
      return try EffectEstimator(
        options,
        groups: GivenGroups(groupNames: ["0", "1", "2"], weights: oracle.groups, grid: rows.grid),
        features: PolynomialBasis(degree: 2, covariateNames: frame.covariateNames, origin: [0, 0]),
        scaling: ColumnScaling(centers: [0, 0, 0], scales: [1, 1, 1])
      ).fit(frame).audit!.comparisons.leftOut
    }
    let (robust, pairs) = (try leftOut([]), try leftOut(["pair"]))
    func agree(_ found: [LeftOutGroup], _ expected: [LeftOutGroup]) -> Bool {
      zip(found, expected).allSatisfy { closeTo($1.standardError!, $0.standardError) }
    }
    #expect(try agree(leftOut(["own"]), robust))
    #expect(!agree(pairs, robust))
    // Rows are the cells of rows and pairs at once, which leaves the pairs.
    #expect(try agree(leftOut(["own", "pair"]), pairs))
  }
}
