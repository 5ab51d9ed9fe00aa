import CKernels

extension Kernel {
  /// The matrix products of a dense layer on a block of rows, the same bits in every instruction set.
  ///
  /// Feature f of row i lies at `f * stride + i`; inputs begin with a column of the constant 1. Columns are 64-byte
  /// aligned, and what their padding rows hold does not matter; ``forward(weights:inputs:outputs:)`` and
  /// ``propagate(weights:outputGradient:inputGradient:)`` write there too. Weights are the matrix W
  /// [outputs, 1 + inputs] by rows.
  public struct Layer {
    private var native: giv_layer

    /// - Parameters:
    ///   - inputs: their number without the constant.
    ///   - stride: a multiple of ``lanes``, at least the padded rows.
    public init(inputs: Int, outputs: Int, rowCount: Int, stride: Int) {
      native = giv_layer(input_count: inputs, output_count: outputs, row_count: rowCount, stride: stride)
    }

    /// Y = W X, from inputs with the constant: 2 · rows · outputs · (1 + inputs) operations.
    public func forward(
      weights: UnsafePointer<Double>, inputs: UnsafePointer<Double>, outputs: UnsafeMutablePointer<Double>
    ) {
      withUnsafePointer(to: native) { giv_layer_forward($0, weights, inputs, outputs) }
    }

    /// Adds ∂loss/∂W = G X' to `gradient`, G = ∂loss/∂Y: 2 · rows · outputs · (1 + inputs) operations.
    ///
    /// Row i is added in lane i % 8, and the lanes are folded in one order.
    public func addGradient(
      inputs: UnsafePointer<Double>, outputGradient: UnsafePointer<Double>, to gradient: UnsafeMutablePointer<Double>
    ) {
      withUnsafePointer(to: native) { giv_layer_add_gradient($0, inputs, outputGradient, gradient) }
    }

    /// ∂loss/∂X = W' G, without the constant's: 2 · rows · outputs · inputs operations.
    public func propagate(
      weights: UnsafePointer<Double>, outputGradient: UnsafePointer<Double>, inputGradient: UnsafeMutablePointer<Double>
    ) {
      withUnsafePointer(to: native) { giv_layer_propagate($0, weights, outputGradient, inputGradient) }
    }
  }
}
