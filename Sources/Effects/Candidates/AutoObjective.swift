import Communication
import LinearAlgebra
import Networks

/// What AutoIV makes small in turn (Yuan, Wu, Kuang, Li, Wu, Wu and Xiong 2022, "Auto IV: counterfactual prediction via
/// automatic instrumental variable decomposition"): full-batch losses of some rows.
///
/// z and c are functions of the candidates. A bound on how much a tells of b takes the density of b_i against that of the
/// b of another row π(i), I(a; b) = mean[log q(b_i | a_i) - log q(b_π(i) | a_i)] (Cheng et al. 2020, "CLUB"). z should tell
/// much of t, and nothing of y beyond t, which I(z; y | t) says by weighing rows i with softmax of
/// exp(-(t_i - t_π(i))² / 2 s²); c much of t and y, and nothing of z.
package struct AutoObjective: Sendable {
  package enum Phase: CaseIterable, Sendable {
    /// Minus the mean log-densities; in the parameters of the densities.
    case densities
    /// -I(z; t) - I(c; t) - I(c; y) + I(z; y | t) + I(z; c); in those of the representations.
    case information
    /// The squared errors of t and of y in two stages; in those of representations and stages.
    case stages
  }

  let networks: AutoNetworks
  private let sample: AutoSample
  private let blocks: MinibatchBlocks

  /// s.
  private static let kernelWidth = 0.1

  package init(_ sample: AutoSample, on communicator: any Communicator) {
    self.sample = sample
    networks = AutoNetworks(candidates: sample.candidateCount)
    blocks = MinibatchBlocks(rowCount: sample.count, communicator: communicator)
  }

  package var parameterCount: Int { networks.parameterCount }

  /// The loss of a phase and its gradient, 0 in what the phase does not move. Collective.
  ///
  /// - Parameter partners: π, of all rows.
  package func lossGradient(_ phase: Phase, partners: [Int], parameters: [Double]) throws -> LossGradient {
    let weights = phase == .information ? conditionalWeights(partners) : []
    let pass = AutoPass(networks, parameters)
    return try blocks.sum(LossGradient(parameterCount: parameters.count)) { partial, block in
      let rows = blocks.rows(ofBlock: block)
      pass.fill(sample, rows, partners)
      partial.loss = partial.withGradient { gradient in
        switch phase {
        case .densities: pass.addDensities(scale: 1 / Double(sample.count), to: gradient)
        case .information:
          pass.addInformation(scale: 1 / Double(sample.count), conditional: Array(weights[rows]), to: gradient)
        case .stages: pass.addStages(scale: 1 / Double(sample.count), to: gradient)
        }
      }
    }
  }

  private func conditionalWeights(_ partners: [Int]) -> [Double] {
    let t = sample.treatment
    let factor = -1 / (2 * Self.kernelWidth * Self.kernelWidth)
    let powers = t.indices.map { i in
      let distance = t[i] - t[partners[i]]
      return Elementary.exp(Elementary.exp(factor * distance * distance))
    }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }
}
