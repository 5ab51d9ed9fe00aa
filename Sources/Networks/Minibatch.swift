/// The rows of one training step, cut into blocks, with the values that were fetched for them.
public struct Minibatch: Sendable {
  /// The number of the step, from 0 through all rounds.
  public let step: Int
  /// The blocks, spread over the ranks that share the step.
  public let blocks: MinibatchBlocks
  private let window: MinibatchWindow

  init(step: Int, blocks: MinibatchBlocks, window: MinibatchWindow) {
    self.step = step
    self.blocks = blocks
    self.window = window
  }

  /// The number of rows of all blocks.
  public var rowCount: Int { blocks.rowCount }

  /// The global rows of a block.
  public func rows(ofBlock block: Int) -> ArraySlice<Int> {
    window.rows(ofStep: step, places: blocks.rows(ofBlock: block))
  }

  /// Copies fetched values of a block's rows as columns: value j of row i goes to
  /// `target[(j - values.lowerBound) * NetworkBlock.stride + i]`.
  ///
  /// - Returns: the number of rows.
  @discardableResult
  public func copy(_ values: Range<Int>, ofBlock block: Int, to target: UnsafeMutablePointer<Double>) -> Int {
    let places = blocks.rows(ofBlock: block)
    window.copy(values, ofStep: step, places: places, to: target, stride: NetworkBlock.stride)
    return places.count
  }
}
