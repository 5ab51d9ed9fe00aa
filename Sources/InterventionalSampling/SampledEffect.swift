import CausalGraphs
import Communication
import Diagnostics
import Frames
import Runs
import Statistics

/// The law of an outcome under interventions from a causal graph with unmeasured confounders, where variables are numbers: by
/// models that are learned, and rows that are drawn from them.
///
/// ```
/// rows -> conditional models                              NetworkEstimation
///      -> rows drawn under every value asked for          SampledLaw
///      -> what rows near these values have                LocalMeans
/// halves of the rows -> the same again                    HalfSample, Jackknife
///      -> does the graph fit the rows                     InvarianceTest, IndependenceTest
/// ```
public struct SampledEffect: Sendable {
  public let options: InterventionalOptions
  private let graph: MixedGraph
  private let query: CausalQuery

  /// - Parameter query: in places of the graph, as the options name it.
  public init(_ options: InterventionalOptions, graph: MixedGraph, query: CausalQuery) {
    self.options = options
    self.graph = graph
    self.query = query
  }

  /// Answers for the values that are asked for. Collective.
  ///
  /// - Parameter halves: gives what halves of the rows come to, as ``SampledEffectPlan/replicate(_:_:in:)`` does; nil for no
  ///   intervals.
  /// - Throws: on all ranks the same ``Failure``: as ``NetworkEstimation/fit(_:in:)``; `usage` when a value is no number or a
  ///   variable of vectors is to be set; `data` when no row has a value, or an answer rests on too few rows.
  public func fit(
    _ frame: Frame, in run: Run, halves: ((SampledEffectPlan) throws -> [HalfSample])?
  ) throws -> SampledEffectResult {
    let estimation = NetworkEstimation(options.network, graph: graph, query: query)
    let variables = try estimation.variables(of: frame)
    func places(_ names: [String]) -> [Int] { names.map { graph.names.firstIndex(of: $0)! } }
    let (set, seen) = (places(options.network.intervened), places(options.network.given))
    let asked = try AskedValues(
      options, variables, set: set, seen: seen, free: try estimation.freeInputs(variables), frame)
    let network = try estimation.fit(frame, variables, in: run)
    let plan = SampledEffectPlan(options: options, graph: graph, query: query, variables: variables, asked: asked)
    run.start("answers")
    let draws = SampledDraws(network, asked, options.draws, seed: options.network.seed, frame.rows.communicator)
    let laws = try draws.answers()
    try requireOverlap(laws, asked, network)
    let statistics = network.statistics
    let conditional = try LocalMeans(statistics, at: asked.answers, variables, frame)

    let replicates = options.replicates > 0 ? try halves?(plan) ?? [] : []
    let sound = replicates.filter { $0.failure == nil }
    // The statistics of all answers.
    let jackknife = Jackknife(
      whole: laws.map(\.values), replicates: sound.map(\.answers), level: options.level, design: .halves)
    func estimate(
      _ statistic: OutcomeStatistic, in bounds: ClosedRange<Double>, _ value: ([[Double]]) -> Double
    ) -> JackknifeEstimate {
      let found = jackknife.estimate(value)!
      if case .probability = statistic.kind { return found.clamped(to: bounds) }
      return found
    }
    let answers = laws.indices.map { answer in
      SampledEffectResult.Answer(
        values: asked.answers[answer],
        estimates: statistics.indices.map { place in estimate(statistics[place], in: 0...1) { $0[answer][place] } },
        monteCarloErrors: laws[answer].errors, conditional: conditional.means[answer],
        rareShare: laws[answer].rareShare, effectiveRows: conditional.effectiveRows[answer])
    }
    let contrasts = answers.indices.dropFirst(asked.perSet).map { answer in
      let reference = answer % asked.perSet
      return SampledEffectResult.Contrast(
        answer: answer, reference: reference,
        differences: statistics.indices.map { place in
          estimate(statistics[place], in: -1...1) { $0[answer][place] - $0[reference][place] }
        })
    }
    return SampledEffectResult(
      options: options, network: network, statistics: statistics, answers: answers, contrasts: contrasts,
      replicateCount: sound.count, failedReplicates: replicates.count - sound.count,
      invariance: try invariance(draws, sound),
      independences: try IndependenceTest.tests(
        graph, variables, frame, counts: try counts(of: IndependenceTest.counted(graph, variables), variables, frame)))
  }

