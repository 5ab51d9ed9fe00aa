import Communication
import Diagnostics
import Features
import Frames
import InstrumentalVariables
import LinearAlgebra
import Runs

/// The bootstrap of an effect from groups to coefficients, with random weights (Rubin 1981, "The Bayesian bootstrap";
/// Newton and Raftery 1994): row i counts v_i E_i, E_i ~ Exp(1), the same for the rows of a cluster.
///
/// ```
/// weights of a replicate -> groups again, from where they are -> index -> instruments -> coefficients
///                                                             -> the methods of the ladder
/// ```
/// Units, folds, controls, the functions of the treatment, and the numbers that networks start from and draw are kept.
public struct EffectBootstrap: Sendable {
  private let design: EffectDesign
  private let functions: OutcomeFunctions
  private let methods: [InstrumentalEstimator]
  private let ladder: [EffectMethod]
  private let options: EffectOptions
  private let random: CounterRandom

  /// Two passes. Collective.
  ///
  /// - Parameters:
  ///   - frame: the rows, on the ranks that do replicates.
  ///   - groups: those of the effect, over these rows.
  ///   - plan: of the effect.
  /// - Throws: as ``EffectEstimator/fit(_:replicating:)``.
  public init(
    _ plan: EffectPlan, _ frame: Frame, groups: any GroupInstrument, features: (any FeatureMap)?, scaling: ColumnScaling
  ) throws {
    self.init(plan, try EffectDesign(frame, groups, features: features, scaling: scaling, plan.options))
  }

  init(_ plan: EffectPlan, _ design: EffectDesign) {
    self.design = design
    functions = plan.functions
    methods = plan.methods.map(\.estimator)
    (ladder, options) = (plan.ladder, plan.options)
    random = CounterRandom(seed: plan.options.seed, stream: .bootstrapWeights)
  }

  /// One replicate. Collective; the same bits on any number of ranks.
  ///
  /// - Parameter journal: keeps what networks have learned.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read; what cannot be fitted is a result.
  public func replicate(_ cell: BootstrapReplicate.Cell, in journal: Journal = Journal()) throws -> BootstrapReplicate {
    do {
      let design = try design.reweighted(weights(cell.replicate))
      let regression = try InstrumentalRegression(design.rows([functions], design.instruments(functions)))
      return BootstrapReplicate(
        cell: cell, coefficients: try methods.map { try regression.estimate($0).coefficients },
        methods: try answers(design, regression, in: journal), failure: nil)
    } catch let failure as Failure where failure.isOfRows {
      return BootstrapReplicate(cell: cell, coefficients: [], methods: [], failure: failure)
    }
  }

  /// What the methods of the ladder come to in the rows of a replicate.
  private func answers(
    _ weighted: EffectDesign, _ regression: InstrumentalRegression, in journal: Journal
  ) throws -> [MethodReplicate] {
    guard !ladder.isEmpty else { return [] }
    let ladder = EffectLadder(
      design: weighted, population: design, functions: functions,
      request: try EffectRequest(design, functions, options), options: options, journal: journal)
    return try self.ladder.map { method in
      do {
        return MethodReplicate(
          method: method, values: MethodValues(try ladder.answer(method, regression)), failure: nil)
      } catch let failure as Failure where failure.isOfRows {
        return MethodReplicate(method: method, values: nil, failure: failure)
      }
    }
  }

  private func weights(_ replicate: Int) throws -> RowColumn {
    let frame = design.table.frame
    return try RowColumn.weights(
      of: frame,
      times: { chunk, offset, row in
        // Of rows that are clustered in two ways, the first is resampled.
        let unit = try design.clusters.first.map { Int(try frame.codes($0, chunk: chunk)[offset]) } ?? row
        return -Elementary.log(random.openUniform(row: unit, draw: replicate))
      })
  }
}

extension Failure {
  /// Whether it is of these weights of rows, so that another replicate may do.
  fileprivate var isOfRows: Bool { exitCode == .data || exitCode == .numerical }
}

/// What of an effect its bootstrap keeps.
public struct EffectPlan: Sendable {
  public let options: EffectOptions
  let functions: OutcomeFunctions
  let methods: [EffectOptions.Method]
  /// The methods beside these.
  let ladder: [EffectMethod]

  /// The replicates that are asked for.
  public var cells: [BootstrapReplicate.Cell] { (0..<options.replicates).map(BootstrapReplicate.Cell.init) }
}
