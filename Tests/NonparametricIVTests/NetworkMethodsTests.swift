import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import Networks
import NonparametricIV
import Runs
import TestSupport
import Testing

/// What every network regression must hold, on few rows and with small networks.
@Suite struct NetworkMethodsTests {
  static let methods = ["nn2sls", "onesiv", "deepiv", "dfiv", "deepgmm", "agmm"]

  /// A method with small networks and short training.
  private static func fit(
    _ name: String, _ rows: some StructuralRows, epochs: Int, isPaper: Bool = false, in journal: Journal = Journal()
  ) throws -> NonparametricFitValues {
    let (seed, widths): (UInt64, [Int]) = (3, [16, 8])
    func short(_ plan: inout EpochPlan) {
      (plan.epochs, plan.batchSize) = (epochs, 50)
      if !isPaper { plan.learningRate = 1e-2 }
    }
    switch name {
    case "nn2sls":
      var method = NN2SLS(isPaper: isPaper, seed: seed)
      method.widths = widths
      short(&method.first)
      short(&method.second)
      return try .init(method.fit(rows, in: journal))
    case "onesiv":
      var method = OneSIV(isPaper: isPaper, seed: seed)
      method.widths = widths
      short(&method.plan)
      return try .init(method.fit(rows, in: journal))
    case "deepiv":
      var method = DeepIV(isPaper: isPaper, seed: seed)
      method.widths = widths
      short(&method.first)
      short(&method.second)
      return try .init(method.fit(rows, in: journal))
    case "dfiv":
      var method = DFIV(isPaper: isPaper, seed: seed)
      (method.instrumentWidths, method.covariateWidths) = ([16], [16])
      (method.instrumentFeatures, method.covariateFeatures) = (8, 4)
      method.rounds = epochs
      method.learningRate = 1e-2
      return try .init(method.fit(rows, in: journal))
    case "deepgmm":
      var method = DeepGMM(isPaper: isPaper, seed: seed)
      (method.structuralWidths, method.dualWidths) = (widths, widths)
      (method.epochs, method.interval) = (epochs, 2)
      if !isPaper { (method.batchSize, method.structuralRate, method.dualRate) = (50, 5e-3, 1e-2) }
      return try .init(method.fit(rows, in: journal))
    default:
      var method = AGMM(isPaper: isPaper, seed: seed)
      method.widths = widths
      short(&method.plan)
      if !isPaper { method.plan.learningRate = 2e-3 }
      return try .init(method.fit(rows, in: journal))
    }
  }

  /// y = t + x + 1.5 u with t = ±2 x + .3 u by group, so that the groups' slopes tell t from u.
  private static func sample(
    _ count: Int, groups: Bool = true, on communicator: any Communicator = SoloCommunicator()
  ) -> ArrayRows {
    let random = CounterRandom(seed: 8, stream: .test)
    let x = (0..<count).map { random.normal(row: $0, draw: 0) }
    let u = (0..<count).map { random.normal(row: $0, draw: 1) }
    let first = (0..<count).map { random.integer(below: 2, row: $0, draw: 2) == 0 }
    let t = (0..<count).map { (first[$0] ? 2 : -2) * x[$0] + 0.3 * u[$0] }
    let instruments =
      groups ? [first.map { $0 ? 1.0 : 0 }, first.map { $0 ? 0 : 1.0 }] : [[Double](repeating: 1, count: count)]
    return ArrayRows(
      outcome: (0..<count).map { t[$0] + x[$0] + 1.5 * u[$0] }, treatment: t, covariates: [x],
      instruments: instruments, on: communicator)
  }

