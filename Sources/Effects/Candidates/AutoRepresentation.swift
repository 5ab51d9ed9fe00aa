import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Networks

/// The representation z of some candidates that AutoIV takes for the instrument, see ``AutoObjective``.
struct AutoRepresentation: Sendable {
  private let source: CandidateColumns
  private let network: Network

  /// The steps of the paper's program.
  static let steps = 1000
  private static let learningRate = 1e-3
  /// Every so many steps the rate falls to `decay` of itself.
  private static let stepsPerDecay = 100
  private static let decay = 0.95

  /// Learns it. Rows count alike, whatever they weigh. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (numerical): a training that left the range of numbers.
  init(_ candidates: CandidateColumns, steps: Int, seed: UInt64) throws {
    let sample = try AutoSample(candidates, seed: seed)
    let objective = AutoObjective(sample, on: candidates.frame.rows.communicator)
    var parameters = objective.networks.parameters(seed: seed)
    try Self.train(objective, &parameters, steps: steps, rows: sample.count, seed: seed)
    guard parameters.allSatisfy(\.isFinite) else {
      throw Failure(
        .numerical,
        "the representation of --instrument auto left the range of numbers; give another --seed or other "
          + "--candidates")
    }
    source = candidates
    network = objective.networks.network(.instrument, parameters)
  }

  /// The phases in turn, each by an Adam of its own, on all rows in every step.
  private static func train(
    _ objective: AutoObjective, _ parameters: inout [Double], steps: Int, rows: Int, seed: UInt64
  ) throws {
    let phases = AutoObjective.Phase.allCases
    var optimizers = phases.map { _ in Adam(parameterCount: parameters.count, learningRate: learningRate) }
    for step in 0..<steps {
      // Permutation 0 draws the rows.
      let order = RowPermutation(count: rows, seed: seed, index: step + 1)
      let partners = (0..<rows).map { order[$0] }
      for (place, phase) in phases.enumerated() {
        optimizers[place].learningRate = learningRate * Elementary.power(decay, step / stepsPerDecay)
        let found = try objective.lossGradient(phase, partners: partners, parameters: parameters)
        optimizers[place].update(&parameters, gradient: found.gradient)
      }
    }
  }

  /// z of all rows.
  func values() throws -> Frame { try source.causes(["auto"], self) }
}

extension AutoRepresentation: ChunkSource {
  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      let rowCount = target.grid.rows(ofChunk: chunk).count
      let stride = Kernel.paddedCount(rowCount)
      let inputs = AlignedBuffer(count: source.candidates.count * stride)
      for (j, candidate) in source.candidates.enumerated() {
        let own = try source.frame.reals(candidate.column, chunk: chunk)
        for row in 0..<rowCount { inputs.pointer[j * stride + row] = candidate.standardized(own[row]) }
      }
      withExtendedLifetime(inputs) {
        network.evaluate(
          source.candidates.indices.map { UnsafePointer(inputs.pointer + ($0 - 2) * stride) }, rowCount: rowCount,
          into: target.reals(0, chunk: chunk), stride: stride)
      }
      try source.copyTreatment(target, column: 1, chunk: chunk)
    }
  }
}
