import Storage

extension SyntheticOutcomesResult {
  /// The SHA-256 of the bits of all answers: the same on any number of ranks, for rows in any files, streamed or not.
  public func digest() -> String {
    var digest = SHA256Digest()
    for stratum in strata { stratum.add(to: &digest) }
    for contrast in contrasts { digest.update(contrast.naive.numbers + contrast.effect.numbers) }
    digest.update(armMeans.flatMap(\.numbers))
    return digest.finalize()
  }
}

extension StratumResult {
  fileprivate func add(to digest: inout SHA256Digest) {
    digest.update(name ?? "")
    digest.update(rank)
    digest.update(canonicalValues + armMeans.flatMap(\.numbers) + effectMoments.flatMap(\.numbers))
    for found in classes ?? [] {
      digest.update(found.share.numbers + (found.effects + found.means).flatMap(\.numbers) + found.features)
    }
    let tests = (treatmentProxiesExcluded + outcomeProxiesExcluded).map(\.test) + [outcomeProxiesUntouched]
    digest.update(tests.flatMap { [$0?.statistic ?? .nan, $0?.pValue ?? .nan] })
    digest.update(strengths.flatMap { $0.value.numbers + [$0.condition] })
  }
}
