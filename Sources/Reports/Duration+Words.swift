extension Duration {
  /// A time with two digits or so, as estimates are told: `8 s`, `95 s`, `12 min`, `3.4 h`.
  package static func roundedWords(seconds: Double) -> String {
    func rounded(_ value: Double) -> String { "\(Int(value.rounded()))" }
    if seconds < 1 { return "less than 1 s" }
    if seconds < 120 { return "\(rounded(seconds)) s" }
    if seconds < 7200 { return "\(rounded(seconds / 60)) min" }
    let tenths = Int((seconds / 360).rounded())
    return "\(tenths / 10).\(tenths % 10) h"
  }
}
