import ControlFunction
import MetaEM
import ModelTestSupport
import Simulation
import TestSupport
import Testing

@Suite struct ControlFunctionStartTests {
  @Test(arguments: [2, 7])
  func `a joint fit starts from the groups that regression finds with the same options`(starts: Int) throws {
    let shards = try TestShards(Simulation.of(.linear, groups: 2, covariates: 2, rows: 1200))
    func configuration(_ distribution: DistributionKind) -> Configuration {
      ModelTestSupport.configuration(groups: 2) {
        $0.distribution = distribution
        $0.starts = starts
        $0.outcomeBasis = .quadratic
        $0.covariateBasis = .polynomial3
        $0.seed = 5
      }
    }
    let regression = try shards.result(configuration(.regression))
    let joint = try shards.result(configuration(.joint))
    guard case .joint(let result, let start) = joint.estimate else {
      Issue.record("not a joint fit")
      return
    }
    #expect(start.search == regression.search && start.search.starts.isMultiple(of: starts))
    #expect(try start.model.digest() == regression.model.digest())
    #expect(start.logLikelihood == regression.mixture?.logLikelihood)
    // Its own numbers are those of treatment and outcome.
    #expect(joint.logLikelihood == result.logLikelihood && joint.parameterCount == result.parameterCount)
    #expect(joint.mixture == nil && joint.parameterCount != start.parameterCount)
    // 30 random starts at least, and that of the regression.
    #expect(result.search.starts == 31)
  }
}
