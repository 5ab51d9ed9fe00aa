import CausalGraphs
import Communication

/// A number that is told of an outcome under an intervention.
public struct OutcomeStatistic: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// The probability of a level.
    case probability(level: Int)
    case mean
    /// The standard deviation, by the population's formula.
    case deviation
    case quantile(Double)
  }

  /// The variable, by its place in the graph.
  public let variable: Int
  /// Its name, or of a vector that of the component.
  public let name: String
  public let kind: Kind

  /// Whether it tells where the outcome lies, rather than how it spreads.
  var isLocation: Bool {
    switch kind {
    case .probability(let level): level > 0
    case .mean: true
    case .deviation, .quantile: false
    }
  }
}

extension InterventionalNetwork {
  /// What is told of the outcome, variable by variable.
  var statistics: [OutcomeStatistic] {
    outcome.flatMap { place -> [OutcomeStatistic] in
      let variable = variables[place]
      guard let numbers = variable.numbers else {
        return variable.levels.indices.map {
          OutcomeStatistic(variable: place, name: variable.name, kind: .probability(level: $0))
        }
      }
      let kinds =
        [OutcomeStatistic.Kind.mean, .deviation] + InterventionalSample.Number.probabilities.map { .quantile($0) }
      return (0..<numbers.width).flatMap { component in
        kinds.map {
          OutcomeStatistic(
            variable: place, name: numbers.width > 1 ? "\(variable.name)[\(component)]" : variable.name, kind: $0)
        }
      }
    }
  }
}

/// The statistics of an answer by draws from a network.
struct SampledLaw: Sendable {
  /// In the order of ``InterventionalNetwork/statistics``.
  let values: [Double]
  /// Monte Carlo standard errors; nil of deviations.
  let errors: [Double?]
  /// The share of the rows that went through combinations with fewer than five rows.
  let rareShare: Double

  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data`, as of ``InterventionalSample/draw(_:into:)``.
  init(
    _ network: InterventionalNetwork, at values: AskedValues.Values, draws: Int, seed: UInt64,
    on communicator: any Communicator
  ) throws {
    let isFreeSet = network.plan.freeInputs.contains { values[$0] != nil }
    let survey = try InterventionalSample(
      network, InterventionSettings(values), rowCount: draws, seed: seed, all: false, drawsFreeInputs: !isFreeSet
    ).survey(on: communicator)
    let count = Double(draws)
    var (found, errors): ([Double], [Double?]) = ([], [])
    for (place, counts) in zip(network.outcome, survey.counts) {
      for share in counts.map({ Double($0) / count }) {
        found.append(share)
        errors.append((share * (1 - share) / count).squareRoot())
      }
      for number in survey.numbers where number.variable == place {
        found += [number.mean, number.deviation] + number.quantiles
        errors += [number.deviation / count.squareRoot(), nil] + number.quantileErrors
      }
    }
    (self.values, self.errors, rareShare) = (found, errors, survey.rareShare)
  }
}
