import Diagnostics
import Import
import Panels

/// Names of a panel's periods and arms, as options write them.
struct PanelLabels {
  let periods: [String]
  let arms: [String]

  init(_ collection: PanelCollection) {
    periods = collection.periods.texts
    arms = collection.arms
  }

  /// The periods from one label to another, `1970:1988`; one label stands for itself. Labels may hold colons.
  ///
  /// - Throws: ``Failure`` `usage` that lists close labels of one that there is not, or says that the first is the later.
  func window(_ text: String, _ option: String) throws -> Range<Int> {
    if let place = periods.firstIndex(of: text) { return place..<place + 1 }
    let cuts = text.indices.filter { text[$0] == ":" }
    let ends = cuts.map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
    let known = ends.first { periods.contains($0.0) && periods.contains($0.1) }
    guard let (first, last) = known else {
      guard let (first, last) = ends.first else {
        throw Failure(.usage, "\(option) \(text): " + unknown(text) + ", or two periods as FIRST:LAST")
      }
      throw Failure(.usage, "\(option) \(text): " + unknown(periods.contains(first) ? last : first))
    }
    let (start, end) = (periods.firstIndex(of: first)!, periods.firstIndex(of: last)!)
    guard start <= end else {
      throw Failure(.usage, "\(option) \(text) is empty: \(last) is before \(first); name the earlier period first")
    }
    return start..<end + 1
  }

  /// The place of a period.
  func period(_ label: String, _ option: String) throws -> Int {
    guard let place = periods.firstIndex(of: label) else {
      throw Failure(.usage, "\(option) \(label): " + unknown(label))
    }
    return place
  }

  /// An arm and what is said of it, `ARM=..`.
  func ofArm(_ text: String, _ option: String) throws -> (arm: String, value: String) {
    guard let cut = text.firstIndex(of: "="), cut > text.startIndex else {
      throw Failure(.usage, "\(option) \(text): name an arm before, as ARM=..")
    }
    let arm = String(text[..<cut])
    return (try self.arm(arm, option), String(text[text.index(after: cut)...]))
  }

  func arm(_ name: String, _ option: String) throws -> String {
    guard !arms.contains(name) else { return name }
    let similar = similarNames(to: name, among: arms)
    throw Failure(
      .usage,
      "\(option) \(name): the panel has no such arm; "
        + (similar.isEmpty ? "it has \(list(arms))" : "did you mean \(list(similar))?"))
  }

  private func unknown(_ label: String) -> String {
    // Numbers that look alike are not near each other.
    let similar = Int(label) == nil ? similarNames(to: label, among: periods) : []
    return "the panel has no period '\(label)'; "
      + (similar.isEmpty ? "it has \(periods.first!) to \(periods.last!)" : "did you mean \(list(similar))?")
  }

  private func list(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }
}
