import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Simulation

/// The rows of one replication: those that are fitted, and a test sample under do(t).
struct ReproductionDraw {
  let simulation: Simulation
  let rows: SimulatedRows
  let test: SimulatedRows
  private let communicator: any Communicator

  private static let rowCount = 3000
  /// Of real covariates: shares of the rows that are fitted, and that test. The paper holds the rest for choosing settings.
  private static let fittedShare = 0.63
  private static let testShare = 0.1

  init(
    _ data: ReproductionData, _ covariates: SimulationCovariates?, seed: UInt64, on communicator: any Communicator
  ) throws {
    var parameters = SimulationParameters()
    parameters.scenario = data.scenario
    parameters.groups = data.groups
    parameters.covariates = data.covariates
    parameters.seed = seed
    let table = data.file == nil ? nil : covariates?.shuffled(seed: seed)
    let count = Double(table?.rows ?? 0)
    parameters.rows = table == nil ? Self.rowCount : max(1, Int(Self.fittedShare * count))
    parameters.testRows = table == nil ? Self.rowCount : max(1, Int(Self.testShare * count))
    simulation = try Simulation(parameters, covariates: table)
    rows = simulation.rows(0..<parameters.rows)
    test = simulation.testRows(0..<parameters.testRows)
    self.communicator = communicator
  }

  /// The rows that are fitted, anew: fits move their columns.
  ///
  /// - Parameter transform: of every covariate.
  func frame(transform: ((Double) -> Double)? = nil) throws -> Frame {
    let m = simulation.parameters.covariates
    return try Frame(
      rows: DistributedRows(rowCount: rows.t.count, communicator: communicator),
      covariates: (0..<m).map { j in
        rows.t.indices.map { i in transform?(rows.x[i * m + j]) ?? rows.x[i * m + j] }
      }, treatment: rows.t, outcome: rows.y, source: rows.z.map(Int64.init), covariateNames: simulation.table?.names)
  }

  /// y's variance in the rows that are fitted.
  var outcomeVariance: Double {
    let n = Double(rows.y.count)
    let mean = rows.y.reduce(0, +) / n
    return rows.y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
  }

  /// E[ε | x] of test rows, from the covariates that are simulated to vary with ε.
  private var expectedConfounder: [Double] {
    let m = simulation.parameters.covariates
    guard simulation.table == nil else { return test.t.map { _ in 0 } }
    return test.t.indices.map { i in
      SimulationParameters.covariance * test.x[i * m..<(i + 1) * m].reduce(0, +)
    }
  }

  /// Errors of a structural function on the test rows, in variances of y.
  ///
  /// - Parameters:
  ///   - outcomes: ĝ(t, x) of the test rows; nil where a method gives effects alone.
  ///   - effects: τ̂ of the test rows.
  func errors(outcomes: [Double]?, effects: [Double]) -> [Measure: Double] {
    let variance = outcomeVariance
    func error(_ found: [Double], _ truth: [Double]) -> Double {
      zip(found, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(truth.count) / variance
    }
    let confounding = expectedConfounder.map { simulation.parameters.outcomeConfounding * $0 }
    var values: [Measure: Double] = [.effect: error(effects, test.effect)]
    values[.floor] = error(confounding, confounding.map { _ in 0 })
    if let outcomes { values[.outcome] = error(outcomes, test.g) }
    return values
  }

  /// Share of test rows, true and found outcomes at some places of the order of the true ones.
  func curve(_ outcomes: [Double]) -> [[Double]] {
    let order = test.g.indices.sorted { (test.g[$0], $0) < (test.g[$1], $1) }
    let last = order.count - 1
    let places = (0...100).map { last * $0 / 100 }
    return [
      places.map { Double($0) / Double(max(1, last)) }, places.map { test.g[order[$0]] },
      places.map { outcomes[order[$0]] },
    ]
  }

  /// The accuracy of the Bayes rule: t | x, z = k is normal around f_k(x) + a_k E[ε | x].
  var bayesAccuracy: Double {
    let parameters = simulation.parameters
    let m = parameters.covariates
    let noise = parameters.noiseDeviation * parameters.noiseDeviation
    let shared = simulation.table == nil
    let own = shared ? 1 - Double(m) * SimulationParameters.covariance * SimulationParameters.covariance : 1
    let right = rows.t.indices.count { i in
      let x = Array(rows.x[i * m..<(i + 1) * m])
      let expected = shared ? SimulationParameters.covariance * x.reduce(0, +) : 0
      let scores = (0..<parameters.groups).map { k in
        let a = parameters.confounding(of: k)
        let variance = a * a * own + noise
        let distance = rows.t[i] - simulation.assignment(k, x) - a * expected
        return distance * distance / variance + Elementary.log(variance)
      }
      return scores.indices.min { scores[$0] < scores[$1] } == rows.z[i]
    }
    return Double(right) / Double(rows.t.count)
  }
}
