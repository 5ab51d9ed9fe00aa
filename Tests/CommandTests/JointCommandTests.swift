import Foundation
import TestSupport
import Testing

/// `giv-dist train --distribution joint`, and `predict` with its model.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate(
        "--rows 3000 --groups 2 --covariates 2 --confounding -0.5,0.5 --test-rows 500 --out shards", in: folder)
      _ = try train(fit + ["--out", "run"], in: folder)
    }) struct JointCommandTests
  {
    @Test(arguments: [2, 3, 8])
    func `Any number of ranks gives the same digests`(ranks: Int) throws {
      #expect(try train(fit, ranks: ranks).digests == train(fit).digests)
    }

    @Test func `Rows get the effect of their treatment, with the data and with the stored model`() throws {
      let report = try object(givDist(["train"] + fit + ["--json"]).output)
      let effect = try #require(report["effectCoefficients"] as? [String: Double])
      for (name, rows) in [("old", "shards"), ("new", "shards/test.h5")] {
        let predicted = try givDist(["predict", "run", rows, "--out", "\(name).h5"])
        #expect(predicted.exitCode == 0, "\(predicted.error)")
      }
      let (linear, quadratic) = (try #require(effect["t"]), try #require(effect["t^2"]))
      #expect(effect.count == 2)
      let output = try script(
        """
        for result, rows in (('run/posteriors', 'shard-00000'), ('old', 'shard-00000'), ('new', 'test')):
            with h5py.File(f'{result}.h5') as found, h5py.File(f'shards/{rows}.h5') as data:
                t = data['t'][:]
                print(np.allclose(found['effect'][:], \(linear) * t + \(quadratic) * t ** 2, rtol=1e-9, atol=1e-9))
        """)
      #expect(output == "True\nTrue\nTrue\n")
    }

    @Test func `Confounding of each group's own is simulated and found`() throws {
      let report = try object(givDist(["train"] + fit + ["--json"]).output)
      let kappa = try #require(report["kappa"] as? [Double])
      #expect(kappa.contains { $0 < -3 } && kappa.contains { $0 > 3 })
    }

    @Test(arguments: ["0.5,x", "0.5,", "", "0.1,0.2,0.3"])
    func `Confounding that is no number for each group is refused`(text: String) throws {
      let result = try givDist(["simulate", "--groups", "2", "--confounding", text, "--out", "never"])
      #expect(result.exitCode == 64)
      #expect(result.error.contains("--confounding"), "\(result.error)")
    }
  }
}

private let fit = [
  "shards", "--groups", "2", "--distribution", "joint", "--outcome-basis", "quadratic", "--covariate-basis",
  "polynomial3",
]
