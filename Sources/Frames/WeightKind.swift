/// What the weights of rows are, which decides n and the standard errors.
public enum WeightKind: String, Sendable, Codable, CaseIterable {
  /// How many rows of the population a sampled row stands for, in any unit: n is the number of rows, weights are scaled
  /// to mean 1, and the variance of scores is Σ w² s s' (a pseudo-likelihood; Pfeffermann 1993).
  case sampling
  /// How many equal rows a row stands for, a whole number: n is their sum, and everything is as of rows repeated.
  case frequency
}
