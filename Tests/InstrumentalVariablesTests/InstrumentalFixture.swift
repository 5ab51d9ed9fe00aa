import Communication
import Frames
import InstrumentalVariables
import LinearAlgebra
import TestSupport

/// `instrumental.json`.
struct InstrumentalFixture: Decodable {
  struct Sample: Decodable {
    var w, z, d: [[Double]]
    var y, weights: [Double]
    var clusters, others: [Int64]
  }
  struct Estimate: Decodable {
    let k: Double?
    let coefficients: [Double]
    let controls: [Double]?
    let covariances: [String: [[Double]]]
    let statistic, pValue: Double?
    let degreesOfFreedom: Int?
  }
  struct Test: Decodable {
    let statistic, pValue: Double
  }
  struct RobustStage: Decodable {
    /// nil when the variance has a negative eigenvalue.
    let statistic, pValue: Double?
    let effectiveF, effectiveFCritical: Double
  }
  struct Stage: Decodable {
    let rSquared, partialRSquared, sheaRSquared: Double
    let f: Test
    let robust: [String: RobustStage]
    let conditional, robustConditional: Test?
  }
  struct Rank: Decodable {
    let statistic, pValue, f: Double
    let degreesOfFreedom: Int
  }
  struct MomentTests: Decodable {
    let andersonRubin, andersonRubinP, lagrangeMultiplier, lagrangeMultiplierP: Double
  }
  struct WeakTests: Decodable {
    let b: [Double]
    let tests: [String: MomentTests]
    let conditionalLikelihoodRatio: Test?
  }
  struct Region: Decodable {
    let weights, ends: [Double]
    let kind: String
    let isUnbounded: Bool
  }
  struct Section: Decodable {
    let estimates: [String: Estimate]
    let firstStage: [Stage]
    let craggDonald: Double
    let kleibergenPaap: [String: Rank]
    let tests: [String: Test]
    let weakTests: [WeakTests]
    let sets: [Region]
  }
  let samples: [String: Sample]
  let strong, weighted, weak, single, feeble: Section

  static let shared = try! oracle("instrumental.json", as: InstrumentalFixture.self)
  static let sections = ["strong", "weighted", "weak", "single", "feeble"]

  func section(_ name: String) -> Section {
    ["strong": strong, "weighted": weighted, "weak": weak, "single": single, "feeble": feeble][name]!
  }

  /// The rows of a section.
  func sample(_ section: String) -> Sample { samples[section == "weighted" ? "strong" : section]! }

  func regression(_ section: String) throws -> InstrumentalRegression {
    try sample(section).regression(isWeighted: section == "weighted")
  }
}

extension InstrumentalFixture.Sample {
  var rowCount: Int { y.count }

  /// The rows as a frame, on this rank's share of them.
  ///
  /// - Parameter isCounted: whether weights are numbers of equal rows.
  func rows(
    on communicator: any Communicator = SoloCommunicator(), chunkLength: Int = 32, isWeighted: Bool = false,
    isCounted: Bool = false
  ) throws -> FrameInstruments {
    func vector(_ name: String, _ values: [[Double]]) -> FrameColumn {
      .vector(name, .covariate, values.flatMap(\.self), width: values[0].count)
    }
    func levels(_ codes: [Int64]) -> [String] { (0...(codes.max() ?? 0)).map { "\($0)" } }
    var columns = [
      vector("w", w), vector("z", z), vector("d", d), .real("y", .outcome, y),
      .categorical("cluster", .covariate, codes: clusters, levels: levels(clusters)),
      .categorical("other", .covariate, codes: others, levels: levels(others)),
    ]
    if isWeighted || isCounted { columns.append(.real("weight", .weight, weights)) }
    let frame = try Frame(
      rows: DistributedRows(rowCount: rowCount, chunkLength: chunkLength, communicator: communicator), columns: columns)
    if isCounted { try frame.takeWeights(as: .frequency) }
    return try FrameInstruments(
      frame, response: 3, endogenous: [2], controls: [0], instruments: [1], clusters: [4, 5])
  }

  func regression(
    on communicator: any Communicator = SoloCommunicator(), chunkLength: Int = 32, isWeighted: Bool = false
  ) throws -> InstrumentalRegression {
    try InstrumentalRegression(rows(on: communicator, chunkLength: chunkLength, isWeighted: isWeighted))
  }
}

extension InstrumentalCovariance {
  /// By its name in the fixture.
  init(_ name: String) {
    let kinds: [String: InstrumentalCovariance] = [
      "unadjusted": .unadjusted, "hc0": .hc0, "hc1": .hc1, "hc2": .hc2, "hc3": .hc3, "cluster": .clustered([0]),
      "other": .clustered([1]), "twoWay": .clustered([0, 1]),
    ]
    self = kinds[name]!
  }
}

extension InstrumentalEstimator {
  /// By its name in the fixture.
  init(_ name: String) {
    let estimators: [String: InstrumentalEstimator] = [
      "ordinary": .ordinary, "twoStage": .twoStage, "liml": .kClass(.limitedInformation), "fuller": .kClass(.fuller(1)),
      "hful": .hful, "jive": .jive, "ujive": .ujive, "gmm": .gmm, "gmmCluster": .gmm,
    ]
    self = estimators[name]!
  }
}

/// The largest error of a number, each as a share of the one expected.
func relativeDistance(_ actual: some Collection<Double>, _ expected: some Collection<Double>) -> Double {
  guard actual.count == expected.count, actual.allSatisfy(\.isFinite) else { return .infinity }
  return zip(actual, expected).reduce(0) { max($0, abs($1.0 / $1.1 - 1)) }
}
