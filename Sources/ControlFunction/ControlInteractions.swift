import Mixture

/// A coefficient of V that varies with the row: κ_k + λ'C, with C columns of x and t (Garen 1984, "The returns to
/// schooling: a selectivity bias approach"; Wooldridge 2015, "Control function methods in applied econometrics").
///
/// The outcome's residual then is no linear form of the design's columns, but less one by λ'C V; see
/// ``Mixture/RowTerms``. Sums with V C, a few columns of each group's own, make the step of all coefficients of the outcome,
/// and ``SlopeSums`` of a second pass that of β.
public struct ControlInteractions: Sendable, Equatable, Codable {
  /// λ.
  public var coefficients: [Double]
  /// The columns C of the design.
  let columns: [Int]
  /// The number of columns of the design behind y, which nothing else has a use for.
  let ownColumnCount: Int

  /// λ = 0.
  ///
  /// - Parameters:
  ///   - columns: the columns C of the design.
  ///   - ownColumnCount: the number of columns behind y, which are some of C.
  public init(columns: [Int], ownColumnCount: Int = 0) {
    coefficients = Array(repeating: 0, count: columns.count)
    self.columns = columns
    self.ownColumnCount = ownColumnCount
  }
}

extension JointMixture {
  /// The number of columns C.
  var interactionCount: Int { interactions?.coefficients.count ?? 0 }

  /// λ'C V of the outcome's residual in units of τ_k, by that of t in units of σ_k.
  var pulls: RowTerms.Pulls? {
    interactions.map { interactions in
      RowTerms.Pulls(
        columns: interactions.columns,
        coefficients: (0..<groupCount).map { k in
          interactions.coefficients.map { $0 * selectionDeviations[k] / outcomeDeviations[k] }
        })
    }
  }
}
