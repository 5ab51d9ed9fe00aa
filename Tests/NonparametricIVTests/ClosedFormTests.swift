import Communication
import Diagnostics
import LinearAlgebra
import NonparametricIV
import TestSupport
import Testing

/// Rows and answers of `make_kernels.py`.
struct ClosedFormOracle: Decodable {
  struct Fit: Decodable {
    /// g at the rows that the fit has used.
    let g: [Double]
    let loss: Double
  }

  let x: [[Double]]
  let t: [Double]
  let y: [Double]
  let groups: [[Double]]
  let weights: [Double]
  let seed: UInt64
  let polynomialSeed: UInt64
  /// The rows with weight.
  let used: [Int]
  let fits: [String: Fit]

  static let loaded = Result { try oracle("kernels.json", as: ClosedFormOracle.self) }

  func rows(
    isWeighted: Bool = true, instruments: [[Double]]? = nil, chunkLength: Int = 16,
    on communicator: any Communicator = SoloCommunicator(),
    change: (_ x: [Double], _ t: Double, _ y: Double) -> ([Double], Double, Double) = { ($0, $1, $2) }
  ) -> ArrayRows {
    let changed = t.indices.map { change(x[$0], t[$0], y[$0]) }
    return ArrayRows(
      outcome: changed.map(\.2), treatment: changed.map(\.1),
      covariates: x[0].indices.map { j in changed.map { $0.0[j] } },
      instruments: instruments ?? groups[0].indices.map { k in groups.map { $0[k] } },
      weights: isWeighted ? weights : nil, chunkLength: chunkLength, on: communicator)
  }

  /// Few rows: all of them landmarks.
  func options(_ change: (inout NonparametricOptions) -> Void = { _ in }) -> NonparametricOptions {
    var options = NonparametricOptions()
    options.seed = seed
    options.landmarks = nil
    change(&options)
    return options
  }
}

extension StructuralFit {
  /// g at all rows.
  func values(_ rows: ArrayRows) -> [Double] {
    let stride = Kernel.paddedCount(rows.outcome.count)
    let columns = [rows.treatment] + rows.covariates
    let storage = AlignedBuffer(count: (columns.count + 1) * stride)
    for (j, column) in columns.enumerated() {
      for (row, value) in column.enumerated() { storage[j * stride + row] = value }
    }
    let output = storage.pointer + columns.count * stride
    function.evaluate(
      storage.pointer, covariates: rows.covariates.indices.map { UnsafePointer(storage.pointer + ($0 + 1) * stride) },
      rowCount: rows.outcome.count, into: output)
    return withExtendedLifetime(storage) { rows.outcome.indices.map { output[$0] } }
  }
}

@Suite struct ClosedFormTests {
  private let data: ClosedFormOracle

  init() throws { data = try ClosedFormOracle.loaded.get() }

  private static let cases: [(String, NonparametricMethod, Bool, NonparametricOptions.Dual)] = [
    ("kerneliv", .kerneliv, false, .instrument), ("kernelivPaper", .kerneliv, true, .instrument),
    ("dualiv", .dualiv, false, .instrument), ("dualivOutcome", .dualiv, false, .outcome),
    ("dualivPaper", .dualiv, true, .instrument),
  ]

  @Test(arguments: cases)
  func `kernels are those of whole matrices in numpy`(
    name: String, method: NonparametricMethod, isPaper: Bool, dual: NonparametricOptions.Dual
  ) throws {
    let expected = try #require(data.fits[name])
    let rows = data.rows()
    let fit = try method.fit(rows, data.options { ($0.isPaper, $0.dual) = (isPaper, dual) })
    let values = fit.values(rows)
    #expect(distance(data.used.map { values[$0] }, expected.g) < 1e-9)
    #expect(abs(fit.criterion - expected.loss) < 1e-9)
  }

