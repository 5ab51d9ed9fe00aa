import Features
import Frames
import Mixture

/// The bases that a joint fit may choose from, on the quantiles of the data.
struct JointBases {
  /// Breakpoints of the additive splines of x.
  static let additiveKnots = 5
  /// Breakpoints of the factors of tensor products, from coarse to fine.
  static let tensorKnots = [4, 5, 6, 8]
  private static var covariateKnots: [Int] { Set([additiveKnots] + tensorKnots).sorted() }
  /// Breakpoints of splines in t; those beyond the first few are tried while the finest so far is the best.
  static let treatmentKnots = [5, 7, 10, 14, 20, 28, 40]
  static let usualTreatmentKnots = 5
  /// A basis of more columns than this is not tried unless asked for.
  static let largestCount = 400

  let foundation: JointBasis
  private let covariateCount: Int
  /// Per covariate, the place of a spline of some breakpoints; nil where the covariate has too few values for one.
  private let places: [[Int: Int]]

  /// The bases whose breakpoints are quantiles of the rows. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when the rows cannot be read.
  static func onQuantiles(
    of table: Frame, selection: Basis, scaling: ColumnScaling
  ) throws -> JointBases {
    let counts = Set(covariateKnots + treatmentKnots)
    let probabilities = Set(counts.flatMap(Self.probabilities)).sorted()
    let quantiles = try table.quantiles(of: probabilities, includesTreatment: true)
    return JointBases(
      selection: selection, scaling: scaling,
      quantiles: quantiles.map { Dictionary(uniqueKeysWithValues: zip(probabilities, $0)) })
  }

  /// - Parameter quantiles: of x_1 … x_m, t by probability.
  private init(selection: Basis, scaling: ColumnScaling, quantiles: [[Double: Double]]) {
    let m = quantiles.count - 1
    covariateCount = m
    var splines: [[CubicSpline]] = []
    var places: [[Int: Int]] = []
    for variable in 0...m {
      var own: [CubicSpline] = []
      var place: [Int: Int] = [:]
      for count in variable == m ? Self.treatmentKnots : Self.covariateKnots {
        var breakpoints: [Double] = []
        for probability in Self.probabilities(count) {
          let value = quantiles[variable][probability]!
          let scaled = (value - scaling.centers[variable]) / scaling.scales[variable]
          if breakpoints.last.map({ scaled > $0 }) ?? true { breakpoints.append(scaled) }
        }
        // Merged quantiles mean ties; see ``SplineBasis``.
        guard breakpoints.count >= min(4, count) else { continue }
        place[count] = own.count
        own.append(CubicSpline(breakpoints: breakpoints))
      }
      splines.append(own)
      places.append(place)
    }
    self.places = places
    foundation = JointBasis(selection: selection, scaling: scaling, splines: splines)
  }

  private static func probabilities(_ knots: Int) -> [Double] { (0..<knots).map { Double($0) / Double(knots - 1) } }

  /// The functions of one variable in a spline of some breakpoints; the variable itself where it has none.
  private func functions(_ variable: Int, knots: Int) -> [Int] {
    places[variable][knots].map { Array(foundation.factors(variable, spline: $0)) } ?? [foundation.factor(variable)]
  }

  // MARK: X(x)

  /// The products of a basis of x.
  func covariateProducts(_ basis: CovariateChoice) -> [[Int]] {
    switch basis {
    case .polynomial(let degree): return polynomial(degree)
    case .additive: return additive
    case .spline(let tensorKnots):
      let factors = (0..<covariateCount).map { functions($0, knots: tensorKnots) }
      let tensors = (0..<covariateCount).flatMap { i in
        (0..<i).flatMap { j in factors[j].flatMap { first in factors[i].map { [first, $0] } } }
      }
      return additive + tensors
    }
  }

  private var additive: [[Int]] {
    (0..<covariateCount).flatMap { functions($0, knots: Self.additiveKnots).map { [$0] } }
  }

  private func polynomial(_ degree: Int) -> [[Int]] {
    var all: [[Int]] = []
    var last: [[Int]] = [[]]
    for _ in 0..<degree {
      last = last.flatMap { head in ((head.last ?? 0)..<covariateCount).map { head + [$0] } }
      all += last
    }
    return all.map { $0.map(foundation.factor) }
  }

  // MARK: Functions of t

  func treatmentProducts(_ choice: TreatmentChoice) -> [[Int]] {
    let t = foundation.treatmentFactor
    switch choice {
    case .quadratic: return [[t, t]]
    case .spline(let knots): return functions(covariateCount, knots: knots).filter { $0 != t }.map { [$0] }
    }
  }

  var interactions: [[Int]] { (0..<covariateCount).map { [foundation.factor($0), foundation.treatmentFactor] } }

  func basis(_ covariates: CovariateChoice, _ treatment: TreatmentChoice, interactions: Bool) -> JointBasis {
    var basis = foundation
    for product in covariateProducts(covariates) { basis.appendCovariate(product) }
    return basis.replacingTreatment(treatmentProducts(treatment) + (interactions ? self.interactions : []))
  }
}

/// Functions of t with their size.
public enum TreatmentChoice: Sendable, Codable, Equatable {
  case quadratic
  case spline(knots: Int)

  static func choices(_ option: OutcomeBasis) -> [TreatmentChoice] {
    let splines = JointBases.treatmentKnots.map { TreatmentChoice.spline(knots: $0) }
    return switch option {
    case .auto: [.quadratic] + splines
    case .quadratic: [.quadratic]
    case .spline: splines
    }
  }

  /// Whether it is tried only where the one before it is the best so far.
  var isUnusual: Bool {
    if case .spline(let knots) = self {
      knots > JointBases.treatmentKnots[JointBases.usualTreatmentKnots - 1]
    } else {
      false
    }
  }

  /// Whether there is no finer one.
  var isFinest: Bool { self == .spline(knots: JointBases.treatmentKnots.last!) }

  /// The one that the basis of x is chosen with.
  static func first(_ option: OutcomeBasis) -> TreatmentChoice {
    option == .quadratic ? .quadratic : .spline(knots: JointBases.treatmentKnots[1])
  }

  public var description: String {
    switch self {
    case .quadratic: "quadratic"
    case .spline(let knots): "splines with \(knots) knots"
    }
  }
}