  private func counts(
    of claims: [ImpliedIndependence], _ variables: GraphVariables, _ frame: Frame
  ) throws -> [Factor] {
    let tables = claims.map { JointCounts.Table(scope: $0.scope, blocks: 1) }
    let sums = tables.isEmpty ? [] : try JointCounts.sum(variables, tables, over: frame)
    let counts = JointCounts(variables, tables, counts: sums)
    return claims.indices.map { counts.blocks(of: $0)[0] }
  }

  private func invariance(_ draws: SampledDraws, _ halves: [HalfSample]) throws -> FTest? {
    guard halves.count > 1, !halves[0].differences.isEmpty else { return nil }
    let differences = try draws.differences()
    let jackknife = Jackknife(
      whole: differences, replicates: halves.map(\.differences), level: options.level, design: .halves)
    guard let covariance = jackknife.covariance({ $0 }) else { return nil }
    // More directions than a third of the halves would tell nothing.
    return try InvarianceTest.test(
      differences, covariance, replicates: halves.count, mostDirections: max(1, halves.count / 3))
  }

  private func requireOverlap(
    _ laws: [SampledLaw], _ asked: AskedValues, _ network: InterventionalNetwork
  ) throws {
    guard !options.allowsExtrapolation,
      let thin = laws.firstIndex(where: { $0.rareShare > Overlap.refusedShare })
    else { return }
    let words = asked.answers[thin].sorted { $0.key < $1.key }.map { place, value in
      "\(graph.names[place]) = \(network.variables[place].words(value))"
    }
    throw Overlap.refusal(of: words, share: laws[thin].rareShare)
  }
}

/// Draws from one network under all values that are asked for.
struct SampledDraws {
  /// Free inputs are compared by so many differences at most; where there are more, by their means over answers.
  private static let mostDifferences = 6

  private let network: InterventionalNetwork
  private let asked: AskedValues
  private let count: Int
  private let seed: UInt64
  private let communicator: any Communicator

  init(
    _ network: InterventionalNetwork, _ asked: AskedValues, _ count: Int, seed: UInt64,
    _ communicator: any Communicator
  ) {
    (self.network, self.asked, self.count, self.seed) = (network, asked, count, seed)
    self.communicator = communicator
  }

  /// Collective.
  func answers() throws -> [SampledLaw] {
    try asked.answers.map { try SampledLaw(network, at: $0, draws: count, seed: seed, on: communicator) }
  }

  /// What answers at values of the free inputs differ by from those at the first: of means and probabilities. Collective.
  func differences() throws -> [Double] {
    guard asked.free.count > 1 else { return [] }
    let locations = network.statistics.indices.filter { network.statistics[$0].isLocation }
    let answers = try asked.answers.map { values in
      let laws = try asked.free.map { free in
        try SampledLaw(network, at: values.merging(free) { $1 }, draws: count, seed: seed, on: communicator).values
      }
      return laws.dropFirst().flatMap { law in locations.map { law[$0] - laws[0][$0] } }
    }
    guard answers.count * answers[0].count > Self.mostDifferences else { return Array(answers.joined()) }
    return answers[0].indices.map { place in answers.reduce(0) { $0 + $1[place] } / Double(answers.count) }
  }
}

extension LocalMeans {
  /// Of what conditioning has a mean or a share for: categories and single numbers.
  init(
    _ statistics: [OutcomeStatistic], at questions: [AskedValues.Values], _ variables: GraphVariables, _ frame: Frame
  ) throws {
    let targets = statistics.map { statistic -> Target? in
      switch statistic.kind {
      case .probability(let level): .level(level, of: statistic.variable)
      case .mean: variables.columns[statistic.variable].width == 1 ? .number(of: statistic.variable) : nil
      case .deviation, .quantile: nil
      }
    }
    let local = try LocalMeans(targets.compactMap(\.self), at: questions, variables, frame)
    self.init(
      means: local.means.map { means in
        var next = means.makeIterator()
        return targets.map { $0 == nil ? nil : next.next()! }
      }, effectiveRows: local.effectiveRows)
  }
}
