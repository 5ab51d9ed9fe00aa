import Runs

/// How long the last passes of the phase that is under way took.
package struct PassPace {
  private static let passes = 10
  private var phase = ""
  /// When they ended, in seconds of the run.
  private var ends: [Double] = []

  package init() {}

  /// Takes note of a pass.
  ///
  /// - Returns: the mean of the last ten or fewer, from the end of the first on; nil after the first pass of a phase, whose
  ///   beginning nobody told.
  package mutating func add(_ record: PassRecord) -> Double? {
    if record.phase != phase { (phase, ends) = (record.phase, []) }
    ends = ends.suffix(Self.passes) + [record.seconds]
    return ends.count > 1 ? (ends.last! - ends[0]) / Double(ends.count - 1) : nil
  }
}
