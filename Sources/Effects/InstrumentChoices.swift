import Communication
import InstrumentalVariables

/// Regressions of the same rows that differ in their instruments alone: passes evaluate what they share once.
struct InstrumentChoices: InstrumentalFamily {
  private let members: [EffectRows]

  var rows: DistributedRows { members[0].rows }
  var names: [InstrumentalNames] { members.map(\.names) }
  var clusterings: [Clustering] { members[0].clusterings }

  /// - Precondition: there is one at least.
  init(_ members: [EffectRows]) { self.members = members }

  func withChunk(_ chunk: Int, of places: [Int], _ body: (Int, InstrumentalChunk) throws -> Void) throws {
    guard let first = places.first else { return }
    let shared = try EffectColumns(members[first], chunk)
    for place in places {
      let own = place == first ? shared : try shared.replacingInstruments(by: members[place], chunk)
      try members[place].withChunk(chunk, own) { try body(place, $0) }
    }
  }
}
