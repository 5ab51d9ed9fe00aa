import Communication
import Diagnostics
import Frames
import Mixture

/// The rows that have one label, as far as it takes to tell a group of few rows, or of one treatment.
struct GroupMembers: Sendable, Codable, Equatable {
  /// Rows that are named at most.
  static let namedRows = 5

  private(set) var count = 0
  /// The first of them, ascending.
  private(set) var rows: [Int] = []
  /// The least and the greatest treatment, as the design has it.
  private(set) var treatments: ClosedRange<Double>?

  mutating func add(row: Int, treatment: Double) {
    add(GroupMembers(count: 1, rows: [row], treatments: treatment...treatment))
  }

  mutating func add(_ other: GroupMembers) {
    count += other.count
    rows = Array((rows + other.rows).sorted().prefix(Self.namedRows))
    guard let others = other.treatments else { return }
    treatments =
      treatments.map {
        min($0.lowerBound, others.lowerBound)...max($0.upperBound, others.upperBound)
      } ?? others
  }

  init() {}

  private init(count: Int, rows: [Int], treatments: ClosedRange<Double>) {
    self.count = count
    self.rows = rows
    self.treatments = treatments
  }
}

extension Design {
  /// The members of each group, by a pass of its own. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  func members(by rule: PosteriorRule) throws -> [GroupMembers] {
    try members(groups: rule.groupCount) { chunk, members in
      let labels = try rule(self, chunk: chunk).block.labels
      let treatment = try treatment(ofChunk: chunk)
      for (offset, row) in chunk.tableRows.enumerated() {
        members[labels[offset]].add(row: row, treatment: treatment[offset])
      }
    }
  }

  /// What `add` finds in the chunks of all ranks. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when `add` throws.
  func members(
    groups: Int, add: (_ chunk: DesignChunk, _ members: inout [GroupMembers]) throws -> Void
  ) throws -> [GroupMembers] {
    let none = Array(repeating: GroupMembers(), count: groups)
    var mine = none
    try rows.communicator.agree { for chunk in rows.localChunks { try add(chunk, &mine) } }
    return try rows.communicator.allGather(value: mine).reduce(into: none) { all, others in
      for k in all.indices { all[k].add(others[k]) }
    }
  }
}

extension MetaEM {
  /// Groups that are few rows, or rows of one treatment: what they fit is these rows, not a rule that others follow.
  ///
  /// - Parameter row: the number among all rows of one that was fitted.
  func groupFindings(
    _ summary: LabelSummary, _ estimate: Estimate, _ design: Design, _ rule: PosteriorRule, row: (Int) -> Int
  ) throws -> [Finding] {
    let groups = 0..<summary.groupCount
    let few = Preconditions.rowsPerGroup(covariates: design.table.covariateCount)
    let atFloor: Set<Finding.Code> = [
      .residualVarianceAtFloor, .covarianceRidge, .collinearColumns, .treatmentVarianceAtFloor, .outcomeVarianceAtFloor,
    ]
    guard summary.groupCount > 1,
      groups.contains(where: { (1..<few).contains(summary.rowCount($0)) })
        || estimate.findings.contains(where: { atFloor.contains($0.code) }) || configuration.distribution == .kmeans
    else { return [] }
    let members = try design.members(by: rule)
    let (center, scale) = (estimate.model.scaling.centers.last!, estimate.model.scaling.scales.last!)
    return groups.flatMap { k -> [Finding] in
      let values: [Finding.Key: Finding.Value] = [
        .group: .count(k), .count: .count(members[k].count), .memberRows: .counts(members[k].rows.map(row)),
      ]
      if (1..<few).contains(members[k].count) { return [Finding(.groupOfFewRows, values)] }
      guard let treatments = members[k].treatments, treatments.lowerBound == treatments.upperBound else { return [] }
      return [
        Finding(
          .groupOfOneTreatment,
          values.merging([.value: .number(center + scale * treatments.lowerBound)]) { $1 })
      ]
    }
  }
}
