import Communication
import ControlFunction
import Diagnostics
import Features
import Foundation
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import Runs
import Simulation
import Testing

/// Simulated rows, and a joint fit of them.
private struct Draw {
  var parameters = SimulationParameters()
  var options = ControlFunction.Options(groups: 3)
  /// Added to y, by (x, t, z).
  var addition: @Sendable ([Double], Double, Int) -> Double = { _, _, _ in 0 }
  /// What ε² - 1 moves y by.
  var bend = 0.0
  /// What ε moves y by besides, per unit of x_0 and of t.
  var interaction = (x: 0.0, t: 0.0)
  /// Whether t is linear in x in every group.
  var hasLinearSelection = false
  /// Makes the shares of sources depend on x: the log odds of source z are this times z x_0.
  var lean = 0.0
  /// What the differences between sources in t are multiplied by.
  var spread = 1.0
  /// Added to t after y was made.
  var offset = 0.0
  /// The standard deviation of noise that is added to t after y was made.
  var noise = 0.0
  /// What x, t and y are multiplied by.
  var units = (x: 1.0, t: 1.0, y: 1.0)

  init(confounding: Double, seed: UInt64) {
    parameters.confounding = [confounding]
    parameters.seed = seed
    options.outcomeBasis = .quadratic
    options.covariateBasis = .polynomial4
    options.starts = 10
  }

  /// t and y of a row.
  private func row(_ i: Int, of drawn: SimulatedRows, _ simulation: Simulation) -> (t: Double, y: Double) {
    let m = parameters.covariates
    let x = Array(drawn.x[i * m..<(i + 1) * m])
    let sources = (0..<parameters.groups).map { simulation.assignment($0, x) }
    let mean = sources.reduce(0, +) / Double(parameters.groups)
    let t = drawn.t[i] + (spread - 1) * (sources[drawn.z[i]] - mean)
    let bent = bend * (drawn.epsilon[i] * drawn.epsilon[i] - 1)
    let varying = (interaction.x * x[0] + interaction.t * t) * drawn.epsilon[i]
    return (t, drawn.y[i] - drawn.g[i] + Simulation.outcome(t, x) + addition(x, t, drawn.z[i]) + bent + varying)
  }

  /// The first rows of those drawn, each kept with the probability that its source is to have given x.
  private func kept(_ drawn: SimulatedRows) -> [Int] {
    guard lean != 0 else { return Array(drawn.t.indices) }
    let (random, m) = (CounterRandom(seed: parameters.seed, stream: .test), parameters.covariates)
    let rows = drawn.t.indices.filter { i in
      let odds = (0..<parameters.groups).map { exp(lean * Double($0) * drawn.x[i * m]) }
      return random.uniform(row: i, draw: 0) < odds[drawn.z[i]] / odds.reduce(0, +)
    }
    return Array(rows.prefix(parameters.rows))
  }

  func fit(_ communicator: any Communicator = SoloCommunicator()) throws -> (ControlFunction.Result, Agreement) {
    var drawing = parameters
    if lean != 0 { drawing.rows *= 2 * parameters.groups }
    let simulation = try Simulation(drawing)
    let drawn = simulation.rows(0..<drawing.rows)
    let kept = self.kept(drawn)
    let m = parameters.covariates
    let rows = DistributedRows(rowCount: parameters.rows, communicator: communicator)
    let random = CounterRandom(seed: parameters.seed, stream: .test)
    let pairs = kept.map { i in
      let (t, y) = row(i, of: drawn, simulation)
      return (t: t + noise * random.normal(row: i, draw: 1), y: y)
    }
    let table = try Frame(
      rows: rows, covariates: (0..<m).map { j in kept.map { units.x * drawn.x[$0 * m + j] } },
      treatment: pairs.map { units.t * ($0.t + offset) }, outcome: pairs.map { units.y * $0.y })
    let summary = try table.summary().prefix(m + 1)
    let scaling = ColumnScaling(
      centers: summary.map(\.mean), scales: Array(repeating: 1, count: m + 1))
    table.standardize(center: scaling.centers, scale: scaling.scales)
    let fit = try options.fit(CenteredRows(table: table, scaling: scaling), hasLinearSelection: hasLinearSelection)
    let rule = fit.rule()
    let zero = Array(repeating: 0.0, count: parameters.groups * options.groups)
    let counts = try fit.design.rows.sum(zero) { partial, chunk in
      for (row, label) in zip(chunk.rows, try rule(fit.design, chunk: chunk).block.labels) {
        partial[drawn.z[kept[row]] * options.groups + label] += 1
      }
    }
    let confusion = (0..<parameters.groups).map { z in
      counts[z * options.groups..<(z + 1) * options.groups].map { Int($0) }
    }
    return (fit, Agreement(confusion: confusion))
  }
}

