import Features

/// The functions φ(t, x) of an outcome form, with the knots of its splines, in the units of the data.
///
/// An interaction is t (x_j - mean of x_j), so that the other coefficients are the effect at average covariates.
public struct OutcomeFunctions: Sendable, Codable, Equatable {
  public let form: OutcomeForm
  /// A name for each function: `t`, `t^2`, `t.bs1`, `t*age`.
  public let names: [String]
  private let spline: CubicSpline?
  private let interactionCount: Int

  /// The number of functions.
  public var count: Int { names.count }
  private var curveCount: Int { count - interactionCount }

  /// - Parameters:
  ///   - quantile: of t, for a share of 0 to 1.
  ///   - treatmentName: what t is called in names.
  public init(
    _ form: OutcomeForm, treatmentName: String = "t", covariateNames: [String], quantile: (Double) -> Double
  ) {
    self.form = form
    interactionCount = form.hasInteractions ? covariateNames.count : 0
    var curveNames: [String]
    switch form.curve {
    case .polynomial(let degree):
      spline = nil
      curveNames = (1...degree).map { $0 == 1 ? treatmentName : "\(treatmentName)^\($0)" }
    case .spline(let knots):
      var breakpoints: [Double] = []
      for index in 0...knots + 1 {
        let value = quantile(Double(index) / Double(knots + 1))
        if breakpoints.last.map({ value > $0 }) ?? true { breakpoints.append(value) }
      }
      // Merged quantiles mean ties: with too few values left a line is all that they carry.
      spline = breakpoints.count >= 3 ? CubicSpline(breakpoints: breakpoints) : nil
      curveNames = spline.map { (1..<$0.count).map { "\(treatmentName).bs\($0)" } } ?? [treatmentName]
    }
    names = curveNames + (form.hasInteractions ? covariateNames.map { "\(treatmentName)*\($0)" } : [])
  }

  /// Writes function j of row i to `output[j * stride + i]`.
  ///
  /// - Parameters:
  ///   - covariates: their deviations from their means; read for interactions only.
  func evaluate(
    _ t: UnsafePointer<Double>, _ covariates: [UnsafePointer<Double>], rowCount: Int,
    into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    if let spline {
      spline.evaluate(t, count: rowCount, into: output, stride: stride)
    } else {
      output.update(from: t, count: rowCount)
      for j in 1..<max(1, curveCount) {
        let (lower, own) = (output + (j - 1) * stride, output + j * stride)
        for row in 0..<rowCount { own[row] = lower[row] * t[row] }
      }
    }
    for j in 0..<interactionCount {
      let (own, x) = (output + (curveCount + j) * stride, covariates[j])
      for row in 0..<rowCount { own[row] = t[row] * x[row] }
    }
  }

  /// Writes ∂φ_j/∂t of row i to `output[j * stride + i]`; parameters as for the functions.
  func evaluateSlopes(
    _ t: UnsafePointer<Double>, _ covariates: [UnsafePointer<Double>], rowCount: Int,
    into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    if let spline {
      spline.evaluateSlopes(t, count: rowCount, into: output, stride: stride)
    } else {
      output.update(repeating: 1, count: rowCount)
      for j in 1..<max(1, curveCount) {
        let (lower, own, factor) = (output + (j - 1) * stride, output + j * stride, Double(j + 1) / Double(j))
        for row in 0..<rowCount { own[row] = lower[row] * t[row] * factor }
      }
    }
    for j in 0..<interactionCount {
      (output + (curveCount + j) * stride).update(from: covariates[j], count: rowCount)
    }
  }

  /// φ at a treatment.
  ///
  /// - Parameter deviations: of the covariates from their means; nil for the average over rows, where interactions are 0.
  public func values(at t: Double, _ deviations: [Double]? = nil) -> [Double] {
    var values = Array(repeating: 0.0, count: count)
    let x = deviations ?? Array(repeating: 0, count: interactionCount)
    withUnsafePointer(to: t) { t in
      x.withUnsafeBufferPointer { x in
        values.withUnsafeMutableBufferPointer {
          evaluate(t, x.indices.map { x.baseAddress! + $0 }, rowCount: 1, into: $0.baseAddress!, stride: 1)
        }
      }
    }
    return values
  }

  /// Mean slopes over rows, ∂φ/∂t, with the covariates of all set to given ones.
  func slopes(_ means: [Double], _ deviations: [Double]) -> [Double] {
    Array(means.prefix(curveCount)) + deviations.prefix(interactionCount)
  }
}
