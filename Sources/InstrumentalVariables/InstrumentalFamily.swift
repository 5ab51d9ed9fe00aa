import Communication

/// Instrumental regressions over the same rows whose columns have much in common: they make their passes together, so that
/// what is shared is evaluated once.
public protocol InstrumentalFamily: Sendable {
  /// The rows of all ranks.
  var rows: DistributedRows { get }
  /// Of each regression.
  var names: [InstrumentalNames] { get }
  /// As those of ``InstrumentalRows``, the same for all.
  var clusterings: [Clustering] { get }

  /// Calls `body` with the columns of a chunk of this rank for each of some regressions in turn.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read, and what `body` throws.
  func withChunk(_ chunk: Int, of places: [Int], _ body: (_ place: Int, InstrumentalChunk) throws -> Void) throws
}

extension InstrumentalFamily {
  /// The sums that each regression has of its rows, in one pass; nil where there is nothing to add to. Collective.
  func sums<Sums: Reducible>(
    _ zeros: [Sums?], add: (_ place: Int, InstrumentalChunk, _ chunk: Int, inout Sums) throws -> Void
  ) throws -> [Sums?] {
    let places = zeros.indices.filter { zeros[$0] != nil }
    guard !places.isEmpty else { return zeros }
    let found = try rows.sum(SumsOfEach(members: places.map { zeros[$0]! })) { sums, chunk in
      var next = 0
      try withChunk(chunk, of: places) { place, block in
        try add(place, block, chunk, &sums.members[next])
        next += 1
      }
    }
    var result = zeros
    for (place, sums) in zip(places, found.members) { result[place] = sums }
    return result
  }
}

/// The sums of several regressions, one after another.
private struct SumsOfEach<Sums: Reducible>: Reducible {
  var members: [Sums]

  var summands: [Double] {
    get { members.flatMap(\.summands) }
    set {
      var start = 0
      for place in members.indices {
        let count = members[place].summands.count
        members[place].summands = Array(newValue[start..<start + count])
        start += count
      }
    }
  }
}

/// One regression alone.
struct SingleRegression<Source: InstrumentalRows>: InstrumentalFamily {
  let source: Source

  var rows: DistributedRows { source.rows }
  var names: [InstrumentalNames] { [source.names] }
  var clusterings: [Clustering] { source.clusterings }

  func withChunk(_ chunk: Int, of places: [Int], _ body: (Int, InstrumentalChunk) throws -> Void) throws {
    try source.withChunk(chunk) { try body(0, $0) }
  }
}
