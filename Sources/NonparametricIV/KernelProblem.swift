import Communication
import Diagnostics
import LinearAlgebra

/// The rows of a kernel method with its landmarks, and the widths of the kernels that it may have.
struct KernelProblem<Source: StructuralRows>: Sendable {
  /// What a method finds for one width: coefficients on the features of (t, x), and the mean squared error of what they
  /// predict of y on rows held out, by which widths are judged.
  typealias Choice = (coefficients: [Double], loss: Double)

  private let rows: Source
  private let landmarks: Landmarks
  private let dual: KernelCoordinates
  private let structural: KernelCoordinates
  private let quarters: RowParts
  /// Of the kernel on the instruments' side and that of (t, x).
  private let widths: [(dual: Double, structural: Double)]
  private let seed: UInt64

  /// Multiples of the columns' standard deviations.
  private static var multiples: [Double] { [1, 2, 4, 8] }
  /// As many rows judge the widths at most; all of them make the fit.
  private static var mostJudges: Int { 20_000 }

  /// - Parameter usesMedians: whether the widths are those of the landmarks' median distances and not multiples.
  init(
    _ rows: Source, _ landmarks: Landmarks, dual: KernelCoordinates, usesMedians: Bool, seed: UInt64
  ) {
    self.rows = rows
    self.landmarks = landmarks
    self.dual = dual
    structural = .structural(covariateCount: rows.covariateCount)
    quarters = RowParts(count: KernelHalf.quarterCount, seed: seed, stream: .structuralParts)
    self.seed = seed
    widths =
      usesMedians
      ? [(landmarks.medianWidth(dual), landmarks.medianWidth(structural))]
      : Self.multiples.map { ($0, $0) }
  }

  /// The fit with the width of the least loss. Collective.
  func best(_ solve: (KernelSums) throws -> Choice) throws -> StructuralFit<KernelExpansion> {
    var best: (loss: Double, features: (dual: KernelFeatures, structural: KernelFeatures), choice: Choice)?
    let judges =
      rows.rows.rowCount > Self.mostJudges
      ? SampleRows(try Landmarks(rows, count: Self.mostJudges, seed: seed), of: rows) : nil
    for width in widths {
      let features = (
        dual: try KernelFeatures(dual, landmarks: landmarks.rows, width: width.dual),
        structural: try KernelFeatures(
          structural, landmarks: landmarks.rows, width: width.structural)
      )
      let choice = try solve(judges.map { try sums($0, features) } ?? sums(rows, features))
      if best.map({ choice.loss < $0.loss }) ?? choice.loss.isFinite {
        best = (choice.loss, features, choice)
      }
    }
    guard let best else {
      throw Failure(
        .numerical,
        "no kernel has a finite error; check the columns for values that are far from all others")
    }
    let (features, choice) = (best.features, best.choice)
    let final = try judges == nil ? choice : solve(sums(rows, features))
    return StructuralFit(
      function: features.structural.function(final.coefficients), criterion: final.loss)
  }

  private func sums(
    _ rows: some StructuralRows, _ features: (dual: KernelFeatures, structural: KernelFeatures)
  ) throws -> KernelSums {
    let sums = try KernelSums(rows, dual: features.dual, structural: features.structural, parts: quarters)
    guard sums.weights.allSatisfy({ $0 > 0 }) else {
      throw Failure(.data, "one of the quarters that kernels are judged on has no row with weight; give more rows")
    }
    return sums
  }
}

/// One half of the rows, which learns or judges, of two quarters that do both in turn.
enum KernelHalf: CaseIterable {
  case first, second

  static let quarterCount = 4

  var quarters: [Int] { self == .first ? [0, 1] : [2, 3] }
  /// One quarter and the other, and the other way round.
  var ways: [(Int, Int)] { [(quarters[0], quarters[1]), (quarters[1], quarters[0])] }
}
