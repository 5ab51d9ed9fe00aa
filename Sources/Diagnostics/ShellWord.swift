extension String {
  /// The text as a shell takes it for one word: as it is when it is plain, else in quotes.
  package var asShellWord: String {
    let isPlain = !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_=./,:+@%".contains($0)) }
    guard !isPlain else { return self }
    return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
