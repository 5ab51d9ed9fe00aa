import CKernels

extension Kernel {
  /// A variable on which the law of another depends.
  public struct LevelParent {
    fileprivate let native: giv_level_parent

    /// - Parameters:
    ///   - levels: of every row, padded to a multiple of ``lanes`` with levels that the variable has.
    ///   - stride: how far apart the laws of two of its levels lie among the thresholds.
    public init(_ levels: UnsafePointer<Int32>, stride: Int32) {
      native = giv_level_parent(levels: levels, stride: stride)
    }
  }

  /// The most levels that ``drawLevels(_:from:thresholds:steps:words:rowCount:)`` draws among: 2²⁰.
  public static let mostSearchSteps = 20

  /// The level of every row: the number of thresholds of its law that the first 31 bits of its word reach.
  ///
  /// A law is 2^steps - 1 ascending thresholds, which begin at the sum of the parents' strides times levels; the chance of
  /// level j is (threshold j - threshold j - 1) / 2³¹, and thresholds past the last level are 2³¹.
  ///
  /// - Parameters:
  ///   - levels: written, padded to a multiple of ``lanes``.
  ///   - words: one for each row, padded alike.
  public static func drawLevels(
    _ levels: UnsafeMutablePointer<Int32>, from parents: [LevelParent], thresholds: UnsafePointer<UInt32>, steps: Int,
    words: UnsafePointer<UInt32>, rowCount: Int
  ) {
    precondition((0...mostSearchSteps).contains(steps))
    withUnsafeTemporaryAllocation(of: giv_level_parent.self, capacity: parents.count) { native in
      for (index, parent) in parents.enumerated() { native.initializeElement(at: index, to: parent.native) }
      giv_draw_levels(native.baseAddress, parents.count, thresholds, Int32(steps), words, rowCount, levels)
    }
  }
}
