import Communication
import Diagnostics
import Foundation
import MetaEM
import Mixture
import ModelTestSupport
import Shards
import Simulation
import TestSupport
import Testing

@Suite struct FittedModelTests {
  private static let simulation = Result { try Simulation.of(.poly, groups: 2, covariates: 2, rows: 1500) }

  private func shards() throws -> TestShards { try TestShards(Self.simulation.get()) }

  private static let kinds: [(DistributionKind, RepresentationKind, CovarianceShape)] =
    DistributionKind.combinations.map { ($0, $1, .full) }
    + [(.gaussian, .identity, .tied), (.gaussian, .identity, .diagonal), (.gaussian, .polynomial, .spherical)]

  @Test(arguments: kinds)
  func `A model that was saved and loaded predicts its training rows bit for bit`(
    distribution: DistributionKind, representation: RepresentationKind, covariance: CovarianceShape
  ) throws {
    let shards = try shards()
    let configuration = configuration(groups: 2) {
      $0.distribution = distribution
      $0.representation = representation
      $0.covariance = covariance
      $0.starts = 3
      $0.maximumIterations = 30
      $0.alternation.rounds = 2
      $0.standardize = distribution == .kmeans
    }
    let (result, posteriors) = try shards.train(configuration)[0]
    let model = result.model
    let path = shards.file("model.h5")
    try model.save(
      to: path, configuration: configuration, inputDigest: "in", chunkRows: 1024, software: ["giv-dist": "1"],
      force: false)
    let (loaded, loadedConfiguration) = try FittedModel.load(path)
    #expect(loadedConfiguration == configuration)
    #expect(try loaded.digest() == model.digest())
    #expect(loaded.covariateNames == model.covariateNames && loaded.treatmentName == model.treatmentName)
    #expect(loaded.scaling == model.scaling)
    #expect(bits(parameters(of: loaded.mixture.base)) == bits(parameters(of: model.mixture.base)))
    #expect(loaded.mixture.base.parameterCount == model.mixture.base.parameterCount)
    let collection = try ShardCollection.open([shards.file("shard-00000.h5")], as: loaded.covariates)
    try loaded.requireOutcome(of: collection, path: shards.path, named: "y")
    for ranks in [1, 2] {
      let digests = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let prediction = try loaded.predict(
          collection, labelRule: configuration.labels, seed: configuration.seed, on: communicator)
        #expect(prediction.agreement == result.agreement)
        return try prediction.design.writePosteriors(of: prediction.rule, collection: collection, to: nil, force: false)
      }
      #expect(digests.allSatisfy { $0 == posteriors })
    }
  }

  private func saved(in shards: TestShards) throws -> (path: String, model: FittedModel) {
    let configuration = configuration(groups: 2) { $0.starts = 2 }
    let model = try shards.result(configuration).model
    try model.save(
      to: shards.file("model.h5"), configuration: configuration, inputDigest: "in", chunkRows: 1024,
      software: ["giv-dist": "1"],
      force: false)
    return (shards.file("model.h5"), model)
  }

  private func failure(_ path: String) -> Failure? {
    do {
      _ = try FittedModel.load(path)
      return nil
    } catch { return error as? Failure }
  }

  @Test func `An existing file is not replaced unless told`() throws {
    let shards = try shards()
    let (path, model) = try saved(in: shards)
    let again = #expect(throws: Failure.self) {
      try model.save(
        to: path, configuration: Configuration(groups: 2), inputDigest: "", chunkRows: 1024, software: [:], force: false
      )
    }
    #expect(again?.exitCode == .cannotCreate)
    try model.save(
      to: path, configuration: Configuration(groups: 2), inputDigest: "", chunkRows: 1024, software: [:], force: true)
    #expect(try FittedModel.load(path).configuration == Configuration(groups: 2))
  }

  @Test func `Another file, no file`() throws {
    let shards = try shards()
    #expect(failure(shards.file("none.h5"))?.exitCode == .noInput)
    let other = failure(shards.file("shard-00000.h5"))
    #expect(other?.exitCode == .data && other?.message.contains("is no model; give the folder") == true)
  }

  /// Checksums find most flipped bytes, the digest those that are left; bytes that nothing reads may change.
  @Test func `A flipped byte is refused or changes nothing`() throws {
    let shards = try shards()
    let (path, model) = try saved(in: shards)
    let digest = try model.digest()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    var refused = 0
    for position in stride(from: 8, to: bytes.count, by: max(1, bytes.count / 400)) {
      var damaged = bytes
      damaged[position] ^= 0x10
      let copy = shards.file("damaged.h5")
      try damaged.write(to: URL(fileURLWithPath: copy))
      do {
        #expect(try FittedModel.load(copy).model.digest() == digest)
      } catch {
        #expect((error as? Failure)?.exitCode == .data)
        refused += 1
      }
    }
    #expect(refused > 20)
  }

  /// What is done to a file, and what the refusal says.
  private static let alterations = [
    ("f['mixture/coefficients'][0, 0] += 1e-9", "was altered"),
    ("f['scaling/centers'][0] *= 1.5", "was altered"),
    ("f.attrs['giv-record'] = numpy.bytes_(f.attrs['giv-record'].replace(b'identity', b'mystery'))", "giv-record"),
    ("f.attrs['giv-record'] = numpy.bytes_(f.attrs['giv-record'].replace(b'x0', b'x9'))", "was altered"),
    (
      #"f.attrs['giv-record'] = numpy.bytes_(f.attrs['giv-record'].replace(b'Name":"t"', b'Name":"u"'))"#,
      "was altered"
    ),
    ("f.attrs['giv-record'] = numpy.bytes_('{}')", "giv-record"),
    ("del f.attrs['giv-record']", "is no model"),
    ("del f['mixture/standard_deviations']", "standard_deviations"),
    ("del f['mixture/coefficients']; f['mixture/coefficients'] = numpy.zeros((0, 3))", "coefficients"),
    ("del f['mixture/mixing_weights']; f['mixture/mixing_weights'] = numpy.ones(5)", "mixing_weights"),
    ("del f['mixture/coefficients']; f['mixture/coefficients'] = numpy.zeros((2, 0))", "coefficients"),
    ("del f['mixture/coefficients']; f['mixture/coefficients'] = 'text'", "coefficients"),
  ]

  @Test func `An altered file is refused`() throws {
    let shards = try shards()
    let configuration = configuration(groups: 2) {
      $0.starts = 2
      $0.representation = .identity
      $0.maximumIterations = 10
    }
    let path = shards.file("model.h5")
    try shards.result(configuration).model.save(
      to: path, configuration: configuration, inputDigest: "in", chunkRows: 1024, software: ["giv-dist": "1"],
      force: false)
    let copies = Self.alterations.indices.map { shards.file("altered-\($0).h5") }
    let script = zip(copies, Self.alterations).reduce("import h5py, numpy, shutil\n") { script, alteration in
      let (copy, (change, _)) = alteration
      return script + "shutil.copy('\(path)', '\(copy)')\nwith h5py.File('\(copy)', 'r+') as f: \(change)\n"
    }
    let altered = try python(["-c", script])
    #expect(altered.exitCode == 0, "\(altered.error)")
    for (copy, (change, words)) in zip(copies, Self.alterations) {
      let refusal = try #require(failure(copy), "\(change)")
      #expect(refusal.exitCode == .data && refusal.message.contains(copy), "\(change): \(refusal.message)")
      #expect(refusal.message.contains(words), "\(change): \(refusal.message)")
    }
  }

  @Test func `New rows need the columns of the model`() throws {
    let shards = try shards()
    let model = try shards.result(configuration(groups: 2) { $0.starts = 2 }).model
    let other = try TestShards(
      TestRows(rowCount: 50, covariateCount: 2, groups: 2, seed: 1), covariateNames: ["x1", "x0"])
    let path = other.file("rows.h5")
    let refusal = #expect(throws: Failure.self) { _ = try ShardCollection.open([path], as: model.covariates) }
    #expect(refusal?.exitCode == .data)
    #expect(
      refusal?.message.hasPrefix(
        "\(path) has covariates x1, x0, the model was fitted to x0, x1; ")
        == true)
  }
}