extension ControlFunction.Options {
  /// A fit from the groups of t given x that MetaEM finds.
  fileprivate func fit(_ rows: CenteredRows, hasLinearSelection: Bool = false) throws -> ControlFunction.Result {
    try ControlFunction.check(rows.table, self)
    var configuration = Configuration(groups: groups)
    configuration.representation = hasLinearSelection ? .identity : .spline
    configuration.seed = seed
    configuration.tolerance = tolerance
    configuration.maximumIterations = maximumIterations
    let (start, _) = try MetaEM(configuration).controlFunctionStart(rows, journal: Journal())
    return try ControlFunction(self, from: start, scaling: rows.scaling).fit(rows.table)
  }
}

extension ControlFunction.Result {
  fileprivate func effect(_ name: String) -> EffectCoefficient? { effectCoefficients.first { $0.name == name } }
  fileprivate func finding(_ code: Finding.Code) -> Finding? { findings.first { $0.code == code } }
  fileprivate func has(_ code: Finding.Code) -> Bool { finding(code)?.isDoubt == true }
}

@Suite struct ControlFunctionTests {
  @Test func `the effect is recovered under confounding`() throws {
    var draw = Draw(confounding: 0.5, seed: 0)
    draw.options.covariateBasis = .auto
    draw.options.starts = 30
    let (fit, agreement) = try draw.fit()
    let linear = try #require(fit.effect("t"))
    let quadratic = try #require(fit.effect("t^2"))
    #expect(abs(linear.value + 1.5) < 0.05)
    #expect(abs(quadratic.value - 0.9) < 0.02)
    #expect(linear.interval?.contains(-1.5) == true)
    #expect(agreement.accuracy >= 0.88)
    // 2 · 0.5 / (0.25 + 0.01), less what x tells of ε.
    let errors = try #require(fit.kappaStandardErrors)
    for (kappa, error) in zip(fit.kappa, errors) { #expect(abs(kappa - 3.84) < 5 * error) }
    for point in fit.effectCurve {
      #expect(abs(point.tau - Simulation.effect(point.t)) < 5 * (try #require(point.standardError)))
    }
    #expect(fit.isConverged)
    #expect(fit.findings.isEmpty)
    #expect(fit.bases.count >= 5)
    #expect(fit.interactions == nil && fit.isIdentified)
  }

  @Test func `any number of ranks gives the same bits`() throws {
    var draw = Draw(confounding: 0.5, seed: 3)
    draw.options.covariateBasis = .polynomial3
    let alone = try draw.fit()
    for ranks in 2...3 {
      let outcomes = try LoopbackCommunicator.run(ranks: ranks) { [draw] communicator in
        let (fit, agreement) = try draw.fit(communicator)
        return (
          fit.model.mixture, fit.effectCoefficients, fit.effectCurve, fit.kappaStandardErrors, fit.findings, agreement
        )
      }
      for outcome in outcomes {
        #expect(outcome.0 == alone.0.model.mixture)
        #expect(outcome.1 == alone.0.effectCoefficients)
        #expect(outcome.2 == alone.0.effectCurve)
        #expect(outcome.3 == alone.0.kappaStandardErrors)
        #expect(outcome.4 == alone.0.findings)
        #expect(outcome.5 == alone.1)
      }
    }
  }

  @Test func `starts on some chunks end on all rows`() throws {
    var draw = Draw(confounding: 0.5, seed: 10)
    draw.parameters.rows = 5000
    draw.options.covariateBasis = .polynomial3
    draw.options.subsetChunks = 3
    let (few, _) = try draw.fit()
    draw.options.subsetChunks = 5
    let (all, _) = try draw.fit()
    for (found, expected) in zip(few.effectCoefficients, all.effectCoefficients) {
      #expect(found.name == expected.name)
      #expect(abs(found.value - expected.value) < 0.02 * (try #require(expected.standardError)))
    }
    #expect(few.design.rows.rowCount == 5000 && few.findings.map(\.code) == all.findings.map(\.code))
    let ranks = try LoopbackCommunicator.run(ranks: 2) { [draw] communicator in
      var draw = draw
      draw.options.subsetChunks = 3
      return try draw.fit(communicator).0.effectCoefficients
    }
    for effect in ranks { #expect(effect == few.effectCoefficients) }
  }

  /// On 18 chunks the starts compete on 16, on a quadratic basis.
  @Test func `starts that compete on few rows and columns end where the others do`() throws {
    var draw = Draw(confounding: 0.5, seed: 11)
    draw.parameters.rows = 18_000
    draw.options.covariateBasis = .polynomial3
    let (all, _) = try draw.fit()
    draw.options.subsetChunks = 17
    let few = try LoopbackCommunicator.run(ranks: 2) { [draw] communicator in try draw.fit(communicator).0 }
    for (found, expected) in zip(few[0].effectCoefficients, all.effectCoefficients) {
      #expect(abs(found.value - expected.value) < 0.02 * (try #require(expected.standardError)))
    }
    #expect(few[0].search.starts == 11 && few[0].search.agreed > 1)
    #expect(few[0].findings.map(\.code) == all.findings.map(\.code))
    let (alone, _) = try draw.fit()
    for fit in few { #expect(fit.effectCoefficients == alone.effectCoefficients) }
  }

  @Test func `the effect follows the units of the columns`() throws {
    let one = try Draw(confounding: 0.5, seed: 4).fit()
    var draw = Draw(confounding: 0.5, seed: 4)
    draw.units = (x: 100, t: 0.1, y: 5)
    let other = try draw.fit()
    let (linear, quadratic) = (try #require(one.0.effect("t")), try #require(one.0.effect("t^2")))
    #expect(abs(try #require(other.0.effect("t")).value / 50 - linear.value) < 1e-3)
    #expect(abs(try #require(other.0.effect("t^2")).value / 500 - quadratic.value) < 1e-3)
    let (error, otherError) = (linear.standardError, other.0.effect("t")?.standardError)
    #expect(abs(try #require(otherError) / 50 / (try #require(error)) - 1) < 1e-2)
    #expect(abs(other.0.kappa[0] / 50 / one.0.kappa[0] - 1) < 1e-2)
    // Up to the volume of the units of t and y.
    let volume = Double(draw.parameters.rows) * log(0.1 * 5)
    #expect(abs(other.0.logLikelihood + volume - one.0.logLikelihood) < 1)
  }

  @Test(arguments: [OutcomeBasis.quadratic, .spline])
  func `slope and contrasts are those of the curve`(basis: OutcomeBasis) throws {
    var draw = Draw(confounding: 0.5, seed: 4)
    draw.parameters.rows = 1000
    draw.options.covariateBasis = .polynomial3
    draw.options.outcomeBasis = basis
    let (fit, _) = try draw.fit()
    func effect(of t: Double, against reference: Double) -> Double {
      zip(fit.model.effectWeights(of: [t], against: reference)[0], fit.model.mixture.outcomeCoefficients)
        .reduce(0) { $0 + $1.0 * $1.1 }
    }
    let rows = try Simulation(draw.parameters).rows(0..<draw.parameters.rows)
    let step = 1e-5
    let slope = rows.t.reduce(0) { $0 + effect(of: $1 + step, against: $1 - step) / (2 * step) } / 1000
    #expect(abs(fit.averageSlope.value - slope) < 1e-6)
    let quartiles = [4, 9, 14].map { fit.effectCurve[$0] }
    #expect(fit.contrasts.map(\.from) == [quartiles[0].t, quartiles[1].t, quartiles[0].t])
    #expect(abs(fit.contrasts[2].effect.value - (quartiles[2].tau - quartiles[0].tau)) < 1e-9)
    // That from 0 is the curve's own.
    let (weights, covariance) = (
      fit.model.effectWeights(of: [quartiles[2].t], against: 0)[0], try #require(fit.covariance)
    )
    #expect(abs(covariance.outcome.standardError(of: weights) - quartiles[2].standardError!) < 1e-12)
    let error = try #require(fit.averageSlope.standardError)
    #expect(0 < error && abs(fit.averageSlope.value - slope) < error)
  }

  @Test func `noise in the treatment is taken back, and groups stay as they were`() throws {
    var draw = Draw(confounding: 0.5, seed: 3)
    draw.noise = 0.3
    func error(_ fit: ControlFunction.Result) -> Double {
      fit.effectCurve.map { abs($0.tau - Simulation.effect($0.t)) }.max()!
    }
    let (seen, _) = try draw.fit()
    draw.options.treatmentError = 0.3
    let (fit, _) = try draw.fit()
    #expect(fit.model.mixture == seen.model.mixture && fit.covariance?.matrix == seen.covariance?.matrix)
    #expect(fit.uncorrectedSlope == seen.averageSlope && seen.uncorrectedSlope == nil)
    #expect(error(fit) < 0.8 * error(seen), "\(error(fit)), \(error(seen))")
    // Errors are longer, or as long where chance would make them shorter.
    let errors = zip(fit.effectCurve, seen.effectCurve).map { ($0.standardError!, $1.standardError!) }
    #expect(errors.allSatisfy { $0 >= $1 } && errors.contains { $0 > 1.02 * $1 })
    // What rows get is what the report says.
    let chunk = fit.design.rows.localChunks[0]
    let treatment = try fit.design.treatment(ofChunk: chunk)
    let (linear, quadratic) = (try #require(fit.effect("t")).value, try #require(fit.effect("t^2")).value)
    for (row, effect) in try fit.model.effects(fit.design, chunk: chunk).enumerated() {
      let t = treatment[row] + fit.model.tableScaling.centers[draw.parameters.covariates]
      #expect(abs(effect - linear * t - quadratic * t * t) < 1e-9)
    }
    // Without noise there is nothing to take back but what a few passes more change.
    draw.options.treatmentError = 1e-6
    for (point, other) in zip(try draw.fit().0.effectCurve, seen.effectCurve) {
      #expect(abs(point.tau - other.tau) < 1e-3 * other.standardError!)
    }
  }

  @Test func `noise as large as the errors of the treatment's rule is refused`() throws {
    var draw = Draw(confounding: 0.5, seed: 3)
    draw.options.treatmentError = 0.7
    let failure = #expect(throws: Failure.self) { try draw.fit() }
    #expect(failure?.exitCode == .data && failure?.message.contains("--treatment-error: the treatment varies") == true)
  }

  @Test func `interactions are found and named`() throws {
    var draw = Draw(confounding: 0.5, seed: 5)
    draw.addition = { x, t, _ in t * x[0] }
    let (fit, _) = try draw.fit()
    let interaction = try #require(fit.effect("t*x0"))
    #expect(abs(interaction.value - 1) < 4 * (try #require(interaction.standardError)))
    #expect(abs(interaction.value - 1) < 0.3)
    #expect(fit.ownEffects == fit.effectCoefficients)
    let rows = try Simulation(draw.parameters).rows(0..<1024)
    let effects = try fit.model.effects(fit.design, chunk: fit.design.rows.localChunks[0])
    for i in 0..<1024 {
      let truth = Simulation.effect(rows.t[i]) + rows.t[i] * rows.x[3 * i]
      #expect(abs(effects[i] - truth) < 0.1 * (1 + abs(truth)))
    }
  }

  @Test func `splines in the treatment follow a sine`() throws {
    var draw = Draw(confounding: 0.5, seed: 6)
    draw.options.outcomeBasis = .auto
    draw.addition = { _, t, _ in 3 * sin(t) - Simulation.effect(t) }
    let (fit, _) = try draw.fit()
    #expect(fit.outcomeBasis.contains("splines"))
    // Functions that make up the curve together say nothing by themselves.
    #expect(fit.ownEffects.allSatisfy { $0.name.hasPrefix("t*") })
    for point in fit.effectCurve { #expect(abs(point.tau - 3 * sin(point.t)) < 0.4) }
  }

  @Test func `confounding that bends is reported, and taken up`() throws {
    var draw = Draw(confounding: 0.5, seed: 14)
    draw.bend = 1
    let (plain, _) = try draw.fit()
    #expect(plain.has(.outcomeBends))
    #expect(plain.bends == nil)
    draw.options.extensions.bends = true
    let (fit, _) = try draw.fit()
    #expect(fit.findings.isEmpty)
    let linear = try #require(fit.effect("t"))
    let error = try #require(linear.standardError)
    #expect(abs(linear.value + 1.5) < 3 * error)
    #expect(2 * error < (try #require(plain.effect("t")?.standardError)))
    // κ of ε on V, squared: (0.5 / 0.26)².
    let bends = try #require(fit.bends)
    for (value, error) in zip(bends.kappa2, try #require(bends.standardErrors)) {
      #expect(abs(value - 3.70) < 4 * error)
    }
    #expect(try #require(bends.test).pValue < 1e-10)
  }

  @Test(arguments: [(1.0, 0.0), (0.0, 1.0)])
  func `confounding that varies with x or t is found, and taken up`(x: Double, t: Double) throws {
    var draw = Draw(confounding: 0.5, seed: 18)
    draw.parameters.rows = 1000
    draw.interaction = (x, t)
    draw.options.interaction = .none
    let (plain, _) = try draw.fit()
    #expect(plain.has(.confoundingInteracts) && !plain.has(.outcomeBends) && plain.interactions == nil)
    draw.options.interaction = .chosen
    let (fit, _) = try draw.fit()
    let interactions = try #require(fit.interactions)
    // λ of ε on V: 0.5 / (0.25 + 0.01).
    for (name, value) in zip(interactions.names, interactions.lambda) {
      #expect(abs(value - 1.92 * (name == "x0" ? x : name == "t" ? t : 0)) < 0.15)
    }
    #expect(try #require(interactions.test).pValue < 1e-10)
    let covariance = try #require(fit.covariance)
    let errors = covariance.standardErrors(0..<covariance.gradient.count)
    #expect(zip(covariance.gradient, errors).allSatisfy { abs($0 * $1) < 0.1 })
    // Interactions of t with x are not taken for those of the confounder with x.
    #expect(x == 0 || !fit.effectCoefficients.contains { $0.name.hasPrefix("t*") })
    for point in fit.effectCurve {
      #expect(abs(point.tau - Simulation.effect(point.t)) < 4 * (try #require(point.standardError)))
    }
    #expect(!fit.has(.confoundingInteracts) && !fit.has(.outcomeBends))
    draw.options.interaction = .given
    #expect(try draw.fit().0.interactions?.names == ["x0", "x1", "x2", "t"])
  }

  @Test func `sources that depend on covariates are reported, and taken up`() throws {
    var draw = Draw(confounding: 0.5, seed: 15)
    draw.lean = 1
    let (plain, agreement) = try draw.fit()
    #expect(plain.has(.sharesDependOnCovariates))
    draw.options.extensions.concomitants = true
    let (fit, better) = try draw.fit()
    #expect(fit.findings.isEmpty)
    #expect(better.accuracy > agreement.accuracy)
    let linear = try #require(fit.effect("t"))
    #expect(abs(linear.value + 1.5) < 3 * (try #require(linear.standardError)))
    // The log odds of neighbouring sources differ by x_0, and by no other covariate.
    let shares = try #require(fit.shares)
    let slopes = try #require(shares.coefficients)
    let first = slopes.map { $0["x0"] ?? .nan }.sorted()
    for (low, high) in zip(first, first.dropFirst()) { #expect(abs(high - low - 1) < 0.35) }
    for name in ["x1", "x2"] { #expect(slopes.allSatisfy { abs($0[name] ?? .nan) < 0.35 }) }
    #expect(try #require(shares.test).pValue < 1e-10)
  }

  @Test func `extensions give the same bits on any number of ranks`() throws {
    var draw = Draw(confounding: 0.5, seed: 16)
    draw.options.covariateBasis = .polynomial3
    (draw.bend, draw.lean) = (1, 1)
    draw.options.extensions = JointMixture.Extensions(shifts: true, bends: true, concomitants: true)
    let alone = try draw.fit().0
    #expect(alone.model.mixture.extensions == draw.options.extensions)
    let outcomes = try LoopbackCommunicator.run(ranks: 3) { [draw] communicator in
      let fit = try draw.fit(communicator).0
      return (fit.model.mixture, fit.effectCoefficients, fit.bends, fit.shares)
    }
    for outcome in outcomes {
      #expect(outcome.0 == alone.model.mixture)
      #expect(outcome.1 == alone.effectCoefficients)
      #expect(outcome.2 == alone.bends && outcome.3 == alone.shares)
    }
  }

  /// Where t is not linear in x, splines are chosen; unless x is asked for.
  @Test func `the regression of the treatment may be held linear`() throws {
    var draw = Draw(confounding: 0.5, seed: 17)
    draw.parameters.scenario = .sin
    draw.options.covariateBasis = .polynomial3
    #expect(try draw.fit().0.model.mixture.selectionCount > 4)
    draw.hasLinearSelection = true
    #expect(try draw.fit().0.model.mixture.selectionCount == 4)
  }

  @Test func `shifts by group are reported`() throws {
    var draw = Draw(confounding: 0.5, seed: 7)
    draw.addition = { _, _, z in Double(z) }
    let (fit, _) = try draw.fit()
    #expect(try #require(fit.finding(.groupsShiftOutcome)).pValue < 1e-4)
    draw.options.extensions.shifts = true
    let (free, _) = try draw.fit()
    #expect(!free.has(.groupsShiftOutcome) && !free.has(.groupsMoveOutcome))
    let shifts = try #require(free.delta)
    #expect(shifts[0] == 0)
    #expect(abs(abs((shifts.max() ?? 0) - (shifts.min() ?? 0)) - 2) < 0.3)
    #expect(abs(try #require(free.effect("t")).value + 1.5) < 0.1)
  }

  @Test(arguments: [true, false])
  func `groups that move the outcome with a covariate or the treatment are reported`(withCovariate: Bool) throws {
    var draw = Draw(confounding: 0.5, seed: 11)
    draw.addition = { x, t, z in 0.5 * Double(z - 1) * (withCovariate ? x[0] : t) }
    let (fit, _) = try draw.fit()
    #expect(fit.has(.groupsMoveOutcome))
    // Three groups, four columns, and one direction that is the effect itself.
    #expect(fit.exclusionTest?.degreesOfFreedom == 7)
  }

  @Test func `too few passes are reported`() throws {
    var draw = Draw(confounding: 0.5, seed: 12)
    draw.options.covariateBasis = .polynomial3
    draw.options.maximumIterations = 1
    let (fit, _) = try draw.fit()
    #expect(!fit.isConverged)
    #expect(fit.finding(.notConverged)?.count(.passes) == 1)
  }

  @Test func `starts that disagree in the effect are reported`() throws {
    var draw = Draw(confounding: 1, seed: 0)
    (draw.parameters.groups, draw.options.groups, draw.parameters.rows) = (5, 5, 750)
    draw.spread = 0.2
    draw.options.covariateBasis = .polynomial3
    draw.options.starts = 30
    let (fit, _) = try draw.fit()
    #expect(fit.search.agreed == 1)
    #expect(try #require(fit.finding(.startsDisagree)).number(.distance) > 1)
  }

  @Test func `disagreement with two-stage least squares is reported`() throws {
    var draw = Draw(confounding: 0.5, seed: 1)
    draw.parameters.rows = 1000
    draw.options.covariateBasis = .polynomial3
    draw.addition = { _, _, z in 2 * Double(z) }
    let (fit, _) = try draw.fit()
    #expect(try #require(fit.finding(.twoStageDisagrees)).pValue < 1e-3)
  }

  @Test func `one true group is reported`() throws {
    var draw = Draw(confounding: 0.5, seed: 8)
    draw.parameters.groups = 1
    let (fit, _) = try draw.fit()
    #expect(fit.has(.oneGroupSuffices) || fit.has(.equalSlopes))
    // An arbitrary effect has no interval.
    #expect(
      !fit.isIdentified && fit.averageSlope.interval == nil && fit.contrasts.allSatisfy { $0.effect.interval == nil })
    #expect(fit.effectCurve.allSatisfy { $0.standardError == nil })
    #expect(fit.effectCoefficients.allSatisfy { $0.standardError == nil })
    #expect(fit.contrast(from: 0, to: 1).effect.interval == nil)
  }

  @Test func `too small a basis with weak groups is reported`() throws {
    var draw = Draw(confounding: 1, seed: 0)
    draw.parameters.rows = 10_000
    draw.spread = 0.3
    draw.options.covariateBasis = .polynomial3
    draw.options.starts = 5
    let (fit, _) = try draw.fit()
    // The misfit of x is taken for groups, and the answer is off by more than chance.
    #expect(abs(try #require(fit.effect("t")).value + 1.5) > 0.05)
    #expect(try #require(fit.finding(.basisTooSmall)).number(.distance) > 2)
  }

  @Test func `effects against a treatment that no row has are reported`() throws {
    var draw = Draw(confounding: 0.5, seed: 18)
    draw.options.covariateBasis = .polynomial3
    #expect(try !draw.fit().0.has(.distantReference))
    draw.offset = 20
    let far = try #require(try draw.fit().0.finding(.distantReference))
    #expect(0 < far.number(.low) && far.number(.low) < 20 && far.number(.high) > 20)
  }

  /// A fit of 400 rows of two covariates, x and one that may tell the group, and noise.
  private func fit(
    treatment: (_ x: Double, _ noise: Double, _ group: Int) -> Double,
    outcome: (_ x: Double, _ t: Double, _ noise: Double) -> Double, group: (_ row: Int, _ teller: Double) -> Int,
    extensions: JointMixture.Extensions = .init()
  ) throws -> ControlFunction.Result {
    let random = CounterRandom(seed: 19, stream: .test)
    func draw(_ number: Int) -> [Double] { (0..<400).map { random.normal(row: $0, draw: number) } }
    let (x, teller, first, second) = (draw(0), draw(1), draw(2), draw(3))
    let t = x.indices.map { treatment(x[$0], first[$0], group($0, teller[$0])) }
    let y = x.indices.map { outcome(x[$0], t[$0], second[$0]) }
    let rows = DistributedRows(rowCount: 400, communicator: SoloCommunicator())
    let table = try Frame(rows: rows, covariates: [x, teller], treatment: t, outcome: y)
    var options = ControlFunction.Options(groups: 2)
    options.outcomeBasis = .quadratic
    options.covariateBasis = .polynomial3
    options.extensions = extensions
    return try options.fit(
      CenteredRows(table: table, scaling: ColumnScaling(centers: [0, 0, 0], scales: [1, 1, 1])))
  }

  @Test func `an outcome without noise is refused`() throws {
    let failure = #expect(throws: Failure.self) {
      try fit(
        treatment: { x, noise, group in (group == 0 ? x : -x) + 0.1 * noise }, outcome: { x, t, _ in x + 2 * t },
        group: { row, _ in row % 2 })
    }
    #expect(failure?.exitCode == .data && failure?.message.contains("is a function of") == true, "\(failure as Any)")
  }

  @Test func `units that leave the range of numbers are refused`() throws {
    let failure = #expect(throws: Failure.self) {
      try fit(
        treatment: { x, noise, group in 1e-100 * ((group == 0 ? x : -x) + 0.1 * noise) },
        outcome: { x, _, noise in 1e150 * (x + noise) }, group: { row, _ in row % 2 })
    }
    #expect(failure?.exitCode == .data && failure?.message.contains("change a unit") == true, "\(failure as Any)")
  }

  /// Odds that covariates decide grow without bound.
  @Test(arguments: [true, false]) func `groups that covariates decide are reported`(isDecided: Bool) throws {
    let fit = try fit(
      treatment: { x, noise, group in (group == 0 ? 2 : -2) * x + 0.3 * noise },
      outcome: { x, t, noise in t + x + noise }, group: { row, teller in isDecided ? (teller > 0 ? 1 : 0) : row % 2 },
      extensions: JointMixture.Extensions(concomitants: true))
    #expect(fit.has(.groupsDecidedByCovariates) == isDecided)
  }

  @Test func `rows without an outcome are refused`() throws {
    let rows = DistributedRows(rowCount: 100, communicator: SoloCommunicator())
    let values = (0..<100).map(Double.init)
    let table = try Frame(rows: rows, covariates: [values], treatment: values.map { sin($0) })
    let error = #expect(throws: Failure.self) {
      try ControlFunction.check(table, ControlFunction.Options(groups: 2))
    }
    #expect(error?.message.contains("--y") == true)
  }

  @Test func `too large a basis is refused`() throws {
    var draw = Draw(confounding: 0.5, seed: 9)
    draw.parameters.rows = 300
    draw.options.covariateBasis = .polynomial5
    let error = #expect(throws: Failure.self) { try draw.fit() }
    #expect(error?.message.contains("--covariate-basis polynomial5") == true)
  }
}
