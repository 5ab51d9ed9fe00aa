import Communication
import Networks

/// The working memory of a training step: the rows of a minibatch, and a pass for each use of a network on them.
///
/// A network that sees two kinds of inputs in one step takes two passes.
final class NetworkPasses {
  private let set: NetworkSet
  /// The network of each pass.
  private let networks: [Int]
  private let columnCount: Int
  private let seed: UInt64
  private var passes: [NetworkPass] = []
  /// The rows of each block of this rank.
  private(set) var rows: [RowBlock] = []
  private var used: [Network] = []

  init(_ set: NetworkSet, networks: [Int]? = nil, columns: NetworkColumns, seed: UInt64) {
    self.set = set
    self.networks = networks ?? Array(set.shapes.indices)
    columnCount = columns.count
    self.seed = seed
  }

  /// Copies the rows of a step's minibatch and takes the networks' parameters.
  func load(_ minibatch: Minibatch, parameters: [Double], averages: [Double]) {
    if passes.isEmpty {
      passes = networks.map { NetworkPass(set.shapes[$0], over: minibatch.blocks) }
      rows = minibatch.blocks.local.map { _ in RowBlock(columnCount: columnCount) }
    }
    for (index, block) in zip(minibatch.blocks.local, rows) {
      block.rows = Array(minibatch.rows(ofBlock: index))
      minibatch.copy(0..<columnCount, ofBlock: index, to: block.column(0))
    }
    let state = NetworkState(parameters: parameters, averages: averages)
    used = set.shapes.indices.map { set.network($0, of: state) }
  }

  /// A value of each block of this rank, given its number among them.
  func map(_ value: (RowBlock, Int) -> Double) -> [Double] { rows.enumerated().map { value($1, $0) } }

  /// The network's memory for a pass and a block of this rank.
  func block(_ pass: Int, _ index: Int) -> NetworkBlock {
    let blocks = passes[pass].blocks
    return passes[pass][blocks.local.lowerBound + index]
  }

  /// Computes the outputs of a pass whose inputs were filled in. Collective.
  func forward(_ pass: Int, step: Int, averages: inout [Double]) throws {
    let network = networks[pass]
    // Each pass drops by numbers of its own.
    let mask = DropoutMask(seed: seed &+ UInt64(pass) &* 0x9E37_79B9_7F4A_7C15, step: step)
    try passes[pass].forward(&used[network], mask: mask)
    averages.replaceSubrange(set.averages(network), with: used[network].averages)
  }

  /// Adds the gradient of a pass whose output gradients were filled in to that of all networks. Collective.
  func backward(
    _ pass: Int, to total: inout LossGradient, losses: [Double]? = nil, needsInputGradient: Bool = false
  ) throws {
    let network = networks[pass]
    let part = try passes[pass].backward(
      used[network], losses: losses ?? rows.map { _ in 0 }, needsInputGradient: needsInputGradient)
    total.loss += part.loss
    let first = set.parameters(network).lowerBound
    total.withGradient { target in
      for (place, value) in part.gradient.enumerated() { target[first + place] += value }
    }
  }
}
