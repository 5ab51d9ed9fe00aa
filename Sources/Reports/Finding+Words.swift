import Diagnostics
import Foundation
import MetaEM
import Mixture

extension Finding {
  /// The finding in plain words, with the remedy where there is one: one line without a final stop.
  public var words: String {
    dataWords ?? tableWords ?? fitWords ?? representationWords ?? degeneracyWords ?? jointWords ?? effectWords
      ?? proxyWords ?? interventionWords ?? sweepWords
      ?? code.rawValue
  }

  // MARK: The rows

  private var dataWords: String? {
    switch code {
    case .rowsWithoutWeight:
      "\(count(.count)) of \(count(.total)) rows have weight 0 and were not fitted; they have posteriors like all others"
    case .testRowsLeftOut:
      "\(count(.count)) of \(count(.total)) rows, which column '\(name(.column))' marks for testing, were not fitted; they "
        + "have posteriors like all others"
    case .farValue:
      "column '\(name(.column))' is \(valueWords) in \(farRows), \(rounded(.distance)) times the distance of the "
        + "quartiles beyond them and far from all other values: a slip, or a mark of missing values? Correct it, or leave "
        + "such rows out; giv-dist shard --missing-markers names marks"
    case .fewTreatmentValues:
      "the treatment '\(name(.column))' takes only \(count(.distinct)) values, \(valueWords) in \(shareOfRows): groups are "
        + "told apart by a treatment that is continuous, and one may close in on the rows of one value"
    case .heapedTreatment:
      "the treatment '\(name(.column))' is \(valueWords) in \(shareOfRows)"
        + (values[.distinct] == nil ? "" : " and takes \(count(.distinct)) values in all")
        + ": groups are told apart by a treatment that is continuous, and one may close in on these rows"
    case .massAtPoint:
      zip(names(.names), counts(.counts)).map { "\($0) (\($1) of \(count(.total)) rows)" }.joined(separator: ", ")
        + " have much mass at one value, which no Gaussian law has: groups may close in on it, and starts that do are given "
        + "up; --distribution regression takes no law of covariates"
    case .groupOfFewRows:
      "group \(count(.group)) is \(count(.count) == 1 ? "a single row" : "\(count(.count)) rows"), fewer than it has "
        + "parameters: \(memberRows); it follows them, and says nothing of others"
    case .farRows:
      "\(count(.count)) of \(count(.total)) rows lie more than \(Int(number(.distance))) standard deviations from every group of "
        + "some size: \(memberRows); they may pull groups to themselves: look at them, or give --errors t"
    case .groupOfOneTreatment:
      "all \(count(.count)) rows of group \(count(.group)) have the equal treatment \(valueWords): \(memberRows); it is a "
        + "value, and no rule of treatment"
    default: nil
    }
  }

  private var farRows: String {
    (count(.count) == 1 ? "" : "\(count(.count)) rows, the first of them ") + rowWords
  }

  private var shareOfRows: String {
    "\(count(.count)) of \(count(.total)) rows"
  }

  private var memberRows: String {
    let rows = counts(.memberRows)
    return (rows.count == 1 ? "row " : "rows ") + rows.map(String.init).joined(separator: ", ")
      + (rows.count < count(.count) ? " and others" : "")
  }

  // MARK: Any fit

  private var fitWords: String? {
    switch code {
    case .notConverged: "not converged after \(count(.passes)) passes; raise --max-iterations"
    case .degenerateStarts: "\(count(.count)) of \(count(.total)) starts degenerated and were given up"
    case .singleBestStart:
      "only one start reached the best likelihood: it may not be the highest there is; raise --starts"
    case .moreParametersThanRows:
      "the fit has \(count(.parameters)) parameters, more than the \(count(.rows)) rows: it may follow single rows; choose "
        + "fewer groups or a smaller representation"
    case .emptyGroup: "group \(count(.group)) is the label of no row"
    case .datasetLeftOut:
      "dataset '\(name(.column))' is left out, for it is no use: \(name(.reason)); name another with \(name(.option)), or say "
        + "\(name(.option)) none"
    case .valuesScaled: "\(name(.column)) is scaled by its attributes: \(name(.reason))"
    case .valuesMarkedMissing:
      "\(count(.count)) values of \(name(.column)) mean missing: \(name(.reason))"
    case .differentLevels:
      "files have different levels of \(name(.column)), which are taken together: \(list(.levels)), the first being the "
        + "reference"
    case .singleLevel:
      "covariate \(name(.column)) is '\(names(.levels).first ?? "")' in every row, so that x has no column of it; beside other "
        + "shards or under a model it counts by its name, and --like or --levels say which levels there are"
    case .outcomeLacking:
      "there is no column \(name(.column)), so the shards have no outcome; a joint model needs one, name it with --outcome"
    case .unbalancedCovariates:
      "groups differ in the means of \(list(.names)) by more than \(number(.difference)) standard deviations and more than "
        + "chance would make them: the label may depend on covariates, and then it is no instrument"
    default: nil
    }
  }

