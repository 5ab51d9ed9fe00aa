/// Parameters of a joint mixture whose scores are one number of the row and its group, times columns of the design:
/// ∂ log π_k f_k / ∂θ_j = s_k c_j, with c the first columns of φ.
///
/// So what sums over rows take of two families is Σ W c c', W a number of the row, however many parameters they have.
struct ScoreFamily: Sendable, Equatable {
  enum Role: Sendable, Equatable {
    /// b, on φ.
    case outcome
    /// λ_j; C_j is in s.
    case interaction(Int)
    /// κ_k.
    case endogeneity(Int)
    /// κ2_k.
    case bend(Int)
    /// δ_k, on the constant or ρ.
    case shift(Int)
    /// log τ_k.
    case outcomeDeviation(Int)
    /// β_k, on ρ.
    case slopes(Int)
    /// log σ_k.
    case selectionDeviation(Int)
    /// ω_k or log π_k / π_0, on ρ or the constant.
    case logShare(Int)
  }

  let role: Role
  /// Where its parameters stand among all.
  let places: Range<Int>

  /// The number of its columns, and so of its parameters.
  var width: Int { places.count }

  /// The group whose density alone has the parameters; nil where all groups have them.
  var group: Int? {
    switch role {
    case .outcome, .interaction, .logShare: nil
    case .endogeneity(let k), .bend(let k), .shift(let k), .outcomeDeviation(let k), .slopes(let k),
      .selectionDeviation(let k):
      k
    }
  }
}

extension JointParameters {
  /// All parameters, in the order of their places.
  var families: [ScoreFamily] {
    func each(_ places: Range<Int>, _ role: (Int) -> ScoreFamily.Role) -> [ScoreFamily] {
      places.enumerated().map { ScoreFamily(role: role($0), places: $1..<$1 + 1) }
    }
    var families = [ScoreFamily(role: .outcome, places: outcome)]
    families += each(interactions) { .interaction($0) }
    families += each(endogeneities) { .endogeneity($0) }
    families += each(bends) { .bend($0) }
    families += (1..<groups).map { ScoreFamily(role: .shift($0), places: shifts($0)) }.filter { $0.width > 0 }
    families += each(logOutcomeDeviations) { .outcomeDeviation($0) }
    families += (0..<groups).map { ScoreFamily(role: .slopes($0), places: slopes($0)) }
    families += each(logSelectionDeviations) { .selectionDeviation($0) }
    families += (1..<groups).map { ScoreFamily(role: .logShare($0), places: logShares($0)) }
    return families
  }
}
