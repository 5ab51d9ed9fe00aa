import LinearAlgebra
import Networks

/// A network in use, with the memory of a block.
final class NetworkUse {
  private let network: Network
  private let block: NetworkBlock

  init(_ network: Network) {
    self.network = network
    block = NetworkBlock(network.shape)
  }

  /// The outputs for the rows of a block from the inputs that `fill` gives: output j at `j * NetworkBlock.stride`, until
  /// the next use.
  func callAsFunction(_ fill: (NetworkBlock) -> Void) -> UnsafePointer<Double> {
    fill(block)
    network.forward(block)
    return block.output
  }
}

/// g as a network of (t, x).
public struct NetworkFunction: StructuralFunction {
  public let network: Network

  public func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>
  ) {
    network.evaluate([treatment] + covariates, rowCount: rowCount, into: values, stride: rowCount)
  }
}