  // MARK: Tables from elsewhere

  private var tableWords: String? {
    switch code {
    case .rowNamesSkipped:
      "\(name(.file)): the rows have one field more than the header; the first was taken for row names, as R writes them"
    case .emptyRowsSkipped:
      "\(name(.file)): skipped \(count(.count) == 1 ? "a row" : "\(count(.count)) rows") without any value, the first in "
        + "line \(count(.line))"
    case .formatRecognized:
      "\(name(.file)) was read with \(names(.names).joined(separator: " and ")); say \(name(.option)) if that is wrong"
    case .markersUnmatched:
      "no value matches \(quotedNames) of --missing-markers; look how missing values are written"
    case .affixesOfSome:
      "\(count(.count)) of the \(count(.total)) numbers of '\(name(.column))' stand with one of --affixes, the others without: "
        + "look whether they mean the same"
    case .numbersAmongCategories:
      "'\(name(.column))' is one of categories, though \(count(.count)) of its \(count(.total)) values are numbers"
    case .categoriesMeanMissing:
      "'\(name(.column))' has the categories \(quotedNames); name them in --missing-markers when they mean missing"
    case .categoriesAlike:
      "'\(name(.column))' has categories that differ in blanks or case alone: \(quotedNames); make them one if they are"
    case .rowsDropped:
      "\(count(.count)) of \(count(.total)) rows \(count(.count) == 1 ? "misses values and was" : "miss values and were") dropped; "
        + "identifiers tell which are left"
    case .missingFilled:
      "missing values of \(zip(names(.names), counts(.counts)).map { "\($0) (\($1))" }.joined(separator: ", ")) were filled by "
        + "--missing mean"
    case .manyIndicators:
      "'\(name(.column))' becomes \(count(.count)) indicators in x, with \(count(.rows)) rows; leave it out, or join "
        + "categories, when that is more than the rows can bear"
    default: nil
    }
  }

  private var quotedNames: String { names(.names).map { "'\($0)'" }.joined(separator: ", ") }

  // MARK: Representations

  private var representationWords: String? {
    switch code {
    case .droppedSplineFunctions:
      "left out \(names(.names).count) spline functions that others determine: \(list(.names))"
    case .noCurvesTried: "no curves were tried: too few rows for a spline basis (\(name(.reason)))"
    case .productsInRule:
      "the rules of treatment hold products of covariates, which tests found and BIC took: \(list(.names))"
    case .productMissing:
      "the rules of treatment may lack the product \(list(.names)) (\(p)), which did not pay by BIC or would be one too many: "
        + "what they lack may look like groups; give it as a covariate of its own and compare"
    case .noRoundHelped: "no round of training helped: the spline fit stands"
    case .lostRounds:
      "the loss left the range of numbers in \(count(.count)) of \(count(.total)) rounds of training, which were rejected; "
        + "lower --learning-rate"
    case .stillRising:
      "the likelihood was still rising in the last of \(count(.rounds)) rounds of training; raise --rounds"
    case .splinePreferred:
      "BIC prefers the spline fit that training began from (\(number(.splineBIC).rounded()) against "
        + "\(number(.bic).rounded())): what the networks add may be noise; compare with --representation spline"
    case .singularGroups:
      "gaussian groups on splines become singular, and their likelihood means nothing; choose --representation identity or "
        + "--distribution regression"
    default: nil
    }
  }

  // MARK: What keeps groups from degenerating

  private var degeneracyWords: String? {
    switch code {
    case .collinearColumns: "columns are collinear in the rows of a group, ridge \(number(.ridge)) added"
    case .covarianceRidge: "the covariance of a group is not positive definite, ridge \(number(.ridge)) added"
    case .residualVarianceAtFloor: "the residual variance of a group is held at its floor"
    case .collinearOutcomeColumns: "outcome: collinear columns, ridge \(number(.ridge)) added"
    case .collinearShareColumns: "shares: collinear columns, ridge \(number(.ridge)) added"
    case .outcomeVarianceAtFloor: "the outcome's variance in a group is held at its floor"
    case .treatmentVarianceAtFloor: "the treatment's variance in a group is held at its floor"
    default: nil
    }
  }

