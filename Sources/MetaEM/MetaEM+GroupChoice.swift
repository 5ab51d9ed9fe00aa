import Communication
import Diagnostics
import Mixture
import Runs
import Shards
import Storage

/// The criteria of a fit with some number of groups, see ``MetaEM/Result/comparableBIC``, or why there are none.
public struct GroupCriterion: Sendable, Encodable {
  public let groups: Int
  @NullEncoded public var bic: Double?
  @NullEncoded public var mmd: Double?
  @NullEncoded public var failure: String?
}

extension MetaEM {
  /// Fits K = 1 … `maximum` groups, and keeps the fit of the lowest BIC, or the paper's, of the lowest MMD. Collective.
  ///
  /// For `joint` the choice is that of `regression`, by BIC of t given x, since the BIC of its own likelihood favours too
  /// many groups; it needs two. A number of groups that cannot be fitted is passed over, and so are numbers too large for
  /// the rows.
  ///
  /// - Parameter criterion: `bic` or `mmd`.
  /// - Throws: on all ranks the same ``Failure``: data that cannot be read or fitted with any number of groups.
  public func train(
    _ collection: ShardCollection, groupsUpTo maximum: Int, by criterion: SweepCriterion = .bic,
    on communicator: any Communicator, in run: Run = Run()
  ) throws -> Result {
    let begin = ContinuousClock.now
    run.start("rows")
    let rows = try with(groups: 1).load(collection, on: communicator)
    try with(groups: maximum).open(run, for: rows, groupsUpTo: maximum)
    let most = rows.table.observationCount / Preconditions.rowsPerGroup(covariates: collection.covariateCount)
    let isJoint = configuration.distribution == .joint
    var criteria: [GroupCriterion] = []
    var best: (result: Result, value: Double)?
    var firstFailure: Failure?
    for groups in 1...max(1, min(maximum, most)) {
      do {
        let result = try with(groups: groups, isJoint ? .regression : nil).fit(rows, in: run, since: begin)
        let (bic, mmd) = (result.comparableBIC, result.balance.mmd)
        criteria.append(GroupCriterion(groups: groups, bic: bic, mmd: mmd))
        if let value = criterion == .mmd ? mmd : bic, value < best?.value ?? .infinity { best = (result, value) }
      } catch let failure as Failure where failure.isOfOneFit {
        firstFailure = firstFailure ?? failure
        criteria.append(GroupCriterion(groups: groups, failure: failure.message))
      }
    }
    guard var best = best?.result else {
      throw firstFailure
        ?? Failure(.usage, "--groups auto finds no \(criterion.rawValue.uppercased()) in these fits; give a number")
    }
    if isJoint {
      best = try with(groups: max(2, best.configuration.groups)).fit(rows, in: run, since: begin)
    }
    best.groupCriteria = criteria
    best.groupCriterion = criterion
    return best
  }

  private func with(groups: Int, _ distribution: DistributionKind? = nil) -> MetaEM {
    var copy = self
    copy.configuration.groups = groups
    if let distribution { copy.configuration.distribution = distribution }
    return copy
  }
}
