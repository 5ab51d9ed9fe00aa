import Foundation
import MetaEM
import Mixture
import Reports

/// The summary of a training run for people.
struct TrainingSummary {
  let result: TrainingResult
  let report: TrainingReport
  let folder: String?

  /// Covariates that a line shows at most, and characters that the names of parameters take; the files hold all.
  private static let mostCovariates = 12
  private static let widestNames = 80

  init(_ result: TrainingResult, _ report: TrainingReport, folder: String?) {
    self.result = result
    self.report = report
    self.folder = folder
  }

  var text: String {
    [heading, groupTable, effect, fit, starts, rounds, truth, balance, events, files].filter { !$0.isEmpty }
      .map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private var heading: [String] {
    var blocks = "\(report.representation) representation, \(report.distribution) groups"
    // Networks that were kept bend the form.
    if let form = report.form, !report.rounds.contains(where: \.accepted) { blocks += " (\(formText(form)))" }
    return [
      "\(report.groups) group\(report.groups == 1 ? "" : "s") in \(report.rows) rows on \(report.ranks) "
        + "rank\(report.ranks == 1 ? "" : "s"): \(blocks)"
    ]
  }

  private func formText(_ form: String) -> String {
    switch SplineForm(rawValue: form) {
    case .linear?: "t linear in x"
    case .shared?: "one curve per covariate, weighted by group"
    case .free?: "curves of each group's own"
    case nil: form
    }
  }

  private var groupTable: [String] {
    let components = report.components
    let names = parameterNames
    var table = TextTable(["group", "rows", "share"] + names.shown + (hasSpread ? ["spread"] : []))
    for group in components {
      let values = group.coefficients ?? group.means ?? [:]
      table.rows.append(
        ["\(group.group)", "\(group.rows)", format(group.share, decimals: 4)]
          + names.shown.map { values[$0].map(significant) ?? "-" }
          + (group.residualStandardDeviation.map { [significant($0)] } ?? []))
    }
    if result.joint != nil { return table.lines }
    let kind = hasSpread ? "coefficients of the treatment's regression" : "means"
    let rest = names.hidden > 0 ? ["  and \(names.hidden) more \(kind), in model.h5 and with --json"] : []
    return table.lines + rest
  }

  private var hasSpread: Bool { report.components.allSatisfy { $0.residualStandardDeviation != nil } }

  private var parameterNames: (shown: [String], hidden: Int) {
    // Those of the joint model are on a basis of its own, in model.h5.
    guard result.joint == nil else { return ([], 0) }
    let features = result.outcome.model.representation.base.featureNames
    let all = hasSpread ? ["(constant)"] + features : features + [result.outcome.model.treatmentName]
    var width = 0
    let shown = all.prefix { name in
      width += max(name.count, 9) + 2
      return width <= Self.widestNames
    }
    return (Array(shown), all.count - shown.count)
  }

  /// The effect that a joint fit gives.
  private var effect: [String] {
    guard let joint = result.joint else { return [] }
    var terms = TextTable(["effect of \(result.outcome.model.treatmentName)", "estimate", "std. error", "95% interval"])
    for term in joint.ownEffects.prefix(Self.mostCovariates) {
      let interval = term.interval.map { "\(significant($0.lowerBound)) to \(significant($0.upperBound))" }
      terms.rows.append([
        term.name, significant(term.value), term.standardError.map(significant) ?? "-", interval ?? "-",
      ])
    }
    let points = stride(from: 1, to: joint.effectCurve.count, by: 4).map { joint.effectCurve[$0] }
    var curve = TextTable(["\(result.outcome.model.treatmentName) set to"] + points.map { significant($0.t) })
    curve.rows.append(["mean effect against 0"] + points.map { significant($0.tau) })
    curve.rows.append(["std. error"] + points.map { $0.standardError.map(significant) ?? "-" })
    return (terms.rows.isEmpty ? [] : terms.lines + [""]) + curve.lines + [""] + confounding(joint) + [
      "outcome: \(joint.outcomeBasis) in the treatment, \(joint.covariateBasis) in the covariates"
    ]
  }

  private func confounding(_ joint: JointOutcome) -> [String] {
    func line(_ name: String, _ values: [Double], _ errors: [Double]?) -> String {
      let cells = values.enumerated().map { k, value in
        significant(value) + (errors.map { " (\(significant($0[k])))" } ?? "")
      }
      return "\(name) (std. error): \(cells.joined(separator: "  "))"
    }
    /// Of what a line is about being 0.
    func text(_ test: ChiSquareTest?) -> String {
      guard let test else { return "" }
      return "; none: chi2 \(significant(test.statistic)) on \(test.degreesOfFreedom), \(test.pValue.asPValue)"
    }
    var lines = [line("confounding by group, kappa", joint.kappa, joint.kappaStandardErrors)]
    if let delta = joint.delta {
      lines.append(line("shifts of the outcome by group, delta", delta, joint.deltaStandardErrors))
    }
    if let bends = joint.bends {
      lines.append(line("its bend by group, kappa2", bends.kappa2, bends.standardErrors) + text(bends.test))
    }
    if let shares = joint.shares { lines.append("shares of groups depend on covariates" + text(shares.test)) }
    return lines
  }

  private var fit: [String] {
    var lines: [String] = []
    if let logLikelihood = report.logLikelihood, let bic = report.bic, let icl = report.icl {
      lines.append(
        "log-likelihood \(format(logLikelihood, decimals: 3))   BIC \(format(bic, decimals: 2))   "
          + "ICL \(format(icl, decimals: 2))   \(report.parameterCount) parameters")
    }
    if let inertia = report.inertia { lines.append("inertia \(significant(inertia))") }
    lines.append(
      "MMD \(report.mmd.map(significant) ?? "-")   entropy of the labels "
        + "\(format(report.entropy / Double(report.rows), decimals: 4)) per row")
    if !report.groupCriteria.isEmpty {
      let isMMD = result.groupCriterion == .mmd
      let criteria = report.groupCriteria.map { criterion in
        let value = isMMD ? criterion.mmd.map(significant) : criterion.bic.map { format($0, decimals: 1) }
        return "\(criterion.groups): \(value ?? "-")"
      }
      let name = isMMD ? "MMD" : "BIC"
      lines.append("\(name) by number of groups, of which the lowest was kept: \(criteria.joined(separator: ", "))")
    }
    if !report.forms.isEmpty {
      let forms = report.forms.map { "\($0.form.rawValue) \(format($0.bic, decimals: 1))" }
      lines.append("BIC of the ways in which groups may differ: \(forms.joined(separator: ", "))")
    }
    return lines
  }

  private var starts: [String] {
    let search = report.starts
    let state = report.converged ? "converged" : "NOT converged"
    return [
      "\(state) after \(report.iterations) passes; \(search.agreed) of the best \(search.continued) of "
        + "\(search.starts) starts agree; \(format(report.seconds, decimals: 2)) s, "
        + "\(significant(report.secondsPerPass * 1e3)) ms per pass"
    ]
  }

  /// How the rounds of training went.
  private var rounds: [String] {
    let rounds = report.rounds
    guard let first = rounds.first, let last = rounds.last(where: \.accepted) ?? rounds.last else { return [] }
    let marks = rounds.map { $0.accepted ? "+" : "-" }.joined()
    var line =
      "\(rounds.count { $0.accepted }) of \(rounds.count) rounds accepted (\(marks)), loss \(loss(first)) -> "
      + loss(last)
    // Elsewhere each round has an r, and so a likelihood, of its own.
    if result.configuration.distribution == .regression, let start = report.startLogLikelihood,
      let end = last.accepted ? last.logLikelihood : start
    {
      line += ", log-likelihood \(format(start, decimals: 3)) -> \(format(end, decimals: 3))"
    }
    return [line]
  }

  private func loss(_ round: TrainingReport.Round) -> String {
    round.loss.flatMap { $0.isFinite ? significant($0) : nil } ?? "-"
  }

  private var truth: [String] {
    guard let agreement = result.agreement else { return [] }
    var table = TextTable(["true source"] + (0..<report.groups).map { "group \($0)" })
    for (value, counts) in zip(report.trueSources, agreement.confusion) {
      table.rows.append(["\(value)"] + counts.map(String.init))
    }
    return [
      "against the true source: accuracy \(format(agreement.accuracy, decimals: 4)), adjusted Rand index "
        + format(agreement.adjustedRandIndex, decimals: 4)
    ] + table.lines
  }

  private var balance: [String] {
    guard report.groups > 1 else { return [] }
    let names = result.design.table.covariateNames
    let differences = result.balance.largestStandardizedDifferences
    let order = names.indices.sorted { (-differences[$0], $0) < (-differences[$1], $1) }.prefix(Self.mostCovariates)
    let cells = order.map { "\(names[$0]) \(format(differences[$0], decimals: 3))" }
    return [
      "largest differences of covariate means between groups, in standard deviations:",
      "  " + cells.joined(separator: "  "),
    ]
  }

  private var events: [String] { report.events.map { "note: \($0)" } }

  private var files: [String] {
    (folder.map { ["wrote \($0)/model.h5, posteriors.h5 and metrics.jsonl"] } ?? [])
      + ["digests: model \(report.modelDigest.prefix(16)), posteriors \(report.posteriorDigest.prefix(16))"]
  }
}

/// Five significant digits.
func significant(_ value: Double) -> String { String(format: "%.5g", value) }
