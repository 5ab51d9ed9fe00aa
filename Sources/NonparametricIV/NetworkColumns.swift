/// Where the values of a row lie among the columns that networks read: y, its weight, t, x, z, and what was derived from
/// them. So (t, x), which g sees, and (x, z), which a function of the instruments sees, are ranges of columns.
package struct NetworkColumns: Sendable, Equatable {
  package static let outcome = 0
  package static let weight = 1
  package static let treatment = 2

  package let covariateCount: Int
  package let instrumentCount: Int
  /// The number of derived values.
  package let derivedCount: Int

  package var covariates: Range<Int> { 3..<3 + covariateCount }
  /// (t, x).
  package var structural: Range<Int> { 2..<covariates.upperBound }
  /// (x, z).
  package var conditional: Range<Int> { 3..<3 + covariateCount + instrumentCount }
  package var derived: Range<Int> { conditional.upperBound..<count }
  package var count: Int { conditional.upperBound + derivedCount }
}
