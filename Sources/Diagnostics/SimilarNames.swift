/// The names most like `name`, for a message: equal but for case first, then by the number of changed characters.
public func similarNames(to name: String, among names: [String]) -> [String] {
  let wanted = Array(name.lowercased())
  let ranked = names.map { candidate in
    let other = Array(candidate.lowercased())
    let isPart = !wanted.isEmpty && candidate.lowercased().contains(name.lowercased())
    return (name: candidate, distance: isPart ? min(1, editDistance(wanted, other)) : editDistance(wanted, other))
  }
  let closest = ranked.filter { $0.distance <= min(max(2, wanted.count / 3), wanted.count / 2) }
  return closest.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
}

/// What a message says about a name that is not there: the names most like it, or else some of those that there are.
///
/// - Parameter owner: what has them, with its verb.
public func suggestion(for name: String, among names: [String], owner: String = "they have") -> String {
  let similar = similarNames(to: name, among: names)
  guard similar.isEmpty else { return "did you mean \(similar.map { "'\($0)'" }.joined(separator: ", "))?" }
  guard !names.isEmpty else { return "\(owner) none" }
  return "\(owner) \(names.prefix(12).map { "'\($0)'" }.joined(separator: ", "))" + (names.count > 12 ? ", …" : "")
}

/// Insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      let replaced = diagonal + (left == right ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
