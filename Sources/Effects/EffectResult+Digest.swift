import InstrumentalVariables
import Storage

extension EffectResult {
  /// The SHA-256 of the bits of all answers, of tests, of what the groups say of themselves and of the replicates.
  public func digest() -> String {
    var digest = SHA256Digest()
    for answer in answers {
      digest.update(answer.method.rawValue)
      for estimate in [answer.averageSlope] + answer.contrasts.map(\.effect) + answer.terms { digest.update(estimate) }
      digest.update(answer.covariance)
      digest.update(answer.curve)
    }
    for answer in ladder {
      digest.update(answer.method.name)
      digest.update(answer.averageSlope)
      digest.update(answer.curve)
    }
    if let modelAnswer {
      for estimate in [modelAnswer.averageSlope] + modelAnswer.contrasts.map(\.effect) + modelAnswer.curve {
        digest.update(estimate)
      }
    }
    for stage in diagnostics?.firstStage ?? [] { digest.update([stage.partialRSquared, stage.effectiveF]) }
    let tests = [
      diagnostics?.kleibergenPaap.test, diagnostics?.hansenJ, diagnostics?.wooldridge, audit?.balance.wald,
    ]
    digest.update(tests.map { $0?.statistic ?? .nan })
    digest.update(diagnostics?.andersonRubin.intervals.flatMap { [$0.lower, $0.upper] } ?? [])
    for group in audit?.comparisons.leftOut ?? [] {
      digest.update([group.difference, group.standardError].map { $0 ?? .nan })
    }
    if let audit { digest.update([audit.balance.kernel.statistic, audit.balance.kernel.pValue, audit.labels.entropy]) }
    for replicate in bootstrap?.replicates ?? [] { digest.update(Array(replicate.coefficients.joined())) }
    return digest.finalize()
  }
}

extension SHA256Digest {
  fileprivate mutating func update(_ estimate: EffectEstimate) {
    update([estimate.estimate, estimate.standardError, estimate.lower, estimate.upper].map { $0 ?? .nan })
  }

  fileprivate mutating func update(_ curve: [CurvePoint]) {
    for point in curve {
      update([point.t, point.g, point.tau, point.uniformLower, point.uniformUpper].map { $0 ?? .nan })
    }
  }
}
