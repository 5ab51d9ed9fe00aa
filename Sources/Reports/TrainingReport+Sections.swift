import ControlFunction
import Diagnostics
import Features
import Foundation
import MetaEM
import Mixture
import Statistics

extension TrainingReport {
  /// Covariates that a line shows at most, and characters that the names of parameters take; the files hold all.
  private static let mostCovariates = 12
  private static let widestNames = 80

  /// The run for people.
  public var report: Report {
    Report([heading, groupTable] + effect + [fit, starts, rounds, truth, balance, findingsSection, digests])
  }

  private var heading: Report.Section {
    var blocks = "\(numbers.representation) representation, \(numbers.distribution) groups"
    // Networks that were kept bend the form.
    if let form = numbers.form, !numbers.rounds.contains(where: \.accepted) { blocks += " (\(formText(form)))" }
    let warning: [Report.Block] =
      result.joint?.isIdentified ?? true
      ? [] : [.line("the effect of \(result.model.treatmentName) is NOT identified: there may be no group")]
    return Report.Section(
      nil,
      warning + [
        .line(
          "\(numbers.groups) group\(numbers.groups == 1 ? "" : "s") in \(numbers.rows) rows\(weightText) on "
            + "\(numbers.ranks) rank\(numbers.ranks == 1 ? "" : "s"): \(blocks)")
      ])
  }

  private var weightText: String {
    switch result.configuration.weights {
    case .frequency: " with frequencies, n = \(numbers.observations),"
    case .sampling: " with sampling weights, scaled to mean 1,"
    case nil: ""
    }
  }

  private func formText(_ form: String) -> String {
    switch SplineForm(rawValue: form) {
    case .linear?: "t linear in x"
    case .shared?: "one curve per covariate, weighted by group"
    case .free?: "curves of each group's own"
    case nil: form
    }
  }

  // MARK: Groups

  private var groupTable: Report.Section {
    let names = parameterNames
    let columns = ["group", "rows", "share"] + names.shown + (hasSpread ? ["spread"] : [])
    var table = Report.Table(columns.map { Report.Table.Column($0) })
    for group in numbers.components {
      let values = group.coefficients ?? group.means ?? [:]
      table.rows.append(
        [.count(group.group), .count(group.rows), .decimals(group.share, 4)]
          + names.shown.map { .significant(values[$0]) }
          + (group.residualStandardDeviation.map { [.significant($0)] } ?? []))
    }
    let kind = hasSpread ? "coefficients of the treatment's regression" : "means"
    if names.hidden > 0 { table.note = "and \(names.hidden) more \(kind), in model.h5 and with --json" }
    return Report.Section(nil, [.table(table)])
  }

  private var hasSpread: Bool { numbers.components.allSatisfy { $0.residualStandardDeviation != nil } }

  private var parameterNames: (shown: [String], hidden: Int) {
    // Those of the joint model are on a basis of its own, in model.h5.
    guard joint == nil else { return ([], 0) }
    let features = result.model.representation.featureNames
    let all = hasSpread ? ["(constant)"] + features : features + [result.model.treatmentName]
    var width = 0
    let shown = all.prefix { name in
      width += max(name.count, 9) + 2
      return width <= Self.widestNames
    }
    return (Array(shown), all.count - shown.count)
  }

  // MARK: The effect that a joint fit gives

  private var effect: [Report.Section] {
    guard let joint = result.joint else { return [] }
    return joint.isIdentified ? [effectTerms(joint), effectCurve(joint), confounding(joint)] : [confounding(joint)]
  }

