import Communication
import LinearAlgebra

/// The derivatives ∂b/∂Z_i of coefficients by the instruments of single rows: whatever instruments are made of, what it
/// moves b by follows from them by the chain rule, in as many passes for any number of parameters.
///
/// Rows of the formulas in ``InstrumentGradient``, in the units of the data.
public struct InstrumentDerivatives: Sendable {
  /// Coefficients of all estimators, one after another, and instruments of the source.
  public let coefficientCount: Int
  public let instrumentCount: Int

  private let regression: InstrumentalRegression
  private let estimators: [Estimator]
  /// T', what the coordinates of q move by with each instrument [instruments, L].
  private let units: Matrix

  private struct Estimator: Sendable {
    let leverage: InstrumentGradient.Leverage?
    /// Over (W, q, r), instrument by instrument for each coefficient [q instruments, columns].
    let forms: Matrix
    /// What multiplies s, likewise [q instruments].
    let shifts: [Double]
  }

  /// One pass. Collective.
  ///
  /// - Parameters:
  ///   - methods: estimators, with the covariance of each; it decides the weight of GMM.
  ///   - source: the rows of the regression.
  /// - Throws: as ``InstrumentalRegression/estimate(_:covariance:)``; on all ranks the same ``Failure`` when a chunk
  ///   cannot be read.
  public init(
    _ regression: InstrumentalRegression, _ methods: [(InstrumentalEstimator, InstrumentalCovariance)],
    of source: some InstrumentalRows
  ) throws {
    let gradients = try methods.map { try InstrumentGradient($0, $1, of: regression) }
    let q = regression.endogenousCount
    self.regression = regression
    coefficientCount = methods.count * q
    instrumentCount = source.names.instruments.count
    let units = Self.units(regression, source.names)
    self.units = units
    let projections = try Self.projections(gradients, regression, source)
    estimators = zip(gradients, projections).map { gradient, projection in
      Self.estimator(gradient, projection, regression, units)
    }
  }

  private static func units(_ regression: InstrumentalRegression, _ names: InstrumentalNames) -> Matrix {
    let (basis, c) = (regression.forms.basis, regression.controlCount)
    var units = Matrix(rows: names.instruments.count, columns: basis.instrumentCount)
    for j in 0..<basis.instrumentCount {
      let column = basis.kept[c - 1 + j]
      for l in 0..<basis.instrumentCount {
        units[column - names.controls.count, l] =
          basis.instruments[l, c + j] / regression.standardization.scales[column]
      }
    }
    return units
  }

  /// Σ v τ_a q (W, q)' of each coefficient, then Σ v s (W, q)' [q L + 1, c + L]. One pass.
  private static func projections(
    _ gradients: [InstrumentGradient], _ regression: InstrumentalRegression, _ source: some InstrumentalRows
  ) throws -> [Matrix] {
    let layout = regression.sums.layout
    let (l, q, inputs) = (layout.instruments, layout.endogenous, layout.controls + layout.instruments)
    let outputs = q * l + 1
    let length = outputs * inputs
    let zeros = [Double](repeating: 0, count: gradients.count * length)
    guard gradients.contains(where: { $0.leverage != nil }) else {
      return gradients.map { _ in Matrix(rows: outputs, columns: inputs) }
    }
    let sums = try source.rows.sum(zeros) { sums, index in
      try source.withChunk(index) { chunk in
        let terms = RowTerms(regression.forms, layout)
        let stride = terms.rows.stride
        let buffer = AlignedBuffer(count: (q + 1 + outputs) * stride)
        let (factors, products) = (buffer.pointer, buffer.pointer + (q + 1) * stride)
        for block in chunk.blocks {
          terms.evaluate(block, regression.standardization)
          for (place, gradient) in gradients.enumerated() {
            guard let leverage = gradient.leverage else { continue }
            terms.fill(leverage, into: factors, block.rowCount)
            terms.fillProducts(factors, into: products, block.rowCount)
            let layer = Kernel.Layer(
              inputs: inputs - 1, outputs: outputs, rowCount: block.rowCount, stride: stride)
            sums.withUnsafeMutableBufferPointer {
              layer.addGradient(
                inputs: terms.column(0), outputGradient: products, to: $0.baseAddress! + place * length)
            }
          }
        }
      }
    }
    return gradients.indices.map { place in
      Matrix(rows: outputs, columns: inputs, values: Array(sums[place * length..<(place + 1) * length]))
    }
  }

  /// The forms of M g.
  private static func estimator(
    _ gradient: InstrumentGradient, _ projection: Matrix, _ regression: InstrumentalRegression, _ units: Matrix
  ) -> Estimator {
    let layout = regression.sums.layout
    let (c, l, q, m) = (layout.controls, layout.instruments, layout.endogenous, layout.targets)
    let orthonormal = regression.stage.orthonormal
    let ofShift = Array(projection[row: q * l])
    var (forms, shifts): ([Double], [Double]) = ([], [])
    for a in 0..<q {
      var onTargets = gradient.onTargets[a]
      var shift = Array(repeating: 0.0, count: l)
      if case .jackknife(_, _, let bread) = gradient.leverage {
        let own = Array(bread[row: a]) + [0]
        for i in 0..<l { for j in 0..<m { onTargets[i, j] += ofShift[c + i] * own[j] } }
        shift = orthonormal * own
      }
      let onInstruments = onTargets * orthonormal.transposed
      var form = Matrix(rows: l, columns: layout.columns)
      for i in 0..<l {
        for j in 0..<c + l { form[i, j] = -projection[a * l + i, j] - shift[i] * ofShift[j] }
        for j in 0..<l { form[i, c + j] -= onInstruments[i, j] }
        for j in 0..<m { form[i, c + l + j] = onTargets[i, j] }
      }
      let unit = regression.slopeUnits[a]
      forms += (unit * (units * form)).values
      shifts += (units * shift).map { unit * $0 }
    }
    return Estimator(
      leverage: gradient.leverage,
      forms: Matrix(rows: q * units.rows, columns: layout.columns, values: forms), shifts: shifts)
  }

