import Communication
import Networks
import NonparametricIV
import TestSupport

/// Numbers of PyTorch for the network regressions: Tests/OracleFixtures/make_structural.py.
struct StructuralFixture: Decodable {
  /// One step of an optimiser from given parameters.
  struct Step: Decodable {
    let start: [Double]
    let loss: Double
    let gradient: [Double]
    let parameters: [Double]
  }

  struct TwoStage: Decodable {
    let first: Step
    let firstNetwork: [Double]
    let second: Step
  }

  struct ConditionalDensity: Decodable {
    let density: Step
    let densityNetwork: [Double]
    let response: Step
  }

  struct Game: Decodable {
    let structural: Step
    let dual: Step
  }

  struct Features: Decodable {
    struct Start: Decodable {
      let phi: [Double]
      let xi: [Double]
      let psi: [Double]
    }

    let networks: Start
    let instruments: Step
    let covariates: Step
    let treatment: Step
    let judgement: Double
    let g: [Double]
  }

  let y: [Double]
  let t: [Double]
  /// By row.
  let x: [[Double]]
  let z: [[Double]]
  let weights: [Double]
  let seed: UInt64
  let widths: [Int]
  let training: [Int]
  let nn2sls: TwoStage
  let oneSIV: Step
  let deepIV: ConditionalDensity
  let agmm: Step
  let deepGMM: Game
  let dfiv: Features

  static let stored = Result { try oracle("structural.json", as: StructuralFixture.self) }

  func rows(on communicator: any Communicator = SoloCommunicator()) -> ArrayRows {
    ArrayRows(
      outcome: y, treatment: t, covariates: Self.columns(x), instruments: Self.columns(z), weights: weights,
      chunkLength: 16, on: communicator)
  }

  private static func columns(_ rows: [[Double]]) -> [[Double]] {
    rows[0].indices.map { j in rows.map { $0[j] } }
  }
}

/// A problem whose last loss and gradient are kept for inspection.
final class RecordedProblem<Problem: TrainingProblem>: TrainingProblem {
  private let problem: Problem
  private(set) var loss = 0.0
  private(set) var gradient: [Double] = []

  init(_ problem: Problem) { self.problem = problem }

  var rows: DistributedRows { problem.rows }
  var trainingRows: [Int]? { problem.trainingRows }
  var rowWidth: Int { problem.rowWidth }
  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy { try problem.rowCopy(chunk: chunk) }

  func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    let total = try problem.lossGradient(of: minibatch, parameters: parameters, averages: &averages)
    (loss, gradient) = (total.loss, Array(total.gradient))
    return total
  }
}
