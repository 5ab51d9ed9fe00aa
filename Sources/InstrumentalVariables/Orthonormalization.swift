import Communication
import Diagnostics
import LinearAlgebra

/// A column that was left out of a regression because those before it determine it.
public struct DroppedColumn: Sendable, Equatable, Codable {
  public enum Role: String, Sendable, Codable {
    case control, instrument
  }
  public let name: String
  public let role: Role

  public init(name: String, role: Role) {
    self.name = name
    self.role = role
  }
}

/// The second pass: the Gram matrix of all columns, and from it the forms that make controls orthonormal, instruments
/// orthonormal and free of controls, and D and y free of controls.
///
/// The third pass evaluates these forms and sums the Gram matrix of what they give once more. Since those columns are
/// nearly orthonormal, what the second Gram matrix corrects is rounding of the first: estimates keep the precision of a
/// QR decomposition as long as the condition number stays below 1e8 or so, and lose it slowly beyond (Yamamoto,
/// Nakatsukasa, Yanagisawa and Fukaya 2015, "Roundoff error analysis of the CholeskyQR2 algorithm").
struct Orthonormalization: Sendable, Equatable {
  /// The share of a column that those before it must leave, 1 - R², for it to stay.
  static let dependenceTolerance = 1e-9

  /// W with the constant, and Z, that stay.
  let controlCount: Int
  let instrumentCount: Int
  let endogenousCount: Int
  /// W, Z, D, y that stay, by their places in ``InstrumentalChunk/columns``.
  let kept: [Int]
  let dropped: [DroppedColumn]
  /// Of the Gram matrix of (W, Z), scaled to a unit diagonal.
  let conditionNumber: Double
  /// The forms of W [c, c] and of Z [L, c + L], over the columns 1, W, Z.
  let controls: Matrix
  let instruments: Matrix
  /// What is taken from (D, y), over the columns 1, W [q + 1, c].
  let explained: Matrix
  /// Products of D and y with the orthonormal instruments, Σ v q (D, y)' [L, q + 1].
  let reducedForm: Matrix
  /// Σ v (D, y)(D, y)' after controls are partialled out [q + 1, q + 1].
  let partialled: Matrix
  /// The square sums Σ v (D, y)² around the means.
  let squares: [Double]

  /// Those of several regressions, or why one has none. One pass. Collective.
  static func all(
    _ family: some InstrumentalFamily, _ standardizations: [Result<Standardization, any Error>]
  ) throws -> [Result<Orthonormalization, any Error>] {
    let found = standardizations.map { try? $0.get() }
    let grams = try grams(family, found)
    return standardizations.indices.map { place in
      standardizations[place].flatMap { standardization in
        Result { try Self(grams[place]!, family.names[place], rowCount: standardization.rowCount) }
      }
    }
  }

  /// The Gram matrix of the columns 1, W, Z, D, y, standardised. Collective.
  static func gram(_ source: some InstrumentalRows, _ standardization: Standardization) throws -> Matrix {
    try grams(SingleRegression(source: source), [standardization])[0]!
  }

  private static func grams(
    _ family: some InstrumentalFamily, _ standardizations: [Standardization?]
  ) throws -> [Matrix?] {
    let rows = family.names.map { StandardizedRows(columnCount: 1 + $0.all.count) }
    let columns = zip(rows, family.names).map { rows, names in (0...names.all.count).map(rows.column) }
    let zeros = zip(standardizations, columns).map { standardization, columns in
      standardization.map { _ in [Double](repeating: 0, count: PackedTriangle.count(order: columns.count)) }
    }
    let sums = try family.sums(zeros) { place, chunk, _, sums in
      let (rows, all) = (rows[place], Array(chunk.columns.indices))
      for block in chunk.blocks {
        rows.fill(block, standardizations[place]!, kept: all)
        Kernel.addWeightedGram(
          of: columns[place], rowCount: block.rowCount, weights: rows.totals.pointer, groupCount: 1,
          stride: rows.stride, to: &sums, at: 0)
      }
    }
    return zip(sums, columns).map { sums, columns in
      sums.map { Matrix(packedTriangle: $0, order: columns.count) }
    }
  }

