/// Which functions of a group's index f_k(x) and of the covariates are multiplied by the group's weights.
///
/// An instrument is I_ih = Σ_k (Z_ik - π_k) h(f_k(x_i), x_i). Within group k the mean of a function of t at x depends on
/// x through f_k alone, so functions of the index are what the group can say of the same functions of t. Since Z does
/// not depend on x, taking π_k off makes every I_h free of any function of x, whether the controls can fit it or not
/// (Borusyak and Hull 2023, "Non-random exposure to exogenous shocks").
enum InstrumentSet: Sendable {
  /// φ at the index, and for each covariate its product with the index, or with the square of the index where φ holds
  /// that product already: as many over-identifying restrictions as covariates.
  case index(OutcomeFunctions)
  /// Splines of the index, and the products of each covariate with the index and with its square: the same whatever φ
  /// is, for choosing among forms.
  case rich(OutcomeFunctions)
  /// (Z_k - π_k) times 1, covariates, their squares and products.
  case interactions(ControlBasis)
  /// Z_k - π_k alone.
  case groups

  /// The columns that one group, or all of them together, contribute.
  func names(groups: [String], covariates: [String]) -> [String] {
    switch self {
    case .index(let functions):
      let power = functions.form.hasInteractions ? "f^2" : "f"
      return functions.names.map { "E[\($0)]" } + covariates.map { "\(power)*\($0)" }
    case .rich(let functions):
      return functions.names.map { "E[\($0)]" } + covariates.map { "f*\($0)" } + covariates.map { "f^2*\($0)" }
    case .interactions(let basis):
      return groups.dropLast().flatMap { group in ["z\(group)"] + basis.names.map { "z\(group)*\($0)" } }
    case .groups: return groups.dropLast().map { "z\($0)" }
    }
  }
}
