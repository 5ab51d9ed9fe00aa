import LinearAlgebra

/// A set of values of a parameter that a test does not reject: intervals, rays, the line, or nothing.
public struct ConfidenceSet: Sendable, Equatable {
  /// Disjoint and ascending; ends may be infinite.
  public struct Interval: Sendable, Equatable {
    public let lower: Double
    public let upper: Double

    public init(_ lower: Double, _ upper: Double) {
      self.lower = lower
      self.upper = upper
    }
  }
  public let intervals: [Interval]

  public init(_ intervals: [Interval]) {
    self.intervals = intervals
  }

  public var isEmpty: Bool { intervals.isEmpty }
  public var isBounded: Bool { intervals.allSatisfy { $0.lower.isFinite && $0.upper.isFinite } }
  public var isLine: Bool { intervals == [Interval(-.infinity, .infinity)] }
  public func contains(_ value: Double) -> Bool { intervals.contains { $0.lower <= value && value <= $0.upper } }
}

/// The search for the ends of a confidence set on the line closed at infinity, where θ = center + scale tan φ: what is
/// smooth in the direction of (θ, 1) is smooth in φ, at infinity as well.
struct CircleSearch {
  let center: Double
  let scale: Double
  /// Pieces that the half circle is cut into before ends and extrema are looked for.
  static let pieces = 240
  /// Steps of a search along chords, which take ten or so, and what they leave of an angle.
  private static let steps = 100
  private static let resolution = 1e-14

  /// Unit vector (sin φ, cos φ) of an angle, so that θ = center + scale sin / cos.
  typealias Excess = (_ sine: Double, _ cosine: Double) throws -> Double

  /// The set of θ where `excess` is not positive.
  ///
  /// The half circle from -90° (infinity) to 90° is cut into pieces of one sign or one change of sign: between points of
  /// a grid, and where the grid has an extremum of the wrong sign for a crossing at the extremum itself, which is found
  /// by golden sections.
  func set(_ excess: Excess) throws -> ConfidenceSet {
    let count = Self.pieces
    var points: [(angle: Double, value: Double)] = []
    for i in 0...count {
      let angle = Double.pi * (Double(i) / Double(count) - 0.5)
      // Both ends of the half circle are the same point.
      points.append((angle, i == count ? points[0].value : try value(at: angle, excess)))
    }
    points = try withExtrema(points, excess)
    var ends: [Double] = []
    for (first, second) in zip(points, points.dropFirst()) where (first.value > 0) != (second.value > 0) {
      ends.append(try crossing(first, second, excess))
    }
    return intervals(ends, startsInside: points[0].value <= 0)
  }

  private func value(at angle: Double, _ excess: Excess) throws -> Double {
    let (sine, cosine) = Elementary.sinCos(angle)
    return try excess(sine, abs(angle) == .pi / 2 ? 0 : cosine)
  }

  /// The points with the extrema between them that change sign where the grid does not show it.
  private func withExtrema(_ points: [(angle: Double, value: Double)], _ excess: Excess) throws -> [(
    angle: Double, value: Double
  )] {
    var result = points
    for i in 1..<points.count - 1 {
      let (before, here, after) = (points[i - 1], points[i], points[i + 1])
      let sign: Double = here.value > 0 ? 1 : -1
      guard (before.value > 0) == (here.value > 0), (after.value > 0) == (here.value > 0) else { continue }
      // An extremum towards zero.
      guard sign * here.value <= sign * before.value, sign * here.value <= sign * after.value else { continue }
      let found = try extremum(before.angle, after.angle, sign, excess)
      if (found.value > 0) != (here.value > 0) { result.append(found) }
    }
    return result.sorted { $0.angle < $1.angle }
  }

  /// The least of sign · excess between two angles.
  private func extremum(
    _ from: Double, _ to: Double, _ sign: Double, _ excess: Excess
  ) throws -> (angle: Double, value: Double) {
    let share = 0.618_033_988_749_894_9
    var (low, high) = (from, to)
    var inner = [high - share * (high - low), low + share * (high - low)]
    var values = try inner.map { sign * (try value(at: $0, excess)) }
    for _ in 0..<40 {
      // What crosses zero is enough.
      if let place = values.firstIndex(where: { $0 < 0 }) { return (inner[place], sign * values[place]) }
      if values[0] < values[1] {
        high = inner[1]
        inner = [high - share * (high - low), inner[0]]
        values = [sign * (try value(at: inner[0], excess)), values[0]]
      } else {
        low = inner[0]
        inner = [inner[1], low + share * (high - low)]
        values = [values[1], sign * (try value(at: inner[1], excess))]
      }
    }
    return (inner[0], sign * values[0])
  }

  private func crossing(
    _ first: (angle: Double, value: Double), _ second: (angle: Double, value: Double), _ excess: Excess
  ) throws -> Double {
    var (low, high) = (first, second)
    var (last, moved) = (Double.infinity, 0)
    for _ in 0..<Self.steps {
      var angle = (low.angle * high.value - high.angle * low.value) / (high.value - low.value)
      if !(angle > low.angle && angle < high.angle) { angle = low.angle + (high.angle - low.angle) / 2 }
      let found = try value(at: angle, excess)
      let isDone = abs(angle - last) < Self.resolution || found == 0
      last = angle
      if isDone { break }
      // An end that stays twice loses half of its weight, so that both ends move (the Illinois rule).
      if (found > 0) == (low.value > 0) {
        low = (angle, found)
        if moved == 1 { high.value /= 2 }
        moved = 1
      } else {
        high = (angle, found)
        if moved == -1 { low.value /= 2 }
        moved = -1
      }
    }
    let (sine, cosine) = Elementary.sinCos(last)
    return center + scale * sine / cosine
  }

  private func intervals(_ ends: [Double], startsInside: Bool) -> ConfidenceSet {
    var bounds = ends
    if startsInside { bounds = [-.infinity] + bounds }
    if bounds.count % 2 == 1 { bounds.append(.infinity) }
    return ConfidenceSet(
      stride(from: 0, to: bounds.count, by: 2).map { ConfidenceSet.Interval(bounds[$0], bounds[$0 + 1]) })
  }
}
