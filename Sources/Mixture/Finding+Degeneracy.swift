import Diagnostics

extension Finding {
  /// A ridge was added to the diagonal of a matrix, as a share of it, to keep a group from degenerating.
  package static func ridge(_ share: Double, _ code: Code) -> Finding { .note(code, [.ridge: .number(share)]) }
}
