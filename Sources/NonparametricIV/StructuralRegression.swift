import LinearAlgebra
import Runs

/// The function g of y = g(t, x) + u that a nonparametric instrumental regression found.
public protocol StructuralFunction: Sendable, Codable {
  /// Writes g(t_i, x_i) for some rows to `values`.
  ///
  /// - Parameters:
  ///   - covariates: one column for each, readable like `treatment` to a multiple of ``Kernel/lanes`` rows.
  ///   - values: writable as far.
  func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>)

  /// Writes g(t_p, x_i) for some treatments at some rows to `values[p * stride + i]`.
  func evaluate(
    at treatments: [Double], covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>, stride: Int)
}

extension StructuralFunction {
  public func evaluate(
    at treatments: [Double], covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let treatment = AlignedBuffer(count: Kernel.paddedCount(rowCount))
    for (p, t) in treatments.enumerated() {
      treatment.pointer.update(repeating: t, count: treatment.count)
      evaluate(treatment.pointer, covariates: covariates, rowCount: rowCount, into: values + p * stride)
    }
  }
}

/// A way from rows with instruments to the function g: one of the methods of ``NonparametricMethod``.
public protocol StructuralRegression: Sendable {
  associatedtype Function: StructuralFunction

  /// Finds g from rows whose y, t and x have mean 0 and standard deviation 1. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: what the method cannot take (data), or a training that left the range
  ///   of numbers (numerical).
  func fit(_ rows: some StructuralRows) throws -> StructuralFit<Function>
}

/// A way to g on which networks are trained: a journal keeps what they have come to from epoch to epoch, so that a training
/// that is interrupted goes on.
public protocol TrainedRegression: StructuralRegression {
  /// Finds g as ``StructuralRegression/fit(_:)`` does.
  func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<Function>
}

extension TrainedRegression {
  public func fit(_ rows: some StructuralRows) throws -> StructuralFit<Function> { try fit(rows, in: Journal()) }
}

/// What a nonparametric instrumental regression found.
public struct StructuralFit<Function: StructuralFunction>: Sendable, Codable {
  public let function: Function
  /// The method's own objective on rows that were held out, in units of the variance of y; never a distance from the
  /// true g, which is not known.
  public let criterion: Double

  public init(function: Function, criterion: Double) {
    self.function = function
    self.criterion = criterion
  }
}
