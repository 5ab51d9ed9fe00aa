import ArgumentParser
import MetaEM

/// An option that some runs do not read; given there, it would be ignored in silence.
struct ScopedOption {
  let name: String
  let isGiven: Bool
  /// What makes a run read it, as a user would write it.
  let readers: String
  let isRead: Bool

  /// - Parameter value: nil when the option was not given.
  init(_ name: String, _ value: Any?, with readers: String, isRead: Bool) {
    self.name = name
    isGiven = value != nil
    self.readers = readers
    self.isRead = isRead
  }

  /// An option of some values of another one.
  ///
  /// - Parameter fitted: the values of this run.
  init<Kind: RawRepresentable<String> & Equatable>(
    _ name: String, _ value: Any?, with option: String, _ kinds: [Kind], fitted: [Kind]
  ) {
    self.init(
      name, value, with: "\(option) \(kinds.map(\.rawValue).joined(separator: " or "))",
      isRead: fitted.contains(where: kinds.contains))
  }
}

extension [ScopedOption] {
  /// Refuses the first option that was given and is not read.
  func requireReaders() throws {
    guard let option = first(where: { $0.isGiven && !$0.isRead }) else { return }
    throw ValidationError("\(option.name) goes with \(option.readers) only; choose that, or leave \(option.name) out")
  }
}

extension FitOptions {
  /// The options that not every fit reads.
  func scoped(_ representations: [RepresentationKind], _ distributions: [DistributionKind]) -> [ScopedOption] {
    func option(_ name: String, _ value: Any?, of kinds: DistributionKind...) -> ScopedOption {
      ScopedOption(name, value, with: "--distribution", kinds, fitted: distributions)
    }
    return [
      option("--covariance", covariance, of: .gaussian), option("--start", start, of: .gaussian),
      option("--errors", errors, of: .regression, .joint),
      option("--outcome-basis", outcomeBasis, of: .joint), option("--covariate-basis", covariateBasis, of: .joint),
      option("--free-shifts", freeShifts ? true : nil, of: .joint),
      option("--control-function", controlFunction, of: .joint),
      option("--treatment-error", treatmentError, of: .joint),
      option("--concomitants", concomitants ? true : nil, of: .joint),
    ]
      + alternation.given.map {
        ScopedOption($0, true, with: "--representation", [.network, .mixed], fitted: representations)
      }
  }
}
