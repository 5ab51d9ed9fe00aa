import LinearAlgebra

/// The working memory of a network on a block of rows: what every layer gives, and the gradients of the loss in it.
///
/// Feature f of row i lies at `f * NetworkBlock.stride + i`, so that a layer is one matrix product and an activation one
/// loop. Nothing is allocated from step to step. A block belongs to one thread at a time.
public final class NetworkBlock {
  /// The most rows of a block: the columns of a layer stay in cache, and a minibatch of some hundred rows spreads over
  /// ranks.
  public static let longest = 128
  /// The distance between columns: off a power of two, for the cache's sake.
  public static let stride = longest + Kernel.lanes

  /// The rows in use, at most `longest`.
  public var rowCount = 0 {
    didSet { precondition(rowCount >= 0 && rowCount <= Self.longest, "a block has at most \(Self.longest) rows") }
  }
  /// The global index of each row, by which dropout is drawn; read only when there is some.
  public var rowIdentifiers: [Int] = []

  private let shape: NetworkShape
  private let values: AlignedBuffer
  private let gradients: AlignedBuffer

  public init(_ shape: NetworkShape) {
    self.shape = shape
    values = AlignedBuffer(count: shape.columnCount * Self.stride)
    gradients = AlignedBuffer(count: shape.columnCount * Self.stride)
    for constant in [0] + shape.stages.map(\.target) {
      value(constant).update(repeating: 1, count: Self.stride)
    }
  }

  /// The inputs, to be filled in before the forward pass.
  public var input: UnsafeMutablePointer<Double> { value(1) }
  /// The outputs, after the forward pass.
  public var output: UnsafePointer<Double> { UnsafePointer(value(shape.stages.last!.target + 1)) }
  /// The gradient of the loss in the outputs, to be filled in before the backward pass, which changes it.
  public var outputGradient: UnsafeMutablePointer<Double> { gradient(shape.stages.last!.target + 1) }
  /// The gradient of the loss in the inputs, after a backward pass that was asked for it.
  public var inputGradient: UnsafePointer<Double> { UnsafePointer(gradient(1)) }

  func value(_ column: Int) -> UnsafeMutablePointer<Double> { values.pointer + column * Self.stride }
  func gradient(_ column: Int) -> UnsafeMutablePointer<Double> { gradients.pointer + column * Self.stride }

  /// Copies columns of `rowCount` values to the inputs, the first to input 0.
  public func fill(_ columns: [UnsafePointer<Double>], from first: Int = 0) {
    for (j, column) in columns.enumerated() { (input + j * Self.stride).update(from: column + first, count: rowCount) }
  }
}
