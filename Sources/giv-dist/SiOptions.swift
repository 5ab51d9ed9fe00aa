import ArgumentParser
import Diagnostics
import SyntheticInterventions

extension SyntheticInterventionsOptions.Weighting: ExpressibleByArgument {}
extension SyntheticInterventionsOptions.Variance: ExpressibleByArgument {}
extension SyntheticInterventionsOptions.LeaveOut: ExpressibleByArgument {}

/// The interval that is shown, or all there are.
enum SiInterval: String, ExpressibleByArgument, CaseIterable {
  case calibrated, delta, published, all
}

/// What is asked of a panel, in its own names.
struct SiOptions: ParsableArguments {
  @Option(help: "The periods before, in which all units are under the first arm, as FIRST:LAST.")
  var pre: String
  @Option(help: "The periods that are asked for, as FIRST:LAST.")
  var post: String
  @Option(help: "Other periods for the outcomes under one arm, as ARM=FIRST:LAST; may be repeated.")
  var postArm: [String] = []
  @Option(help: "The units to answer for: all, own (each under its own arm alone), or names with commas between.")
  var targets = "all"
  @Option(help: "The arms to answer for, with commas between. (default: all)")
  var arms: String?
  @Option(help: "The donors of an arm, as ARM=UNIT,UNIT,..; may be repeated. (default: all units that came under it)")
  var donors: [String] = []
  @Option(help: "Units that are neither donors nor targets, with commas between.")
  var exclude: String?
  @Option(help: "How donors are weighed: by principal component regression, or the published way. (default: pcr)")
  var estimator: SyntheticInterventionsOptions.Weighting?
  @Option(
    help: """
      How many factors are kept: usvt, donoho, energy:SHARE or fixed:K, for all arms, or as ARM=RULE for one; may be \
      repeated. (default: usvt)
      """)
  var rank: [String] = []
  @Option(help: "The noise variance of published intervals. (default: pooled)")
  var variance: SyntheticInterventionsOptions.Variance?
  @Option(
    help: "The interval that is shown; calibrated ones cover the donors' own outcomes. (default: calibrated)")
  var interval: SiInterval?
  @Option(help: "The level of intervals and confidence sets.")
  var level = 0.95
  @Option(help: "How a donor is left out of its own arm; auto is exact while that is cheap.")
  var leaveOut = SyntheticInterventionsOptions.LeaveOut.automatic
  @Option(help: "Differences of the outcomes under two arms, as TREATED-CONTROL, with commas between.")
  var contrast: String?
  @Option(help: "The outcomes to look at, with commas between. (default: all)")
  var metrics: String?
  @Flag(help: "The published configuration: bias-corrected, donoho, its variance and its prediction interval.")
  var published = false
  @Flag(help: "Take every untreated donor in turn for treated, and rank each target among them.")
  var placeboSpace = false
  @Flag(help: "With --placebo-space: let the target be a donor of the others.")
  var placeboIncludeTarget = false
  @Option(help: "Take the treatment to begin in these periods before, with commas between.")
  var placeboTime: String?
  @Flag(help: "Drop each donor in turn, and show how far estimates move.")
  var leaveOneDonorOut = false
  @Flag(help: "Find the smallest constant effect that placebos in space would show.")
  var power = false
  @Flag(help: "Average effects over units that came under their arms at times of their own, by the time since.")
  var eventStudy = false
  @Option(help: "The seed of the draws of placebo cohorts.")
  var seed: UInt64 = 0

  func validate() throws {
    let ofPlaceboSpace = ScopedOption(
      "--placebo-include-target", placeboIncludeTarget ? true : nil, with: "--placebo-space or --power",
      isRead: placeboSpace || power)
    try
      ([ofPlaceboSpace]
      + [("--estimator", estimator as Any?), ("--rank", rank.isEmpty ? nil : rank), ("--variance", variance)].map {
        ScopedOption($0.0, $0.1, with: "runs without --published", isRead: !published)
      }).requireReaders()
  }

  var showsAllIntervals: Bool { interval == .all }

