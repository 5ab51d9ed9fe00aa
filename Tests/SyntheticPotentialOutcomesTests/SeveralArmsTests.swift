import Communication
import Diagnostics
import Frames
import Runs
import Simulation
import SyntheticPotentialOutcomes
import TestSupport
import Testing

/// A law of two classes and any number of arms, as the table of all its rows.
private struct ArmLaw {
  let shares = [0.4, 0.6]
  /// E[Y_t | u] by arm.
  let means: [[Double]]
  /// Pr(t | u), by class.
  let arms: [[Double]]
  let values: [Double]

  func frame(strata: [Int64]? = nil) throws -> Frame {
    var columns: [[Double]] = [[], [], [], [], []]
    for u in 0..<2 {
      for z in 0..<3 {
        for x in 0..<3 {
          for t in values.indices {
            let cells = [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]
            for (column, value) in [
              Double(z), Double(x), values[t], means[t][u], shares[u] * cells[u][z] * cells[u][x] * arms[u][t],
            ].enumerated() { columns[column].append(value) }
          }
        }
      }
    }
    let rows = DistributedRows(rowCount: columns[0].count, communicator: SoloCommunicator())
    let frame = try Frame(
      rows: rows,
      columns: [
        .real("z", .covariate, columns[0]), .real("x", .covariate, columns[1]), .real("t", .treatment, columns[2]),
        .real("y", .outcome, columns[3]), .real("weight", .weight, columns[4]),
      ])
    try frame.takeWeights(as: .sampling)
    return frame
  }

  var options: SyntheticOutcomesOptions {
    var options = SyntheticOutcomesOptions(treatmentProxies: ["z"], outcomeProxies: ["x"])
    (options.classes, options.blocks) = (2, 2)
    return options
  }
}

@Suite struct SeveralArmsTests {
  private let law = ArmLaw(
    means: [[0, 2], [1, 1], [-3, 5]], arms: [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], values: [-1, 0.5, 4])

  @Test(arguments: SyntheticOutcomesOptions.Solver.allCases)
  func `every arm and contrast comes out as the law has it`(solver: SyntheticOutcomesOptions.Solver) throws {
    var options = law.options
    options.solver = solver
    options.contrasts = [.init(treated: 4, control: -1), .init(treated: 0.5, control: 4)]
    let result = try SyntheticPotentialOutcomes(options).run(on: law.frame())
    #expect(result.arms == [-1, 0.5, 4])
    #expect(distance(result.armMeans.map(\.estimate), [1.2, 1, 1.8]) < 1e-12)
    #expect(distance(result.contrasts.map(\.effect.estimate), [0.6, -0.8]) < 1e-12)
    // By the effect of 4 instead of -1: -3 in class 0, 3 in class 1.
    let classes = try #require(result.strata[0].classes)
    #expect(distance(classes.map(\.share.estimate), [0.4, 0.6]) < 1e-12)
    #expect(distance(classes.map { $0.effects.map(\.estimate) }, [[-3, 4], [3, -4]]) < 1e-11)
    #expect(distance(classes.map { $0.means.map(\.estimate) }, [[0, 1, -3], [2, 1, 5]]) < 1e-11)
  }

  @Test func `without contrasts all arms stand against the least`() throws {
    let result = try SyntheticPotentialOutcomes(law.options).run(on: law.frame())
    #expect(result.contrasts.map(\.treated) == [0.5, 4] && result.contrasts.allSatisfy { $0.control == -1 })
  }

  @Test func `posteriors of the classes are those of enumeration`() throws {
    let result = try SyntheticPotentialOutcomes(law.options).run(on: law.frame())
    // By the effect of .5 instead of -1: 1 in class 0, -1 in class 1, so class 1 comes first.
    let expected = [[0.6 * 0.1, 0.4 * 0.5], [0.6 * 0.2, 0.4 * 0.3], [0.6 * 0.7, 0.4 * 0.2]].map { joint in
      joint.map { $0 / joint.reduce(0, +) }
    }
    #expect(distance(try #require(result.strata[0].posteriors), expected) < 1e-11)
  }
}

@Suite struct SyntheticOutcomesRunTests {
  @Test func `a run that was stopped goes on with the sums that it has`() throws {
    let draw = try ProxyDraw(.binary, rows: 2000, seed: 6)
    let estimator = SyntheticPotentialOutcomes(draw.options)
    let solo = SoloCommunicator()
    let frame = try draw.frame(draw.drawn, on: solo)
    let expected = try estimator.run(on: frame).digest()
    try withTemporaryDirectory { folder in
      let path = folder.appendingPathComponent("run").path
      do {
        let stopped = try Run(folder: path, files: ["a"], on: solo, isStopRequested: { true })
        #expect(throws: Failure.self) { _ = try estimator.run(on: frame, in: stopped).digest() }
      }
      var passes = 0
      let resumed = try Run(
        folder: path, files: ["a"], existing: .resume, on: solo, observer: { _ in passes += 1 })
      #expect(try estimator.run(on: frame, in: resumed).digest() == expected)
      #expect(passes == 0)
    }
  }

  @Test func `classes of equal effects, weak proxies and more classes than there are get their warnings`() throws {
    let equal = ArmLaw(means: [[0, 2], [1, 3]], arms: [[0.5, 0.5], [0.3, 0.7]], values: [0, 1])
    var equalOptions = equal.options
    equalOptions.blocks = 3
    let codes = try SyntheticPotentialOutcomes(equalOptions).run(on: equal.frame()).findings.map(\.code)
    #expect(codes.contains(.classesAlike))
    let weak = try ProxyDraw(.binary, rows: 300, seed: 1)
    var options = weak.options
    options.classes = 2
    let few = try SyntheticPotentialOutcomes(options).run(on: weak.frame(weak.drawn))
    #expect(few.findings.contains { $0.code == .weakProxies } && few.verdicts.averageEffect != .identified)
    options.classes = 4
    let many = try SyntheticPotentialOutcomes(options).run(on: weak.frame(weak.drawn))
    #expect(many.findings.contains { $0.code == .moreClassesThanRank })
  }

  @Test func `proxies of one value and cells without rows are left out and said`() throws {
    let draw = try ProxyDraw(.binary, rows: 4000, seed: 9)
    let rows = draw.drawn
    // z1 is constant, and no row has x0 = x1 = 0.
    let changed = rows.map { row in
      ProxySimulation.Row(u: row.u, z: [row.z[0], 1], x: row.x == [0, 0] ? [0, 1] : row.x, t: row.t, y: row.y)
    }
    let result = try draw.fit(draw.frame(changed))
    #expect(result.treatmentFeatures.count == 2 && result.outcomeFeatures.count == 3)
    #expect(
      result.findings.filter { $0.code == .constantProxies }.map { $0.names(.names) } == [["z1"]])
    #expect(result.findings.filter { $0.code == .emptyCells }.map { $0.names(.names) } == [["x0=0,x1=0"]])
  }
}