  @Test(arguments: [("poly2sls", false), ("poly2slsPaper", true)])
  func `two stages of polynomials are those of scikit-learn`(name: String, isPaper: Bool) throws {
    let expected = try #require(data.fits[name])
    let rows = data.rows(isWeighted: false)
    let fit = try NonparametricMethod.poly2sls.fit(
      rows, data.options { ($0.isPaper, $0.seed) = (isPaper, data.polynomialSeed) })
    #expect(distance(fit.values(rows), expected.g) < 1e-9)
    #expect(abs(fit.criterion - expected.loss) < 1e-9)
  }

  /// Landmarks are fewer than rows, so that they are drawn.
  private static let methods: [NonparametricMethod] = [.poly2sls, .kerneliv, .dualiv]

  private func drawn(_ change: (inout NonparametricOptions) -> Void = { _ in }) -> NonparametricOptions {
    data.options {
      $0.landmarks = 30
      change(&$0)
    }
  }

  @Test(arguments: methods)
  func `any number of ranks gives the same bits`(method: NonparametricMethod) throws {
    let (data, options) = (data, drawn())
    let alone = try method.fit(data.rows(), options).values(data.rows())
    for ranks in [2, 3] {
      let found = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try method.fit(data.rows(on: communicator), options).values(data.rows())
      }
      for values in found { #expect(values == alone, "\(ranks) ranks") }
    }
  }

  @Test(arguments: methods)
  func `weights in other units change nothing`(method: NonparametricMethod) throws {
    let rows = data.rows()
    let other = ArrayRows(
      outcome: rows.outcome, treatment: rows.treatment, covariates: rows.covariates, instruments: rows.instruments,
      weights: data.weights.map { 7 * $0 }, chunkLength: 16)
    let expected = try method.fit(rows, drawn()).values(rows)
    #expect(distance(try method.fit(other, drawn()).values(rows), expected) < 1e-8)
  }

  /// y -> a y + b, t and x to other units: g in the new units.
  @Test(arguments: methods)
  func `units of the columns are those of the answers`(method: NonparametricMethod) throws {
    let expected = try method.fit(data.rows(), drawn()).values(data.rows())
    let moved = data.rows { x, t, y in ([100 * x[0] - 5, -0.1 * x[1] + 3], -2.5 * t + 40, 0.01 * y + 7) }
    let found = try method.fit(moved, drawn()).values(moved)
    #expect(distance(found, expected.map { 0.01 * $0 + 7 }) < 1e-8)
  }

  @Test(arguments: methods)
  func `names of groups play no part but in rounding`(method: NonparametricMethod) throws {
    let rows = data.rows()
    let expected = try method.fit(rows, drawn()).values(rows)
    let turned = data.rows(instruments: rows.instruments.reversed())
    #expect(distance(try method.fit(turned, drawn()).values(rows), expected) < 1e-8)
  }

  @Test(arguments: methods)
  func `a function is evaluated at treatments as at rows, and survives encoding`(method: NonparametricMethod) throws {
    let rows = data.rows()
    let fit = try method.fit(rows, drawn())
    let stride = 16
    let storage = AlignedBuffer(count: 5 * stride)
    try rows.withChunk(0) { chunk in
      fit.function.evaluate(
        at: [2.5, rows.treatment[3]], covariates: chunk.covariates, rowCount: chunk.rowCount, into: storage.pointer,
        stride: stride)
    }
    #expect(abs(storage[stride + 3] - fit.values(rows)[3]) < 1e-9)
    let again: NonparametricFit = try roundTrip(fit)
    #expect(again.values(rows) == fit.values(rows))
  }

  @Test(arguments: [NonparametricMethod.kerneliv, .dualiv])
  func `without an instrument the covariates alone are regressed on`(method: NonparametricMethod) throws {
    let rows = data.rows(instruments: [])
    #expect(try method.fit(rows, drawn()).values(rows).allSatisfy(\.isFinite))
  }

  @Test func `more landmarks than are allowed are refused with what they need`() throws {
    let options = data.options { $0.exactRows = 50 }
    let error = #expect(throws: Failure.self) { try NonparametricMethod.kerneliv.fit(data.rows(), options) }
    #expect(error?.exitCode == .usage)
    #expect(error?.message.contains("73 landmarks are more than the 50 that --exact-rows allows") == true)
    #expect(error?.message.contains("2 MB") == true)
  }
}
