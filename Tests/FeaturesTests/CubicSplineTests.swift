import Features
import TestSupport
import Testing

/// splines.json.
struct SplineOracle: Decodable {
  struct Case: Decodable {
    let name: String
    let sample: [Double]
    let knots: [Double]
    let x: [Double]
    let basis: [[Double]]
  }
  let cases: [Case]
}

extension CubicSpline {
  /// All functions but the first at some values: one array per value.
  func callAsFunction(_ values: [Double]) -> [[Double]] {
    rows(values) { evaluate(values, count: values.count, into: $0, stride: $1) }
  }

  /// Their derivatives likewise.
  func slopes(_ values: [Double]) -> [[Double]] {
    rows(values) { evaluateSlopes(values, count: values.count, into: $0, stride: $1) }
  }

  private func rows(_ values: [Double], _ evaluate: (UnsafeMutablePointer<Double>, Int) -> Void) -> [[Double]] {
    let stride = values.count + 3
    var output = Array(repeating: Double.nan, count: (count - 1) * stride)
    output.withUnsafeMutableBufferPointer { evaluate($0.baseAddress!, stride) }
    // Between the columns nothing is written.
    for b in 0..<count - 1 {
      let gap = output[b * stride + values.count..<(b + 1) * stride]
      #expect(gap.allSatisfy { $0.isNaN })
    }
    return values.indices.map { row in (0..<count - 1).map { output[$0 * stride + row] } }
  }
}

@Suite struct CubicSplineTests {
  let oracle: SplineOracle
  init() throws { oracle = try TestSupport.oracle("splines.json") }

  @Test func `The basis is scipy's, outside its ends a straight line`() {
    for example in oracle.cases {
      let spline = CubicSpline(breakpoints: example.knots)
      #expect(spline.count == 8)
      for (found, expected) in zip(spline(example.x), example.basis) {
        #expect(distance(found, expected) < 1e-12, "\(example.name)")
      }
    }
  }

  @Test func `Slopes are derivatives, within the breakpoints, at them and beyond`() {
    let breakpoints = [-2, -1, 0.5, 1.2, 3]
    let spline = CubicSpline(breakpoints: breakpoints)
    let (x, h) = (breakpoints + [-7, -1.5, 0, 0.7, 2, 11], 1e-5)
    for (slopes, (above, below)) in zip(
      spline.slopes(x), zip(spline(x.map { $0 + h }), spline(x.map { $0 - h })))
    {
      #expect(distance(slopes, zip(above, below).map { ($0 - $1) / (2 * h) }) < 1e-4)
    }
  }

  @Test func `A value at a breakpoint belongs to the interval on its right, the last one to the last`() {
    let spline = CubicSpline(breakpoints: [-2, -1, 0.5, 1.2, 3])
    // Four functions are not zero within an interval, and three at a breakpoint: the leftmost of four has run out.
    for (x, first) in [(-2.0, 0), (-1, 1), (0.5, 2), (1.2, 3)] {
      let row = spline([x])[0]
      #expect(row.indices.filter { row[$0] != 0 }.allSatisfy { (first - 1..<first + 3).contains($0) })
    }
    #expect(spline([3])[0].dropLast().allSatisfy { abs($0) < 1e-14 } && abs(spline([3])[0].last! - 1) < 1e-14)
  }

  @Test func `Two breakpoints give the cubic polynomials`() {
    let spline = CubicSpline(breakpoints: [0, 1])
    let x = [0, 0.25, 0.5, 1]
    let bernstein = x.map { [3 * $0 * (1 - $0) * (1 - $0), 3 * $0 * $0 * (1 - $0), $0 * $0 * $0] }
    for (found, expected) in zip(spline(x), bernstein) { #expect(distance(found, expected) < 1e-15) }
  }

  @Test func `Functions are not negative inside and four at most are not zero`() {
    let spline = CubicSpline(breakpoints: [-2, -1, 0.5, 0.6, 3, 8])
    for row in spline(stride(from: -2, through: 8, by: 0.01).map { $0 }) {
      #expect(row.allSatisfy { $0 >= -1e-14 } && row.reduce(0, +) <= 1 + 1e-14)
      #expect(row.count { $0 != 0 } <= 4)
    }
  }

  @Test func `Value, slope and curvature have no jump at a breakpoint, value and slope none at an end`() {
    let breakpoints = [-2, -1, 0.5, 1.2, 3]
    let spline = CubicSpline(breakpoints: breakpoints)
    let h = 1e-4
    for (index, knot) in breakpoints.enumerated() {
      let rows = spline([-2, -1, 0, 1, 2].map { knot + $0 * h })
      for b in 0..<spline.count - 1 {
        let f = rows.map { $0[b] }
        let slopes = ((f[2] - f[1]) / h, (f[3] - f[2]) / h)
        #expect(abs(slopes.0 - slopes.1) < 20 * h)
        let curvatures = ((f[2] - 2 * f[1] + f[0]) / (h * h), (f[4] - 2 * f[3] + f[2]) / (h * h))
        if index > 0 && index < 4 { #expect(abs(curvatures.0 - curvatures.1) < 100 * h) }
      }
    }
    let ends = spline([-100, -50, -2, 3, 50, 97])
    for b in 0..<spline.count - 1 {
      #expect(abs((ends[1][b] - ends[0][b]) / 50 - (ends[2][b] - ends[1][b]) / 48) < 1e-12)
      #expect(abs((ends[4][b] - ends[3][b]) / 47 - (ends[5][b] - ends[4][b]) / 47) < 1e-12)
    }
  }
}