  private func effectTerms(_ joint: ControlFunction.Result) -> Report.Section {
    let titles = ["effect of \(result.model.treatmentName)", "estimate", "std. error", "95% interval"]
    func row(_ name: String, _ effect: EffectCoefficient) -> [Report.Cell] {
      [
        .text(name), .significant(effect.value), .significant(effect.standardError),
        effect.interval.map { .interval($0) } ?? .undefined,
      ]
    }
    var slopes = [row("average slope", joint.averageSlope)]
    if let slope = joint.uncorrectedSlope { slopes.append(row("  of the treatment as measured", slope)) }
    if let slope = result.instrumentalSlope {
      slopes.append([
        .text("  by its groups as instruments"), .significant(slope.estimate), .significant(slope.standardError),
        slope.lower.map { .interval($0...slope.upper!) } ?? .undefined,
      ])
    }
    let rows =
      slopes
      + (self.joint?.contrasts ?? []).map { contrast in
        row(
          "\(result.model.treatmentName) from \(significant(contrast.from)) to \(significant(contrast.to))",
          contrast.effect)
      } + joint.ownEffects.prefix(Self.mostCovariates).map { row($0.name, $0) }
    return Report.Section(nil, [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))])
  }

  private func effectCurve(_ joint: ControlFunction.Result) -> Report.Section {
    let points = stride(from: 1, to: joint.effectCurve.count, by: 4).map { joint.effectCurve[$0] }
    let titles = ["\(result.model.treatmentName) set to"] + points.map { significant($0.t) }
    let rows: [[Report.Cell]] = [
      [.text("mean effect against 0")] + points.map { .significant($0.tau) },
      [.text("std. error")] + points.map { .significant($0.standardError) },
    ]
    return Report.Section(nil, [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))])
  }

  private func confounding(_ joint: ControlFunction.Result) -> Report.Section {
    func estimates(
      _ name: String, _ values: [Double], _ errors: [Double]?, _ test: ChiSquareTest? = nil
    ) -> Report.Block {
      .estimates(
        Report.Estimates(
          name, values.enumerated().map { k, value in .estimate(value, error: errors?[k]) }, test: test?.value))
    }
    var blocks = [estimates("confounding by group, kappa", joint.kappa, joint.kappaStandardErrors)]
    if let delta = joint.delta {
      blocks.append(estimates("shifts of the outcome by group, delta", delta, joint.deltaStandardErrors))
    }
    if let bends = joint.bends {
      blocks.append(estimates("its bend by group, kappa2", bends.kappa2, bends.standardErrors, bends.test))
    }
    if let interactions = joint.interactions {
      let names = interactions.names.joined(separator: ", ")
      blocks.append(
        estimates(
          "its change with \(names), lambda", interactions.lambda, interactions.standardErrors, interactions.test))
    }
    if let shares = joint.shares {
      blocks.append(estimates("shares of groups depend on covariates", [], nil, shares.test))
    }
    if let shifts = joint.shiftsTest {
      blocks.append(estimates("shifts of the outcome by groups themselves", [], nil, shifts))
    }
    if joint.isIdentified, let sensitivity = joint.shiftSensitivity { blocks.append(.line(words(sensitivity))) }
    let basis = "outcome: \(joint.outcomeBasis) in the treatment, \(joint.covariateBasis) in the covariates"
    return Report.Section(nil, blocks + [.line(basis)])
  }

  private func words(_ sensitivity: ShiftSensitivity) -> String {
    let outcome = result.joint!.model.outcomeName
    let move = "shifts .1 standard deviations of \(outcome) apart move the average slope by up to "
    let zero = sensitivity.toZero.map { ", and \(significant($0)) apart take it to 0" } ?? ""
    return move + significant(0.1 * sensitivity.perStandardDeviation) + zero
  }

  // MARK: How well it fits

  private var fit: Report.Section {
    var blocks: [Report.Block] = []
    if let logLikelihood = numbers.logLikelihood, let bic = numbers.bic, let icl = numbers.icl {
      blocks.append(
        .facts([
          Report.Fact("log-likelihood", .decimals(logLikelihood, 3)), Report.Fact("BIC", .decimals(bic, 2)),
          Report.Fact("ICL", .decimals(icl, 2)),
          Report.Fact("", .count(numbers.parameterCount), unit: "parameters"),
        ]))
    }
    if let inertia = numbers.inertia { blocks.append(.facts([Report.Fact("inertia", .significant(inertia))])) }
    let entropy = numbers.entropy / Double(numbers.observations)
    blocks.append(
      .facts([
        Report.Fact("MMD", .significant(numbers.mmd)),
        Report.Fact("entropy of the labels", .decimals(entropy, 4), unit: "per row"),
      ]))
    if numbers.testRows > 0 {
      var facts = [Report.Fact("rows kept for testing", .count(numbers.testRows))]
      if let mean = numbers.testLogLikelihood {
        facts.append(Report.Fact("their log-likelihood", .decimals(mean, 4), unit: "per row"))
      }
      if let accuracy = numbers.testAccuracy { facts.append(Report.Fact("accuracy", .decimals(accuracy, 4))) }
      blocks.append(.facts(facts))
    }
    return Report.Section(nil, blocks + choices)
  }

  /// What the number of groups, and the form of a spline regression, were chosen by.
  private var choices: [Report.Block] {
    var blocks: [Report.Block] = []
    if !numbers.groupCriteria.isEmpty {
      let isMMD = result.groupCriterion == .mmd
      blocks.append(
        .series(
          "\(isMMD ? "MMD" : "BIC") by number of groups, of which the lowest was kept",
          numbers.groupCriteria.map {
            Report.Fact("\($0.groups):", isMMD ? .significant($0.mmd) : .decimals($0.bic, 1))
          }))
    }
    if !numbers.forms.isEmpty {
      blocks.append(
        .series(
          "BIC of the ways in which groups may differ",
          numbers.forms.map { Report.Fact($0.form.rawValue, .decimals($0.bic, 1)) }))
    }
    return blocks
  }

  private var starts: Report.Section {
    let search = numbers.starts
    let state = numbers.converged ? "converged" : "NOT converged"
    return Report.Section(
      nil,
      [
        .line(
          "\(state) after \(numbers.iterations) passes; \(search.agreed) of the best \(search.continued) of "
            + "\(search.starts) starts agree; \(format(numbers.seconds, decimals: 2)) s, "
            + "\(significant(numbers.secondsPerPass * 1e3)) ms per pass")
      ])
  }

  /// How the rounds of training went.
  private var rounds: Report.Section {
    let rounds = numbers.rounds
    guard let first = rounds.first, let last = rounds.last(where: \.accepted) ?? rounds.last else {
      return Report.Section(nil, [])
    }
    let marks = rounds.map { $0.accepted ? "+" : "-" }.joined()
    var line =
      "\(rounds.count { $0.accepted }) of \(rounds.count) rounds accepted (\(marks)), loss \(loss(first)) -> "
      + loss(last)
    // Elsewhere each round has an r, and so a likelihood, of its own.
    if result.configuration.distribution == .regression, let start = numbers.startLogLikelihood,
      let end = last.accepted ? last.logLikelihood : start
    {
      line += ", log-likelihood \(format(start, decimals: 3)) -> \(format(end, decimals: 3))"
    }
    return Report.Section(nil, [.line(line)])
  }

  private func loss(_ round: Round) -> String {
    round.loss.flatMap { $0.isFinite ? significant($0) : nil } ?? "-"
  }

  // MARK: Labels

  private var truth: Report.Section {
    guard let agreement = result.agreement else { return Report.Section(nil, []) }
    let titles = ["true source"] + (0..<numbers.groups).map { "group \($0)" }
    let rows: [[Report.Cell]] = zip(numbers.trueSources, agreement.confusion).map { value, counts in
      [.text("\(value)")] + counts.map { .count($0) }
    }
    return Report.Section(
      "against the true source: accuracy \(format(agreement.accuracy, decimals: 4)), adjusted Rand index "
        + format(agreement.adjustedRandIndex, decimals: 4),
      [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))])
  }

  private var balance: Report.Section {
    guard numbers.groups > 1 else { return Report.Section(nil, []) }
    let names = result.design.table.covariateNames
    let differences = result.balance.largestStandardizedDifferences
    let order = names.indices.sorted { (-differences[$0], $0) < (-differences[$1], $1) }.prefix(Self.mostCovariates)
    return Report.Section(
      "largest differences of covariate means between groups, in standard deviations:",
      [.list(order.map { Report.Fact(names[$0], .decimals(differences[$0], 3)) })])
  }

  private var findingsSection: Report.Section {
    Report.Section(nil, numbers.findings.isEmpty ? [] : [.findings(numbers.findings)])
  }

  private var digests: Report.Section {
    Report.Section(
      nil,
      [.line("digests: model \(numbers.modelDigest.prefix(16)), posteriors \(numbers.posteriorDigest.prefix(16))")])
  }
}

extension ChiSquareTest {
  /// The test as a value of a finding.
  var value: Finding.Value {
    .test(statistic: statistic, degreesOfFreedom: degreesOfFreedom, pValue: pValue)
  }
}
