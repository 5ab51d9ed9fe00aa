import CKernels

extension Kernel {
  /// The loops of a network's layer over a block of rows, the same bits in every instruction set.
  ///
  /// Feature f of row i lies at `f * stride + i`. Columns are 64-byte aligned; what their padding rows hold does not
  /// matter, and they are written like the others. The inputs of a dense layer begin with a column of the constant 1, and
  /// its weights are the matrix W [outputs, 1 + inputs] by rows.
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

    /// Replaces each output x by φ(x).
    public func activate(_ activation: Activation, outputs: UnsafeMutablePointer<Double>) {
      withUnsafePointer(to: native) { giv_layer_activate($0, activation.native, outputs) }
    }

    /// Multiplies each gradient by φ'(x), given φ(x).
    public func differentiate(
      _ activation: Activation, outputs: UnsafePointer<Double>, outputGradient: UnsafeMutablePointer<Double>
    ) {
      withUnsafePointer(to: native) { giv_layer_differentiate($0, activation.native, outputs, outputGradient) }
    }
  }

  /// A function φ of every output of a layer, whose derivative follows from φ(x).
  public struct Activation: Sendable {
    fileprivate let native: giv_activation

    /// To an absolute error of 3e-16.
    public static let tanh = Activation(native: giv_activation(function: GIV_TANH, slope: 0))
    /// 1 / (1 + exp(-x)).
    public static let sigmoid = Activation(native: giv_activation(function: GIV_SIGMOID, slope: 0))

    /// x, or exp(x) - 1 where x is not positive, to an absolute error of 3e-16.
    public static let exponentialLinear = Activation(
      native: giv_activation(function: GIV_EXPONENTIAL_LINEAR, slope: 0))

    /// x, or slope · x where x is not positive; there the derivative is the slope.
    public static func rectifier(slope: Double) -> Activation {
      Activation(native: giv_activation(function: GIV_RECTIFIER, slope: slope))
    }
  }
}