  // MARK: The joint model

  private var jointWords: String? {
    switch code {
    case .noRegularMaximum:
      "the likelihood has no regular maximum here, so there are no standard errors; choose fewer groups or a smaller "
        + "--covariate-basis"
    case .startsDisagree:
      "only one start reached the best likelihood, and the next gives another effect (by \(rounded(.distance)) standard "
        + "errors): there may be a better one still; raise --starts"
    case .distantReference:
      "the treatment runs from \(rounded(.low)) to \(rounded(.high)), and effects are against 0, outside of it: so far they "
        + "are extrapolated; differences between points of the curve are not"
    case .noiseNotTakenBack:
      "effects are those of the treatment as measured: --treatment-error takes its noise back where groups are seen to differ "
        + "and standard errors are given only"
    case .groupsDecidedByCovariates:
      "covariates alone decide the group of \(count(.count)) rows: there the group is no instrument, and its log odds have "
        + "no maximum; leave --concomitants out"
    case .repeatedRows:
      "\(percent(.share)) of the rows repeat others: they say nothing new, and standard errors are too short; give the column "
        + "that equal rows share as --cluster, or leave repeats out"
    case .smallBasis:
      "the rows carry no larger basis of the covariates than \(list(.names)): what it misses may look like groups; leave out "
        + "covariates that do not matter, with giv-dist shard --covariates"
    case .basisTooSmall:
      "a larger basis of x moves the effect by \(rounded(.distance)) standard errors: what this basis misses may look like "
        + "groups; choose a larger --covariate-basis"
    case .finestOutcomeBasis:
      "the finest functions of the treatment that are tried, \(list(.names)), fit best: the effect may bend more than they can; "
        + "look at the curve, or leave out rows where it is steepest"
    case .twoStageDisagrees:
      "two-stage least squares by the posteriors found here gives another effect (\(p)): groups may differ in more than the "
        + "model says"
    case .groupsShiftOutcome:
      "groups shift the outcome by themselves (\(p)): they are no instrument unless --free-shifts takes the shifts up"
    case .groupsMoveOutcome:
      "groups move the outcome with x or with the treatment in ways of their own (\(p)): they are no instrument, or the "
        + "effect is not the same in all"
    case .confoundingInteracts:
      "what covariates and group leave of the treatment moves the outcome by more for some covariates or treatments than "
        + "for others (\(p)): give --control-function interacted"
    case .outcomeBends:
      "the outcome bends with what covariates and group leave of the treatment (\(p)): give --control-function quadratic"
    case .sharesDependOnCovariates: "the shares of groups depend on covariates (\(p)): give --concomitants"
    case .equalSlopes:
      "the groups do not differ in how x drives t (\(p)): there may be no group, and then the effect found here is arbitrary"
    case .oneGroupSuffices:
      "one group explains \(explained.joined(separator: " and ")) as well as \(count(.groups)): there may be no group, and "
        + "then the effect found here is arbitrary"
    default: nil
    }
  }

  private var explained: [String] {
    names(.names).map { $0 == "treatment" ? "t given x (by BIC)" : "t and y given x (by ICL)" }
  }

  // MARK: Effects

