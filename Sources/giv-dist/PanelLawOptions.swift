import ArgumentParser
import Simulation

/// What a simulated panel is made of.
struct PanelLawOptions: ParsableArguments {
  @Option(help: "With --scenario panel, the number of units. (default: 100)")
  var units: Int?
  @Option(help: "With panel: periods in which all units are under the first arm. (default: 40)")
  var prePeriods: Int?
  @Option(help: "With panel: periods in which each unit is under its own arm. (default: 10)")
  var postPeriods: Int?
  @Option(help: "With panel: the number of arms. (default: 2)")
  var arms: Int?
  @Option(help: "With panel: factors that move the outcomes. (default: 4)")
  var factors: Int?
  @Option(help: "With panel: the size of a factor that moves outcomes after alone, which breaks the assumption.")
  var newFactor: Double?
  @Option(help: "With panel: the probability that an outcome is missing.")
  var missing: Double?
  @Option(
    help: "With panel: staggered starts, so many, spread over the periods after; for 'si --event-study'. (default: 1)")
  var cohorts: Int?
  @Option(help: "With panel: the size of a factor that moves the last unit alone, which no donors make up.")
  var outsider: Double?
  @Option(
    help: """
      With panel: what moves the first unit alone after, a donor that shares the factor of --outsider, by half.
      """)
  var badDonor: Double?
  @Option(help: "With panel: what treated units do to donors of the first arm after, times their first loading.")
  var spillover: Double?

  /// The options that were given.
  var given: [String] {
    let all: [(String, Any?)] = [
      ("--units", units), ("--pre-periods", prePeriods), ("--post-periods", postPeriods), ("--arms", arms),
      ("--factors", factors), ("--new-factor", newFactor), ("--missing", missing),
      ("--cohorts", cohorts), ("--outsider", outsider), ("--bad-donor", badDonor), ("--spillover", spillover),
    ]
    return all.filter { $0.1 != nil }.map(\.0)
  }

  func parameters(noise: Double?, seed: UInt64) -> PanelParameters {
    var parameters = PanelParameters()
    parameters.units = units ?? parameters.units
    parameters.prePeriods = prePeriods ?? parameters.prePeriods
    parameters.postPeriods = postPeriods ?? parameters.postPeriods
    parameters.arms = arms ?? parameters.arms
    parameters.factors = factors ?? parameters.factors
    parameters.noise = noise ?? parameters.noise
    parameters.newFactor = newFactor ?? parameters.newFactor
    parameters.missing = missing ?? parameters.missing
    parameters.cohorts = cohorts ?? parameters.cohorts
    parameters.outsider = outsider ?? parameters.outsider
    parameters.badDonor = badDonor ?? parameters.badDonor
    parameters.spillover = spillover ?? parameters.spillover
    parameters.seed = seed
    return parameters
  }
}