  /// - Parameter gram: of the columns 1, W, Z, D, y.
  /// - Throws: a ``Failure`` (data): fewer instruments than endogenous columns, fewer rows than columns, an endogenous
  ///   column or a response that others determine.
  init(_ gram: Matrix, _ names: InstrumentalNames, rowCount: Double) throws {
    let (controls, instruments) = (names.controls.count, names.instruments.count)
    let exogenous = Array(0..<1 + controls + instruments)
    let targets = Array(exogenous.count..<gram.columns)
    let dependent = Set(gram.dependentColumns(inOrder: exogenous, tolerance: Self.dependenceTolerance))
    let staying = exogenous.filter { !dependent.contains($0) }
    dropped = dependent.sorted().map {
      DroppedColumn(name: names.all[$0 - 1], role: $0 <= controls ? .control : .instrument)
    }
    let controlPlaces = staying.filter { $0 <= controls }
    controlCount = controlPlaces.count
    instrumentCount = staying.count - controlPlaces.count
    endogenousCount = names.endogenous.count
    kept = (staying.dropFirst() + targets).map { $0 - 1 }
    squares = targets.map { gram[$0, $0] - gram[0, $0] * gram[0, $0] / gram[0, 0] }
    try Self.requireIdentification(
      gram, names, dropped, exogenous: staying, controls: controlPlaces, targets: targets, rowCount: rowCount)
    let block = gram.selecting(rows: staying, columns: staying)
    conditionNumber = try block.scaledConditionNumber()
    let forms = try Self.factor(block).inverseLower
    let (c, order) = (controlCount, staying.count)
    self.controls = forms.selecting(rows: Array(0..<c), columns: Array(0..<c))
    self.instruments = forms.selecting(rows: Array(c..<order), columns: Array(0..<order))
    let products = forms * gram.selecting(rows: staying, columns: targets)
    let onControls = products.selecting(rows: Array(0..<c), columns: Array(targets.indices))
    reducedForm = products.selecting(rows: Array(c..<order), columns: Array(targets.indices))
    explained = onControls.transposed * self.controls
    partialled = gram.selecting(rows: targets, columns: targets) - onControls.gram
  }

  private static func factor(_ gram: Matrix) throws -> Cholesky {
    do { return try Cholesky(gram, tolerance: 0) } catch {
      throw Failure(
        .numerical, "controls and instruments have no factor: \(error); leave out columns that others determine")
    }
  }

  /// Refuses a model whose coefficients the rows cannot determine, and names the column.
  private static func requireIdentification(
    _ gram: Matrix, _ names: InstrumentalNames, _ dropped: [DroppedColumn], exogenous: [Int], controls: [Int],
    targets: [Int], rowCount: Double
  ) throws {
    let instrumentCount = exogenous.count - controls.count
    let endogenous = names.endogenous
    guard rowCount > Double(exogenous.count + endogenous.count) else {
      throw Failure(
        .data,
        "\(Int(rowCount)) rows for \(exogenous.count + endogenous.count) columns; give more rows or leave out columns")
    }
    func isDetermined(_ target: Int, by others: [Int]) -> Bool {
      gram.dependentColumns(inOrder: others + [target], tolerance: dependenceTolerance).contains(target)
    }
    for (place, target) in targets.enumerated() {
      let name = place < endogenous.count ? endogenous[place] : names.response
      if isDetermined(target, by: controls) {
        throw Failure(
          .data, "column '\(name)' is constant or a combination of the controls; it has nothing left to be explained")
      }
      if place < endogenous.count, place > 0, isDetermined(target, by: controls + Array(targets[0..<place])) {
        throw Failure(.data, "endogenous column '\(name)' is a combination of those before it; leave it out")
      }
      if isDetermined(target, by: exogenous) {
        throw Failure(
          .data, "column '\(name)' is a combination of controls and instruments; leave out the instrument that it is")
      }
    }
    guard instrumentCount >= endogenous.count || names.instruments.isEmpty else {
      let lost = dropped.filter { $0.role == .instrument }.map { "'\($0.name)'" }.joined(separator: ", ")
      throw Failure(
        .data,
        "\(endogenous.count) endogenous columns need as many instruments at least, and \(instrumentCount) "
          + (lost.isEmpty ? "are given" : "are left, for controls and other instruments determine \(lost)")
          + "; give more instruments")
    }
  }
}

extension Matrix {
  /// The ratio of the largest to the smallest eigenvalue after scaling to a unit diagonal; infinite when the latter is
  /// not positive.
  func scaledConditionNumber() throws -> Double {
    let scale = diagonal.map { $0.squareRoot() }
    var scaled = self
    for i in 0..<rows { for j in 0..<columns { scaled[i, j] /= scale[i] * scale[j] } }
    let values = try SymmetricEigen(scaled).values
    return values[0] > 0 ? values[values.count - 1] / values[0] : .infinity
  }
}