  private var effectWords: String? {
    switch code {
    case .effectNotIdentified:
      "the instruments do not tell the functions of the treatment apart (\(p)): the effect is not identified; choose a "
        + "simpler --outcome-basis, or groups that treat more differently"
    case .weakInstruments:
      "the instruments are weak (effective F \(number(.effectiveF)), \(number(.critical)) needed; Cragg-Donald "
        + "\(number(.craggDonald))): intervals may be too short, and the Anderson-Rubin set is to be trusted instead"
    case .instrumentsDisagree:
      "the instruments disagree about the effect (\(p)): a group moves the outcome by itself, or labels lean on the "
        + "outcome's error; train with --distribution joint, and look at its tests"
    case .groupsUnbalanced:
      "covariates are not alike in all groups (\(number(.pValue).asPValue), means up to \(rounded(.difference)) standard "
        + "deviations apart): the group may depend on them, and then it is an instrument only where its shares are "
        + "modelled; train with --distribution joint --concomitants"
    case .weakGroups:
      "groups are weak: \(percent(.share)) of what could be unknown of a row's group is, and errors that take the labels as "
        + "given are too short; more rows, or fewer groups, make them clearer"
    case .groupStandsOut:
      "without group \(list(.names)) the average slope is another, by \(rounded(.distance)) standard errors: the group "
        + "tells another story than the others"
    case .noSignOfConfounding:
      "ordinary regression gives the same effect within error (\(p)): no sign of confounding, and its error is smaller"
    case .labelsLean:
      "groups of \(name(.distribution)) are found from covariates and treatment, so that their \(name(.label)) weights lean "
        + "on what else moves the treatment: under confounding the effect is biased; train with --distribution joint, and "
        + "use its posterior"
    case .noInstrument:
      "there is no instrument: the effect is not identified, and ordinary regression is the effect only if nothing unseen "
        + "moves both treatment and outcome"
        + (names(.names).isEmpty
          ? "" : "; \(names(.names).joined(separator: ", ")) cannot do without, and were left out")
    case .candidatesAreControls:
      "the candidates are controls, and whatever is made of them is a function of the controls: nothing is left that moves "
        + "the treatment and not the outcome; name --candidates that are no covariates"
    case .methodsDisagree:
      "the curves of \(names(.names).joined(separator: ", ")) differ from that of sieve2sls, by up to "
        + "\(significant(number(.difference))) standard deviations of the outcome, or by more than 3 standard errors: trust "
        + "none before you know why"
    case .droppedColumns: "left out, for others determine them: \(names(.names).joined(separator: ", "))"
    case .illConditioned:
      "controls and instruments are nearly dependent (condition number \(number(.condition))), and digits are lost; choose "
        + "a smaller --covariate-basis"
    case .fewClusters:
      "there are \(count(.count)) clusters, too few to rely on errors by cluster; quantiles are Student's"
    case .bootstrapFailures:
      "\(count(.count)) of \(count(.total)) replicates of the bootstrap failed"
        + (names(.names).isEmpty ? "" : " for \(names(.names).joined(separator: ", "))")
        + " and are left out (\(name(.reason)))"
    case .beyondTreatments:
      "treatments from \(number(.low)) to \(number(.high)) are asked for, where there are no rows: effects there are "
        + "extrapolated"
    case .beyondCovariates:
      "answers are asked for at covariates where there are no rows (\(names(.names).joined(separator: ", "))): they are "
        + "extrapolated"
    default: nil
    }
  }

  // MARK: Sweeps

  private var sweepWords: String? {
    switch code {
    case .choiceWithinDistribution:
      "the choice is among the fits of \(name(.distribution)), the distribution named first: \(criterion) of different "
        + "distributions cannot be compared"
    case .choiceWithinRepresentation:
      "the choice is among the fits with \(kind), the first of several: \(criterion) of \(name(.distribution)) groups on "
        + "different representations cannot be compared"
    case .criteriaDisagree:
      "the criteria do not agree on the number of groups: "
        + zip(names(.names), counts(.counts)).map { "\(Self.title($0)) \($1)" }.joined(separator: ", ")
    case .bestAtMostGroups: "the lowest \(criterion) is at the most groups that were tried; extend --groups"
    case .bestNotConverged: "the best fit has not converged; raise --max-iterations"
    case .criterionMissing: "these fits have no \(criterion): choose by another criterion"
    case .moreGroupsFitWorse:
      "\(count(.groups)) groups reached a lower likelihood than \(count(.fewerGroups)): the starts missed the best fit; give "
        + "more --seeds or --starts"
    case .cellFailed: "\(name(.cell)): \(name(.reason))"
    case .heldOutMissing:
      "no held-out value (-) for \(list(.names)): a group degenerates without the rows of a fold"
    case .replicatesMissing:
      "p of one more leaves out bootstrap replicates that cannot be fitted; it has "
        + zip(names(.names), counts(.counts)).map { "\($1) of \(count(.total)) for \($0)" }.joined(separator: ", ")
    default: nil
    }
  }

  private var criterion: String { Self.title(name(.criterion)) }

  private static func title(_ criterion: String) -> String { SweepCriterion(rawValue: criterion)?.title ?? criterion }

  private var kind: String {
    let lambda = values[.lambda] == nil ? "" : " with lambda \(number(.lambda))"
    return "\(name(.representation)) representation\(lambda), \(name(.distribution)) groups"
  }

  // MARK: Values

  private func list(_ key: Key) -> String { names(key).joined(separator: ", ") }
  private func rounded(_ key: Key) -> String { String(format: "%.1f", number(key)) }
  private func percent(_ key: Key) -> String { "\(Int((100 * number(key)).rounded()))%" }
  private var p: String { pValue.asPValue }
}

extension Double {
  /// A p value for people.
  public var asPValue: String { self < 1e-4 ? "p below 0.0001" : String(format: "p = %.4f", self) }
}
