import Communication
import Frames
import Simulation
import SyntheticPotentialOutcomes

/// Simulated rows with proxies as a frame.
struct ProxyDraw {
  let simulation: ProxySimulation
  var options: SyntheticOutcomesOptions

  init(_ law: ProxyLaw, rows: Int = 10_000, seed: UInt64 = 1, _ change: (inout ProxyParameters) -> Void = { _ in })
    throws
  {
    var parameters = ProxyParameters()
    (parameters.law, parameters.rows, parameters.seed) = (law, rows, seed)
    change(&parameters)
    simulation = try ProxySimulation(parameters)
    options = SyntheticOutcomesOptions(
      treatmentProxies: simulation.treatmentProxyNames, outcomeProxies: simulation.outcomeProxyNames)
    if law == .continuous {
      options.treatmentFeatures = .polynomial(degree: 1)
      options.outcomeFeatures = .polynomial(degree: 1)
    }
  }

  var names: [String] { simulation.treatmentProxyNames + simulation.outcomeProxyNames }

  /// A frame of rows, with weights or without.
  func frame(
    _ rows: [ProxySimulation.Row], weight: [Double]? = nil, chunkLength: Int = 1024,
    further: [FrameColumn] = [], on communicator: any Communicator = SoloCommunicator()
  ) throws -> Frame {
    var columns = names.indices.map { j in
      FrameColumn.real(names[j], .covariate, rows.map { ($0.z + $0.x)[j] })
    }
    columns.append(.real("t", .treatment, rows.map { Double($0.t) }))
    columns.append(.real("y", .outcome, rows.map(\.y)))
    if let weight { columns.append(.real("weight", .weight, weight)) }
    let frame = try Frame(
      rows: DistributedRows(rowCount: rows.count, chunkLength: chunkLength, communicator: communicator),
      columns: columns + further)
    try frame.takeWeights(as: .sampling)
    return frame
  }

  /// All rows that there are, weighted by their probabilities.
  var population: (rows: [ProxySimulation.Row], weights: [Double]) {
    let all = simulation.population!
    return (all.map(\.row), all.map(\.probability))
  }

  var drawn: [ProxySimulation.Row] { (0..<simulation.parameters.rows).map(simulation.row) }

  func fit(_ frame: Frame) throws -> SyntheticOutcomesResult {
    try SyntheticPotentialOutcomes(options).run(on: frame)
  }

  func fitPopulation() throws -> SyntheticOutcomesResult {
    let (rows, weights) = population
    return try fit(frame(rows, weight: weights))
  }

  func fitDrawn(on communicator: any Communicator = SoloCommunicator()) throws -> SyntheticOutcomesResult {
    try fit(frame(drawn, on: communicator))
  }

  /// The classes by their effects, with the true shares and means.
  var truth: [(share: Double, effect: Double, means: [Double])] {
    simulation.shares.indices.map { u in
      (simulation.shares[u], simulation.effects[u], simulation.classMeans.map { $0[u] })
    }.sorted { $0.effect < $1.effect }
  }
}
