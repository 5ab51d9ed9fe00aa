import LinearAlgebra

/// The second moments of all arms in coordinates in which they are easy to read.
///
/// Features of the outcome side are whitened over all arms, those of the treatment side in each arm (arm's share
/// included): N_t = W_t' E[φ_Z φ_X' 1_t] W_X. There E[φ_X] and the combination that is 1 have the same coordinates, and
/// nothing that follows depends on the units or the coding of the features.
struct WhitenedArms: Sendable {
  /// N_t [r_t, r], and the same with y: W_t' E[y φ_Z φ_X' 1_t] W_X.
  let cross: [Matrix]
  let outcomeCross: [Matrix]
  /// W_X' E[φ_X], which is also the combination of whitened features that is 1.
  let mean: [Double]
  /// W_X [dx, r], and E[φ_X φ_X'] W_X, which turns whitened coordinates of E[φ_X | ..] into those of the features.
  let whitening: Matrix
  let unwhitening: Matrix
  /// The canonical values of (φ_Z 1_t)_t and φ_X, and the right vectors V.
  let canonical: CanonicalRank
  let directions: Matrix
  /// Σ w, and n with equal weights of the same precision (Kish).
  let weight: Double
  /// E[y | t] and Pr(t).
  let naiveMeans: [Double]
  let shares: [Double]

  /// - Parameter constant: c of the outcome side, φ_X·c = 1.
  init(_ arms: [ArmMoments], constant: [Double]) throws {
    weight = arms.reduce(0) { $0 + $1.weight }
    let squares = arms.reduce(0) { $0 + $1.weightSquares }
    let scale = 1 / weight
    let second = arms.dropFirst().reduce(arms[0].outcomeProducts(0)) { $0 + $1.outcomeProducts(0) }
    let whitening = try (scale * second).whitening()
    let sides = try arms.map { try (scale * $0.treatmentProducts(0)).whitening() }
    self.whitening = whitening
    cross = zip(arms, sides).map { scale * ($1.transposed * $0.crossProducts(0) * whitening) }
    outcomeCross = zip(arms, sides).map { scale * ($1.transposed * $0.crossProducts(1) * whitening) }
    mean = whitening.transposed * ((scale * second) * constant)
    unwhitening = (scale * second) * whitening
    let singular = try SingularValues(.stacked(cross))
    directions = singular.right
    canonical = CanonicalRank(
      singular: singular, ranks: (sides.reduce(0) { $0 + $1.columns }, whitening.columns),
      rowCount: weight * weight / squares)
    naiveMeans = arms.map { arm in dot(arm.outcomeProducts(1) * constant, constant) / arm.weight }
    shares = arms.map { $0.weight * scale }
  }

  /// The largest rank that every arm's features on both sides allow.
  var largestRank: Int { cross.reduce(.max) { min($0, $1.rows, $1.columns) } }
}

/// Σ a_i b_i.
func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
