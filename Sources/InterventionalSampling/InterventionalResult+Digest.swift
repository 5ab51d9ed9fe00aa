import Storage

extension InterventionalResult {
  /// The SHA-256 of the bits of all answers: the same on any number of ranks, for rows in any files, streamed or not.
  public func digest() -> String {
    var digest = SHA256Digest()
    for answer in answers {
      digest.update((answer.probabilities + [answer.mean].compactMap { $0 }).flatMap(\.numbers) + [answer.rareShare])
    }
    for contrast in contrasts {
      digest.update((contrast.differences + [contrast.mean].compactMap { $0 }).flatMap(\.numbers))
    }
    digest.update([invariance?.statistic ?? .nan, invariance?.pValue ?? .nan])
    digest.update(independences.flatMap { [$0.test?.statistic ?? .nan, $0.adjusted ?? .nan] })
    return digest.finalize()
  }
}
