/// The tables and figures of the paper (Meta-EM, "Instrumental variables for treatment effect estimation in data fusion")
/// and of its supplement that can be made again.
public enum Experiment: String, Sendable, Codable, CaseIterable {
  /// Errors of regressions by instruments on Linear-3-3.
  case table1
  /// Accuracy of groups by the scenarios of K = 2 and five covariates.
  case table2
  /// Errors on real covariates.
  case table3
  /// Errors by numbers of groups and covariates.
  case table4
  /// Errors of all regressions on real covariates.
  case table5
  /// Curves of outcomes in scenarios that are not linear.
  case figure3
  /// What tells the number of groups.
  case figure4
  /// Accuracy of groups by their number.
  case figure5

  public var title: String {
    switch self {
    case .table1: "Table 1: squared error of the outcome under do(t), Linear-3-3"
    case .table2: "Table 2: share of rows whose group is right, K = 2 and five covariates"
    case .table3: "Table 3: squared error of the outcome under do(t), real covariates"
    case .table4: "Table 4 of the supplement: squared error of the outcome under do(t)"
    case .table5: "Table 5 of the supplement: squared error of the outcome under do(t), real covariates"
    case .figure3: "Figure 3: outcomes under do(t), sorted by the true ones"
    case .figure4: "Figure 4: maximum mean discrepancy by the number of groups"
    case .figure5: "Figure 5: share of rows whose group is right, by the number of groups"
    }
  }

  /// Whether covariates come from a file.
  public var needsCovariates: Bool { self == .table3 || self == .table5 }
  public var isFigure: Bool { rawValue.hasPrefix("figure") }

  /// What its table shows of the measures of a cell.
  public var measure: Measure {
    switch self {
    case .table1, .table3, .table4, .table5, .figure3: .outcome
    case .table2, .figure5: .accuracy
    case .figure4: .discrepancy
    }
  }
}

/// What a cell measures.
public enum Measure: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
  /// mean (ĝ - g)² over test rows in variances of y.
  case outcome
  /// mean (τ̂ - τ)² likewise, τ = g(t, x) - g(0, x).
  case effect = "ite"
  /// E[Y | do(t), x] differs from g by E[ε | x]: what a perfect regression has of ``outcome``.
  case floor
  /// The share of rows whose group is right, under the best matching of groups.
  case accuracy
  /// That of the Bayes rule, which knows all parameters.
  case ceiling
  /// The largest squared mean discrepancy of covariates between groups.
  case discrepancy = "mmd"
  case bic
}
