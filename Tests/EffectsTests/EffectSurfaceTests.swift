import Communication
import Effects
import Frames
import TestSupport
import Testing

/// Outcomes and effects of single rows and at given covariates, by `make_effect_rows.py`.
private struct RowOracle: Decodable {
  let form: String
  let reference: Double
  let criteria: [String: Double]
  let best: String
  let g, g0, tau, standardError: [Double]
  let places: [[Double]]
  let slopes, slopeErrors, contrasts, contrastErrors, outcomesAt5: [Double]

  static let loaded = Result { try oracle("effect_rows.json", as: RowOracle.self) }

  func options(_ rows: EffectOracle) -> EffectOptions {
    var options = rows.options(form)
    options.reference = .treatment(reference)
    options.places = places
    return options
  }
}

@Suite struct EffectSurfaceTests {
  /// The answers for all rows, one after another.
  private struct Values {
    let g, g0, tau, standardError: [Double]

    init(_ result: EffectResult, _ frame: Frame) throws {
      let surface = try #require(result.surface)
      let chunks = try frame.rows.localChunks.map { try surface.values(frame, chunk: $0) }
      (g, g0) = (chunks.flatMap(\.g), chunks.flatMap(\.g0))
      (tau, standardError) = (chunks.flatMap(\.tau), chunks.flatMap(\.standardError))
    }
  }

  @Test func `outcomes and effects of rows are those of whole matrices in numpy`() throws {
    let (rows, expected) = (try EffectOracle.loaded.get(), try RowOracle.loaded.get())
    let result = try rows.fit(expected.options(rows))
    let surface = try #require(result.surface)
    #expect(surface.levelBasis == expected.best)
    #expect(Set(surface.levelCriteria.map(\.name)) == Set(expected.criteria.keys))
    for criterion in surface.levelCriteria {
      #expect(abs(criterion.gcv - expected.criteria[criterion.name]!) < 1e-8, "\(criterion.name)")
    }
    let values = try Values(result, rows.frame())
    #expect(distance(values.g, expected.g) < 1e-8)
    #expect(distance(values.g0, expected.g0) < 1e-8)
    #expect(distance(values.tau, expected.tau) < 1e-8)
    #expect(distance(values.standardError, expected.standardError) < 1e-8)
  }

  @Test func `answers at given covariates are those of whole matrices in numpy`() throws {
    let (rows, expected) = (try EffectOracle.loaded.get(), try RowOracle.loaded.get())
    let places = try rows.fit(expected.options(rows)).places
    #expect(places.map(\.x) == expected.places)
    #expect(distance(places.map(\.averageSlope.estimate), expected.slopes) < 1e-8)
    #expect(distance(places.map { $0.averageSlope.standardError! }, expected.slopeErrors) < 1e-8)
    #expect(distance(places.map { $0.contrasts[0].effect.estimate }, expected.contrasts) < 1e-8)
    #expect(distance(places.map { $0.contrasts[0].effect.standardError! }, expected.contrastErrors) < 1e-8)
    #expect(distance(places.map { $0.curve[1].g }, expected.outcomesAt5) < 1e-8)
  }

  @Test func `without interactions all covariates have the effect of the average`() throws {
    let (rows, expected) = (try EffectOracle.loaded.get(), try RowOracle.loaded.get())
    var options = expected.options(rows)
    options.form = OutcomeForm("quadratic")
    let result = try rows.fit(options)
    for place in result.places {
      #expect(place.averageSlope == result.headline.averageSlope && place.contrasts == result.headline.contrasts)
      #expect(place.curve.map(\.tau) == result.headline.curve.map(\.tau))
      #expect(place.curve.map(\.g) != result.headline.curve.map(\.g))
    }
  }

  @Test func `any number of ranks gives the same bits, of rows and of covariates`() throws {
    let (rows, expected) = (try EffectOracle.loaded.get(), try RowOracle.loaded.get())
    let options = expected.options(rows)
    let alone = try rows.fit(options)
    let digest = try alone.surface!.write(rows.frame(), to: nil, force: false)
    for ranks in [2, 3] {
      let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let result = try rows.fit(options, on: communicator)
        return (result.places, try result.surface!.write(rows.frame(on: communicator), to: nil, force: false))
      }
      for result in results { #expect(result.0 == alone.places && result.1 == digest) }
    }
  }

  /// t -> a t + b, y -> c y + d, x to other units.
  @Test func `units of the columns are those of rows`() throws {
    let (rows, expected) = (try EffectOracle.loaded.get(), try RowOracle.loaded.get())
    var options = expected.options(rows)
    let (a, b, c, d) = (-2.5, 40.0, 0.01, 7.0)
    options.reference = .treatment(a * expected.reference + b)
    options.places = []
    func change(_ x: [Double], _ t: Double, _ y: Double) -> ([Double], Double, Double) {
      ([1000 * x[0] - 5, 0.1 * x[1] + 3], a * t + b, c * y + d)
    }
    let values = try Values(rows.fit(options, findsSurface: true, change: change), rows.frame(change: change))
    #expect(distance(values.g, expected.g.map { c * $0 + d }) < 1e-8)
    #expect(distance(values.standardError, expected.standardError.map { c * $0 }) < 1e-8)
  }

  @Test(arguments: [1, 3]) func `errors are means of squares in standard deviations of the outcome`(ranks: Int) throws {
    let (rows, expected) = (try EffectOracle.loaded.get(), try RowOracle.loaded.get())
    var options = expected.options(rows)
    options.reference = .treatment(0)
    let chosen = options
    let tau = try Values(rows.fit(chosen), rows.frame()).tau
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let result = try rows.fit(chosen, on: communicator)
      return try EffectErrors(result.surface!, rows.frame(on: communicator), scale: 4) { range in
        (nil, range.map { tau[$0] + ($0 % 2 == 0 ? 2 : -6) })
      }
    }
    for errors in results {
      #expect(errors.outcome == nil && abs(errors.ite! - (4 + 36) / 2.0 / 16) < 1e-12)
    }
  }
}
