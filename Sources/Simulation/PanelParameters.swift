import Diagnostics

/// What a simulated panel is made of.
public struct PanelParameters: Sendable, Codable, Equatable {
  public var units = 100
  /// Periods in which all units are under the first arm.
  public var prePeriods = 40
  /// Periods in which each unit is under its own arm.
  public var postPeriods = 10
  public var arms = 2
  /// Factors that move the outcomes before and after.
  public var factors = 4
  /// The standard deviation of what factors do not move, where a factor moves outcomes by 1.
  public var noise = 0.5
  /// The size of a factor that moves the outcomes of all arms after alone, so that what is asked for leaves the factors
  /// before; 0 for none.
  public var newFactor = 0.0
  /// The probability that an outcome is missing.
  public var missing = 0.0
  /// The times, spread over the periods after, at which units come under their arms; 1 for the first of these periods.
  public var cohorts = 1
  /// The size of a further factor that moves the last unit alone, before and after: no donors make it up; 0 for none.
  public var outsider = 0.0
  /// What is added to the outcomes after of the first unit, a donor of the first arm; it alone shares by half the factor of
  /// ``outsider``, so that it carries what is said of that unit.
  public var badDonor = 0.0
  /// What treated units do to donors of the first arm after, times the donor's loading on the first factor.
  public var spillover = 0.0
  public var seed: UInt64 = 0

  public init() {}

  /// Checks the parameters.
  ///
  /// - Throws: ``Failure`` (usage) that names the first option out of range.
  public func validate() throws {
    let counts = [
      ("--units", units), ("--pre-periods", prePeriods), ("--post-periods", postPeriods), ("--arms", arms),
      ("--factors", factors),
    ]
    for (option, count) in counts { try check(count >= 1, "\(option) is \(count); give at least 1") }
    try check(noise >= 0 && noise.isFinite, "--noise is \(noise); give a finite number, 0 or more")
    for (option, size) in [
      ("--new-factor", newFactor), ("--outsider", outsider), ("--bad-donor", badDonor), ("--spillover", spillover),
    ] { try check(size.isFinite, "\(option) is \(size); give a finite number") }
    try check(
      (1...postPeriods).contains(cohorts),
      "--cohorts is \(cohorts); give 1 to \(postPeriods), the periods after, in which cohorts begin")
    try check((0..<1).contains(missing), "--missing is \(missing); give a probability below 1")
  }

  private func check(_ holds: Bool, _ message: String) throws {
    guard holds else { throw Failure(.usage, message) }
  }
}