  /// - Throws: ``Failure`` `usage` that names the option, with close names where the panel has no such name.
  func options(_ labels: PanelLabels) throws -> SyntheticInterventionsOptions {
    var options = SyntheticInterventionsOptions(
      windows: PeriodWindows(before: try labels.window(pre, "--pre"), after: try labels.window(post, "--post")))
    for text in postArm {
      let (arm, window) = try labels.ofArm(text, "--post-arm")
      guard options.armWindows.updateValue(try labels.window(window, "--post-arm \(arm)="), forKey: arm) == nil else {
        throw Failure(.usage, "--post-arm names arm '\(arm)' twice; give it one window")
      }
    }
    options.targets =
      switch targets {
      case "all": .all
      case "own": .own
      default: .named(try columnNames(targets, "--targets"))
      }
    options.arms = try columnNames(arms, "--arms")
    for text in donors {
      let (arm, units) = try labels.ofArm(text, "--donors")
      options.donors[arm, default: []] += try columnNames(units, "--donors")
    }
    options.excluded = try columnNames(exclude, "--exclude")
    options.weighting = estimator ?? options.weighting
    for text in rank {
      if let rule = try Self.rule(text) {
        options.rank = rule
      } else {
        let (arm, text) = try labels.ofArm(text, "--rank")
        guard let rule = try Self.rule(text) else { throw Self.noRule(text) }
        options.armRanks[arm] = rule
      }
    }
    options.variance = variance ?? options.variance
    options.level = level
    options.leaveOut = leaveOut
    options.contrasts = try columnNames(contrast, "--contrast").map { try Self.contrast($0, labels) }
    options.metrics = try columnNames(metrics, "--metrics")
    if published { options.takePublished() }
    if let interval, let kind = IntervalKind(rawValue: interval.rawValue) { options.interval = kind }
    options.placeboSpace = placeboSpace
    options.placeboIncludesTarget = placeboIncludeTarget
    options.placeboTimes = try columnNames(placeboTime, "--placebo-time").map {
      try labels.period($0, "--placebo-time")
    }
    options.leavesOneDonorOut = leaveOneDonorOut
    options.findsPower = power
    options.eventStudy = eventStudy
    options.seed = seed
    return options
  }

  /// A rule of ranks; nil when the text is none and may name an arm.
  private static func rule(_ text: String) throws -> RankRule? {
    switch text {
    case "usvt": return .universalThreshold
    case "donoho": return .donoho
    default:
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch (parts[0], parts.count == 2 ? parts[1] : "") {
      case ("energy", let share):
        guard let share = Double(share) else { throw noRule(text) }
        return .energy(share)
      case ("fixed", let rank):
        guard let rank = Int(rank) else { throw noRule(text) }
        return .fixed(rank)
      default:
        if text.contains("=") { return nil }
        throw noRule(text)
      }
    }
  }

  private static func noRule(_ text: String) -> Failure {
    Failure(.usage, "--rank \(text): give usvt, donoho, energy:SHARE or fixed:K, or one of them for an arm as ARM=RULE")
  }

  /// Names of arms may hold the dash.
  private static func contrast(_ text: String, _ labels: PanelLabels) throws -> SyntheticInterventionsOptions.Contrast {
    let pairs = text.indices.filter { text[$0] == "-" }.map {
      (String(text[..<$0]), String(text[text.index(after: $0)...]))
    }
    if let pair = pairs.first(where: { labels.arms.contains($0.0) && labels.arms.contains($0.1) }) {
      guard pair.0 != pair.1 else {
        throw Failure(.usage, "--contrast \(text) is of one arm; name two as TREATED-CONTROL")
      }
      return .init(treated: pair.0, control: pair.1)
    }
    guard let pair = pairs.first else {
      throw Failure(.usage, "--contrast \(text): give two arms as TREATED-CONTROL")
    }
    return .init(
      treated: try labels.arm(pair.0, "--contrast"), control: try labels.arm(pair.1, "--contrast"))
  }
}
