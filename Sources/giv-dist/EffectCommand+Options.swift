import ArgumentParser
import Diagnostics
import Effects
import NonparametricIV

/// What the options of `giv-dist effect` come to, and which do not go together.
extension Effect {
  func options() throws -> EffectOptions {
    var options = EffectOptions()
    options.instrumentBasis = instrumentBasis
    options.controlDegree = covariateBasis.degree
    options.covariance = covariance ?? (cluster.isEmpty ? .hc0 : .cluster)
    options.method =
      estimator ?? (instrument == "none" ? .ordinary : options.covariance == .hc0 ? .hful : .fuller)
    if options.method.hasOwnCovariance && options.covariance != .hc0 {
      throw Failure(
        .usage,
        "--estimator \(options.method.rawValue) has a covariance of its own, for independent rows; leave out --covariance "
          + "and --cluster, or choose 2sls, liml, fuller or gmm")
    }
    if !cluster.isEmpty && options.covariance != .cluster {
      throw Failure(.usage, "--cluster needs --covariance cluster, which is its default; leave one of them out")
    }
    let needing: [(String, Bool)] = [
      ("--estimator", estimator != nil), ("--projection", projection), ("--se stacked", se == .stacked),
      ("--instrument-basis", instrumentBasis != .index),
    ]
    if instrument == "none", let (name, _) = needing.first(where: \.1) {
      throw Failure(
        .usage, "\(name) is for an effect with an instrument, and --instrument none has none; leave it out")
    }
    options.clusters = cluster
    options.errors = bootstrap == nil ? se : .bootstrap
    if let bootstrap {
      if let se, se != .bootstrap {
        throw Failure(.usage, "--bootstrap gives other errors than --se \(se.rawValue); leave one of them out")
      }
      guard bootstrap >= 2 else { throw Failure(.usage, "--bootstrap \(bootstrap): give two replicates at least") }
      options.replicates = bootstrap
    }
    if out == nil && (resume || ranksPerFit != 1) {
      throw Failure(
        .usage, "--resume and --ranks-per-fit are for replicates that are kept in a folder; name it with --out")
    }
    if resume && force { throw Failure(.usage, "--resume goes on and --force starts anew; give one of them") }
    if ranksPerFit < 1 { throw Failure(.usage, "--ranks-per-fit must be at least 1, not \(ranksPerFit)") }
    if se == .stacked, [.unadjusted, .hc2, .hc3].contains(options.covariance) {
      throw Failure(
        .usage,
        "--se stacked adds to sums over rows or clusters; choose --covariance HC0 or HC1, or --cluster, or --se robust")
    }
    let rule = instrument.flatMap(CandidateRule.init)
    if rule == nil && !candidates.isEmpty {
      throw Failure(
        .usage,
        "--candidates is for --instrument \(CandidateRule.allCases.map(\.rawValue).joined(separator: ", ")); leave "
          + "it out, or name one of these")
    }
    if rule != nil && instrumentBasis != .index {
      throw Failure(
        .usage,
        "--instrument-basis \(instrumentBasis.rawValue) is made of groups, and --instrument \(instrument!) has none; "
          + "leave it out")
    }
    options.seed = seed
    options.methods = method
    options.nonparametric = try nonparametricOptions()
    if outcomeBasis != "auto" {
      guard let form = OutcomeForm(outcomeBasis) else {
        throw Failure(
          .usage,
          "--outcome-basis \(outcomeBasis): give auto, linear, quadratic, cubic or spline:J, with +interactions or without"
        )
      }
      options.form = form
    }
    guard cluster.count <= 2 else {
      throw Failure(.usage, "--cluster names \(cluster.count) columns; give two at most")
    }
    if options.covariance == .cluster && cluster.isEmpty { options.clusters = ["institution"] }
    if let contrast { options.contrasts = try treatmentPairs(contrast, "--contrast") }
    guard at == nil || grid == nil else {
      throw Failure(.usage, "--at and --grid both give the treatments of the curve; leave one of them out")
    }
    guard !predict || out != nil else {
      throw Failure(.usage, "--predict writes to the folder of --out; name one")
    }
    options.hasProjection = projection
    if let at { options.curve = try numbers(at, "--at").sorted() }
    switch reference {
    case nil: break
    case "median": options.reference = .median
    case "zero": options.reference = .treatment(0)
    case let text?: options.reference = .treatment(try finiteNumber(text, "--reference"))
    }
    return options
  }

  private func nonparametricOptions() throws -> NonparametricOptions {
    var options = NonparametricOptions()
    options.isPaper = paper
    if let dual { options.dual = dual }
    if let exactRows { options.exactRows = exactRows }
    if let landmarks {
      options.landmarks = landmarks == "all" ? nil : Int(landmarks)
      guard landmarks == "all" || (options.landmarks ?? 0) > 1 else {
        throw Failure(.usage, "--landmarks \(landmarks): give a number of rows, at least 2, or 'all'")
      }
    }
    guard options.exactRows > 1 else { throw Failure(.usage, "--exact-rows \(options.exactRows): give at least 2") }
    return options
  }

  /// The options that not every effect reads.
  var methodOptions: [ScopedOption] {
    let asked = method.compactMap { if case .nonparametric(let method) = $0 { method } else { nil } }
    func option(_ name: String, _ value: Any?, _ methods: [NonparametricMethod]) -> ScopedOption {
      ScopedOption(name, value, with: "--method", methods, fitted: asked)
    }
    func inFolder(_ name: String, _ value: Any?) -> ScopedOption {
      ScopedOption(name, value, with: "--out", isRead: out != nil)
    }
    return [
      inFolder("--checkpoint-every", checkpoint.checkpointEvery),
      inFolder("--checkpoint-minutes", checkpoint.checkpointMinutes), inFolder("--max-hours", checkpoint.maxHours),
      option("--paper", paper ? true : nil, NonparametricMethod.allCases), option("--dual", dual, [.dualiv]),
      option("--landmarks", landmarks, [.kerneliv, .dualiv]), option("--exact-rows", exactRows, [.kerneliv, .dualiv]),
    ]
  }

  private func numbers(_ text: String, _ option: String) throws -> [Double] {
    try text.split(separator: ",").map { try finiteNumber(String($0), option) }
  }
}

// MARK: Methods

/// Names of methods with commas between, or `all`.
@Sendable func effectMethods(_ text: String) throws -> [EffectMethod] {
  if text == "all" { return EffectMethod.all }
  return try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
    guard let method = EffectMethod(name: String(name)) else {
      let names = EffectMethod.all.map(\.name).joined(separator: ", ")
      throw ValidationError("--method \(name): give 'all', or some of \(names)")
    }
    return method
  }
}

extension NonparametricMethod {
  /// The methods for the help of an option, the plug-in ones named as such.
  static var helpText: String {
    allCases.map { $0.rawValue + ($0.isPlugIn ? " (plug-in)" : "") }.joined(separator: ", ")
  }
}
