import Diagnostics

extension Schema {
  /// The column of categories whose levels are clusters of rows, by its name or by that of its role.
  ///
  /// - Throws: ``Failure`` `usage` when there is none.
  public func clusterColumn(named name: String) throws -> Int {
    let categories = columns.indices.filter { columns[$0].kind.levels != nil }
    guard
      let column = categories.first(where: { columns[$0].name == name })
        ?? categories.first(where: { columns[$0].role.rawValue == name })
    else { throw Failure(.usage, "--cluster \(name): the shards have no column of categories of that name") }
    return column
  }

  /// Institutions that errors are clustered by unless others are asked for.
  static let leastInstitutions = 20

  /// What errors are clustered by unless told: the institutions, where there are enough of them; nil elsewhere.
  public var usualCluster: String? {
    let hasEnough = columns.contains {
      $0.role == .institution && $0.kind.levels.map { $0.count >= Self.leastInstitutions } ?? false
    }
    return hasEnough ? Role.institution.rawValue : nil
  }
}
