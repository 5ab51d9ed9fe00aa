import Foundation
import TestSupport
import Testing

/// The bits of a result do not depend on the number of ranks, nor on how rows are cut into files.
extension OnRanks {
  @Suite(
    .inputs { folder in
      for shards in [1, 3, 7] {
        try simulate("--scenario poly --rows 9000 --shards \(shards) --seed 3 --out cut\(shards)", in: folder)
      }
      try simulate("--groups 2 --rows 900 --out small", in: folder)
      try addWeights(to: "cut3", in: folder)
    }) struct DigestTests
  {
    @Test func `The default fit has the same bits on 1, 2, 3, 4 and 8 ranks`() throws {
      let alone = try train(["cut3", "--groups", "3", "--starts", "3"])
      for ranks in [1, 2, 3, 4, 8] {
        let report = try train(["cut3", "--groups", "3", "--starts", "3"], ranks: ranks)
        #expect(report.digests == alone.digests, "\(ranks) ranks")
        #expect(report.ranks == ranks && report.rows == 9000)
        #expect(report.logLikelihood == alone.logLikelihood && report.passes == alone.passes)
      }
    }

    @Test(arguments: [
      "--distribution gaussian --representation identity",
      "--distribution gaussian --representation identity --covariance tied --start kmeans++",
      "--distribution kmeans --representation identity", "--representation polynomial", "--labels sampled --seed 9",
      "--use-weights", "--representation identity --standardize",
    ])
    func `So has every other fit`(options: String) throws {
      let arguments =
        ["weighted", "--groups", "3", "--starts", "4", "--max-iterations", "40"]
        + options.split(separator: " ").map(String.init)
      let alone = try train(arguments)
      for ranks in [3, 8] {
        let report = try train(arguments, ranks: ranks)
        #expect(report.digests == alone.digests, "\(ranks) ranks")
      }
    }

    @Test func `Options that change the fit change the digest`() throws {
      let options = [
        [], ["--use-weights"], ["--representation", "polynomial"], ["--representation", "identity"], ["--standardize"],
      ]
      let digests = try options.map {
        try train(["weighted", "--groups", "3", "--starts", "2", "--max-iterations", "20"] + $0).modelDigest
      }
      #expect(Set(digests).count == options.count)
    }

    @Test func `Rows cut into 1, 3 and 7 files are the same rows`() throws {
      let arguments = ["--groups", "3", "--starts", "2"]
      let one = try train(["cut1"] + arguments)
      #expect(try train(["cut3"] + arguments).digests == one.digests)
      #expect(try train(["cut7"] + arguments, ranks: 4).digests == one.digests)
      let reversed = try train(["cut3/shard-00002.h5", "cut3/shard-00001.h5", "cut3/shard-00000.h5"] + arguments)
      #expect(reversed.inputDigest != one.inputDigest)
    }

    @Test func `There may be more ranks than row blocks`() throws {
      let alone = try train(["small", "--groups", "2", "--out", "small-alone"])
      let report = try train(["small", "--groups", "2", "--out", "small-ranks"], ranks: 8)
      #expect(report.digests == alone.digests && report.ranks == 8)
      let folder = SharedInputs.folder
      for name in ["model.h5", "posteriors.h5"] {
        #expect(
          FileManager.default.contentsEqual(
            atPath: folder.path + "/small-alone/" + name, andPath: folder.path + "/small-ranks/" + name))
      }
    }
  }
}