  /// The mean square of g - (t + x), the level aside, over the variance of y.
  private static func error(_ name: String, groups: Bool, epochs: Int) throws -> Double {
    let sample = sample(500, groups: groups)
    let rows = try ScaledRows(sample)
    let values = try fit(name, rows, epochs: epochs).values(sample, rows.locations)
    let differences = zip(values, zip(sample.treatment, sample.covariates[0])).map { $0 - $1.0 - $1.1 }
    let variance = rows.locations.standardDeviations[0] * rows.locations.standardDeviations[0]
    return differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count) / variance
  }

  @Test(arguments: methods) func `groups free the effect of its confounding`(_ name: String) throws {
    let (with, without) = try (
      Self.error(name, groups: true, epochs: 30), Self.error(name, groups: false, epochs: 30)
    )
    #expect(with < 0.12, "with groups \(with), without \(without)")
    #expect(with < without, "with groups \(with), without \(without)")
  }

  @Test(arguments: methods) func `a training that was interrupted goes on, on other ranks`(_ name: String) throws {
    /// The method on ranks, in a folder if there is one, until an epoch is interrupted.
    @Sendable func run(
      on communicator: any Communicator, folder: String? = nil, existing: ExistingRun = .refuse, end: Int? = nil
    ) throws -> (values: [Double], epochs: Int) {
      var epochs = 0
      var policy = CheckpointStore.Policy()
      policy.passes = 1
      func count(_: PassRecord) throws {
        epochs += 1
        if epochs == end { throw Failure(.temporary, "interrupted") }
      }
      let run =
        try folder.map {
          try Run(folder: $0, files: [], existing: existing, policy: policy, on: communicator, observer: count)
        } ?? Run(observer: count)
      try run.open(["method": name], inputDigest: "rows")
      let rows = try ScaledRows(Self.sample(300, on: communicator))
      let found = try Self.fit(name, rows, epochs: 6, in: run.journal)
      return (found.values(Self.sample(300), rows.locations) + [found.criterion], epochs)
    }
    let whole = try run(on: SoloCommunicator())
    try withTemporaryDirectory { folder in
      let path = folder.appendingPathComponent("run").path
      #expect(throws: Failure.self) { try run(on: SoloCommunicator(), folder: path, end: 4) }
      let parts = try LoopbackCommunicator.run(ranks: 3) { try run(on: $0, folder: path, existing: .resume) }
      for part in parts {
        #expect(part.values == whole.values)
        // The first three are kept.
        #expect(part.epochs == whole.epochs - 3)
      }
    }
  }

  @Test(arguments: methods, [false, true]) func `results have the same bits on 1, 2 and 3 ranks`(
    _ name: String, isPaper: Bool
  ) throws {
    @Sendable func run(_ communicator: any Communicator) throws -> [Double] {
      let rows = try ScaledRows(Self.sample(300, on: communicator))
      let found = try Self.fit(name, rows, epochs: 2, isPaper: isPaper)
      return found.values(Self.sample(300), rows.locations) + [found.criterion]
    }
    let alone = try run(SoloCommunicator())
    #expect(alone.allSatisfy { $0.isFinite })
    for ranks in [2, 3] {
      for values in try LoopbackCommunicator.run(ranks: ranks, run) { #expect(values == alone) }
    }
  }

  @Test(arguments: methods) func `a function comes back from storage as it was`(_ name: String) throws {
    let rows = try ScaledRows(Self.sample(100))
    let found = try Self.fit(name, rows, epochs: 1)
    let stored = try found.stored()
    #expect(found.values(Self.sample(100), rows.locations) == stored.values(Self.sample(100), rows.locations))
  }

  @Test(arguments: methods) func `too few rows are refused`(_ name: String) throws {
    let error = #expect(throws: Failure.self) { try Self.fit(name, ScaledRows(Self.sample(12)), epochs: 1) }
    #expect(error?.exitCode == .data && error?.message.contains("12 rows") == true)
  }

  @Test func `rows that judge teach nothing`() throws {
    let rows = Self.sample(300)
    let data = try NetworkRows(rows, seed: 3)
    var outcome = rows.outcome
    for row in data.heldOut { outcome[row] = 1e3 }
    let changed = ArrayRows(
      outcome: outcome, treatment: rows.treatment, covariates: rows.covariates, instruments: rows.instruments)
    func values(_ rows: ArrayRows) throws -> ([Double], Double) {
      var method = NN2SLS(seed: 3)
      method.widths = [8]
      method.first = EpochPlan(epochs: 2, batchSize: 50, learningRate: 1e-2)
      method.second = method.first
      let fit = try method.fit(rows)
      return (fit.values(rows), fit.criterion)
    }
    let (original, spoilt) = try (values(rows), values(changed))
    #expect(original.0 == spoilt.0 && spoilt.1 > 1e5)
  }

  @Test func `a training that was stored goes on as if nothing had happened`() throws {
    let data = try NetworkRows(Self.sample(300), seed: 3)
    let set = NetworkSet(.hidden([8], inputs: data.columns.structural.count))
    let problem = NetworkRegression(
      data, set, inputs: [data.columns.structural], target: NetworkColumns.outcome, seed: 3)
    let heldOut = try RowBlocks(data.heldOut, of: data)
    func judge(_ state: NetworkState) throws -> Double {
      try problem.meanLoss(set.network(0, of: state), over: heldOut)
    }
    let plan = EpochPlan(epochs: 6, batchSize: 50, learningRate: 1e-2, patience: 5)
    var whole = EpochTraining(plan, from: set.start(seed: 3), seed: 3)
    var stopped = whole
    for _ in 0..<3 { try stopped.advance(problem, judge: judge) }
    stopped = try roundTrip(stopped)
    try whole.run(problem, judge: judge)
    try stopped.run(problem, judge: judge)
    #expect(stopped.result == whole.result && stopped.judgement == whole.judgement && whole.epoch == 6)
  }
}

/// The fit of some method, whatever its function.
private struct NonparametricFitValues {
  let criterion: Double
  let values: (ArrayRows, ColumnLocations) -> [Double]
  let stored: () throws -> NonparametricFitValues

  init<Function: StructuralFunction>(_ fit: StructuralFit<Function>) {
    criterion = fit.criterion
    values = { rows, locations in
      StructuralFit(function: RescaledFunction(fit.function, locations), criterion: 0).values(rows)
    }
    stored = { NonparametricFitValues(try roundTrip(fit)) }
  }
}
