import Diagnostics

/// What a simulation is made of; the defaults are Linear-3-3 of the paper.
public struct SimulationParameters: Sendable, Codable, Equatable {
  /// f_X.
  public var scenario = SimulationScenario.linear
  /// K, the number of sources.
  public var groups = 3
  /// M, the number of covariates.
  public var covariates = 3
  /// N, the number of rows, test rows not counted.
  public var rows = 3000
  /// The rows of the test sample.
  public var testRows = 0
  public var seed: UInt64 = 0
  /// The size of the noise of treatment and outcome.
  public var noise = 0.1
  public var noiseKind = SimulationNoiseKind.standardDeviation
  /// The coefficient of ε in T: one for all sources, or one of each.
  public var confounding = [0.2]
  /// The coefficient of ε in Y.
  public var outcomeConfounding = 2.0
  /// The law of ε (of its own part, the one that X does not carry) and of the noises.
  public var errors = SimulationErrorLaw.normal

  public init() {}

  /// Cov(X_j, ε) when X is simulated.
  public static let covariance = 0.1

  /// The standard deviation of δ_T and δ_Y.
  public var noiseDeviation: Double {
    switch noiseKind {
    case .standardDeviation: noise
    case .variance: noise.squareRoot()
    }
  }

  /// The coefficient of ε in the treatment of a source.
  public func confounding(of source: Int) -> Double { confounding.count == 1 ? confounding[0] : confounding[source] }

  /// Checks the parameters.
  ///
  /// - Throws: ``Failure`` (usage) that names the first option out of range.
  public func validate() throws {
    try check(groups >= 1, "--groups is \(groups); give at least 1")
    try check(covariates >= 1, "--covariates is \(covariates); give at least 1")
    try check(rows >= 1, "--rows is \(rows); give at least 1")
    try check(testRows >= 0, "--test-rows is \(testRows); give 0 or more")
    try check(noise >= 0 && noise.isFinite, "--noise is \(noise); give a finite number, 0 or more")
    try check(
      [1, groups].contains(confounding.count) && confounding.allSatisfy(\.isFinite),
      "--confounding is \(confounding.map { "\($0)" }.joined(separator: ",")); give a finite number, or one for each of "
        + "the --groups \(groups)")
    try check(outcomeConfounding.isFinite, "--outcome-confounding is \(outcomeConfounding); give a finite number")
  }

  private func check(_ holds: Bool, _ message: String) throws {
    guard holds else { throw Failure(.usage, message) }
  }
}
