import Diagnostics
import Effects

/// Two treatments `A:B`, or several such pairs with commas between: the effect of B instead of A is asked for.
func treatmentPairs(_ text: String, _ option: String) throws -> [Contrast] {
  try text.split(separator: ",").map { pair in
    let ends = pair.split(separator: ":", omittingEmptySubsequences: false)
    guard ends.count == 2 else { throw Failure(.usage, "\(option) \(pair): give two treatments as A:B") }
    return Contrast(from: try finiteNumber(String(ends[0]), option), to: try finiteNumber(String(ends[1]), option))
  }
}

/// The number that a text of an option is.
func finiteNumber(_ text: String, _ option: String) throws -> Double {
  guard let value = Double(text), value.isFinite else { throw Failure(.usage, "\(option) \(text): give a number") }
  return value
}