  /// Writes ∂b_a/∂Z_ij of the rows of a chunk, each with all the observations that it stands for, to
  /// `values[(a * instrumentCount + j) * stride + row]`; 0 for instruments that were left out.
  ///
  /// - Parameter chunk: of the rows of the regression.
  public func fill(_ chunk: InstrumentalChunk, into values: UnsafeMutablePointer<Double>, stride: Int) {
    let terms = RowTerms(regression.forms, regression.sums.layout)
    let (q, length, own) = (terms.layout.endogenous, instrumentCount, terms.rows.stride)
    let buffer = AlignedBuffer(count: (q + 1 + (q + 1) * length) * own)
    let (factors, coordinates) = (buffer.pointer, buffer.pointer + (q + 1) * own)
    let columns = coordinates + length * own
    for (place, block) in chunk.blocks.enumerated() {
      let (count, start) = (block.rowCount, place * InstrumentalChunk.blockLength)
      terms.evaluate(block, regression.standardization)
      let totals = terms.rows.totals.pointer
      terms.forward(units, of: terms.column(terms.instruments), into: coordinates, count)
      for (e, estimator) in estimators.enumerated() {
        terms.forward(estimator.forms, of: terms.column(0), into: columns, count)
        if let leverage = estimator.leverage { terms.fill(leverage, into: factors, count) }
        for a in 0..<q {
          let (tau, unit) = (factors + a * own, regression.slopeUnits[a])
          for j in 0..<length {
            let (x, z) = (columns + (a * length + j) * own, coordinates + j * own)
            let target = values + ((e * q + a) * length + j) * stride + start
            guard estimator.leverage != nil else {
              for i in 0..<count { target[i] = totals[i] * x[i] }
              continue
            }
            let (shift, lift) = (estimator.shifts[a * length + j], factors + q * own)
            for i in 0..<count { target[i] = totals[i] * (x[i] + unit * tau[i] * z[i] + shift * lift[i]) }
          }
        }
      }
    }
  }
}

extension RowTerms {
  /// Writes τ_a of each coefficient, then s.
  func fill(_ leverage: InstrumentGradient.Leverage, into target: UnsafeMutablePointer<Double>, _ count: Int) {
    let (q, m, stride) = (layout.endogenous, layout.targets, rows.stride)
    let weights = rows.weights.pointer
    target.update(repeating: 0, count: (q + 1) * stride)
    switch leverage {
    case .quadratic(let forms):
      for (a, form) in forms.enumerated() {
        let own = target + a * stride
        for b in 0..<m {
          for c in b..<m {
            let (x, z, factor) = (column(targets + b), column(targets + c), (b == c ? -2 : -4) * form[b, c])
            for i in 0..<count { own[i] += factor * x[i] * z[i] }
          }
        }
        for i in 0..<count { own[i] *= weights[i] }
      }
    case .jackknife(let index, let coefficients, let bread):
      let s = target + q * stride
      // UJIVE multiplies D and y as they are, and takes the leverage of controls from a row too.
      let isRaw = index == 1
      let residual = InstrumentalRegression.residual(coefficients)
      for (b, factor) in residual.enumerated() {
        let source = isRaw ? rows.column(targets + b) : column(targets + b)
        for i in 0..<count { s[i] += factor * source[i] }
      }
      let (ofControls, ofInstruments) = (column(leverages), column(leverages + 1))
      for i in 0..<count {
        let isPredicted = 1 - ofControls[i] - ofInstruments[i] > Self.leastFreedom
        let freedom = 1 - ofInstruments[i] - (isRaw ? ofControls[i] : 0)
        let share = isPredicted ? 1 / freedom : 0
        s[i] *= share
        for a in 0..<q {
          let unexplained = (0..<q).reduce(0) { $0 + bread[a, $1] * column(residuals + $1)[i] }
          target[a * stride + i] = -2 * weights[i] * s[i] * share * unexplained
        }
      }
    }
  }

  /// Writes τ_a q of each coefficient and s behind them, times the weights of all observations.
  func fillProducts(
    _ factors: UnsafePointer<Double>, into target: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    let (l, q, stride, totals) = (layout.instruments, layout.endogenous, rows.stride, rows.totals.pointer)
    for a in 0..<q {
      let tau = factors + a * stride
      for j in 0..<l {
        let (own, instrument) = (target + (a * l + j) * stride, column(instruments + j))
        for i in 0..<count { own[i] = totals[i] * tau[i] * instrument[i] }
      }
    }
    let (own, s) = (target + q * l * stride, factors + q * stride)
    for i in 0..<count { own[i] = totals[i] * s[i] }
  }
}
