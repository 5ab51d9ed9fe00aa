import Diagnostics
import Features
import Frames

/// A basis of x with its size.
public enum CovariateChoice: Sendable, Codable, Equatable {
  case polynomial(degree: Int)
  /// Cubic B-splines of each covariate.
  case additive
  /// These, and tensor products of coarser ones for every pair of covariates.
  case spline(tensorKnots: Int)

  private static let splines = JointBases.tensorKnots.map { CovariateChoice.spline(tensorKnots: $0) }

  /// The choices that an option leaves: families of bases, each from the smallest.
  static func families(_ option: CovariateBasis) -> [[CovariateChoice]] {
    switch option {
    case .auto: [[3, 4, 5].map { .polynomial(degree: $0) }, splines]
    case .polynomial2: [[.polynomial(degree: 2)]]
    case .polynomial3: [[.polynomial(degree: 3)]]
    case .polynomial4: [[.polynomial(degree: 4)]]
    case .polynomial5: [[.polynomial(degree: 5)]]
    case .additive: [[.additive]]
    case .spline: [splines]
    }
  }

  /// What is left for `auto` where many covariates meet few rows.
  private static let small: [[CovariateChoice]] = [[.polynomial(degree: 1), .polynomial(degree: 2)], [.additive]]

  /// The families that the rows can carry; smaller bases than usual where `auto` finds no other.
  ///
  /// - Parameter clusters: of rows whose errors may depend on each other; nil for independent ones.
  /// - Throws: ``Failure`` `data` when there is none.
  static func feasible(
    _ option: CovariateBasis, in frame: Frame, clusters: RowClusters?
  ) throws -> [[CovariateChoice]] {
    let (usual, m, rows) = (families(option), frame.covariateCount, effectiveRows(of: frame, clusters))
    for families in option == .auto ? [usual, small] : [usual] {
      let feasible = families.map { $0.filter { $0.isFeasible(covariates: m, rows: rows) } }
      if !feasible.joined().isEmpty { return feasible }
    }
    let columns = (option == .auto ? small : usual).joined().map { $0.count(covariates: m) }.min()!
    let reason =
      columns <= JointBases.largestCount
      ? "at least \(JointContest.rowsPerColumn * columns) rows, and there are \(rows)"
        + (rows < frame.observationCount ? " with covariates of their own, one for each cluster" : "")
      : "\(columns) columns, and \(JointBases.largestCount) are the most"
    throw Failure(
      .data,
      "--covariate-basis \(option.rawValue) of \(m) covariates takes \(reason); choose a smaller basis, or leave covariates "
        + "out with giv-dist shard --covariates")
  }

  /// The observations that tell of functions of the covariates.
  static func effectiveRows(of frame: Frame, _ clusters: RowClusters?) -> Int {
    Int((Double(frame.observationCount) * (clusters?.effectiveShare ?? 1)).rounded())
  }

  func isFeasible(covariates: Int, rows: Int) -> Bool {
    let count = count(covariates: covariates)
    return count <= JointBases.largestCount && JointContest.rowsPerColumn * count <= rows
  }

  /// How many products of x it has, at most.
  func count(covariates m: Int) -> Int {
    let additive = m * (JointBases.additiveKnots + 1)
    return switch self {
    case .polynomial(let degree): PolynomialBasis.count(covariates: m, degree: degree)
    case .additive: additive
    case .spline(let knots): additive + m * (m - 1) / 2 * (knots + 1) * (knots + 1)
    }
  }

  /// Larger bases that tell whether this one is large enough, the most telling first: a polynomial of one degree more
  /// often misses the same.
  var enlargements: [CovariateChoice] {
    let splines = Self.splines
    switch self {
    case .polynomial(let degree):
      return [splines[0]] + (degree < 3 ? [.additive] : []) + (degree < 5 ? [.polynomial(degree: degree + 1)] : [])
    case .additive: return [splines[0]]
    case .spline(let knots): return splines.filter { $0 != self && knots < $0.tensorKnots }.prefix(1).map { $0 }
    }
  }

  /// The basis that starts compete on before this one: quadratic, if that is smaller.
  func pilot(covariates m: Int) -> CovariateChoice {
    let quadratic = CovariateChoice.polynomial(degree: 2)
    return quadratic.count(covariates: m) < count(covariates: m) ? quadratic : self
  }

  /// Whether it is one that `auto` takes only where the rows carry no other.
  var isSmall: Bool { Self.small.joined().contains(self) }

  private var tensorKnots: Int {
    if case .spline(let knots) = self { knots } else { 0 }
  }

  public var description: String {
    switch self {
    case .polynomial(let degree): "polynomial of degree \(degree)"
    case .additive: "additive splines"
    case .spline(let knots): "splines with tensors of \(knots) knots"
    }
  }
}
