extension Finding {
  /// What was found: a word that programs can rely on, with the values that belong to it.
  public enum Code: String, Sendable, Codable, CaseIterable {
    // MARK: What keeps groups from degenerating

    /// `ridge`: columns of a group's regression are collinear in its rows.
    case collinearColumns = "collinear-columns"
    /// `ridge`: the covariance of a group has no Cholesky factor of its own.
    case covarianceRidge = "covariance-ridge"
    case residualVarianceAtFloor = "residual-variance-at-floor"
    /// `ridge`: columns of the outcome's regression are collinear.
    case collinearOutcomeColumns = "collinear-outcome-columns"
    /// `ridge`: columns that shares depend on are collinear.
    case collinearShareColumns = "collinear-share-columns"
    case outcomeVarianceAtFloor = "outcome-variance-at-floor"
    case treatmentVarianceAtFloor = "treatment-variance-at-floor"

    // MARK: Representations

    /// `names`: functions that others determine on these rows.
    case droppedSplineFunctions = "dropped-spline-functions"
    /// `reason`: the rows are too few for curves.
    case noCurvesTried = "no-curves-tried"
    case noRoundHelped = "no-round-helped"
    /// `names`: products of covariates that the groups' rules of treatment were given.
    case productsInRule = "products-in-rule"
    /// `test` of the rules of treatment not holding the product `names`, which they were not given.
    case productMissing = "product-missing"
    /// `count` of `total` rounds of training whose loss left the range of numbers.
    case lostRounds = "lost-rounds"
    /// `rounds`: the likelihood rose in the last of them.
    case stillRising = "still-rising"
    /// `splineBIC` is below `bic`, that of the networks.
    case splinePreferred = "spline-preferred"
    case singularGroups = "singular-groups"

    // MARK: Any fit

    /// `passes` were not enough.
    case notConverged = "not-converged"
    /// `count` of `total` starts were given up.
    case degenerateStarts = "degenerate-starts"
    case singleBestStart = "single-best-start"
    /// `parameters` outnumber `rows`.
    case moreParametersThanRows = "more-parameters-than-rows"
    /// `group` is the label of no row.
    case emptyGroup = "empty-group"
    /// `names`: covariates whose means differ between groups by more than `difference`.
    case unbalancedCovariates = "unbalanced-covariates"

    // MARK: The rows

    /// `count` of `total` rows have weight 0 and were not fitted.
    case rowsWithoutWeight = "rows-without-weight"
    /// `column` keeps `count` of `total` rows for testing, which were not fitted.
    case testRowsLeftOut = "test-rows-left-out"
    /// `column` has `value` in `count` rows, first in `row`, which is `fileRow` of `file`: `distance` times the distance of
    /// the quartiles beyond them, and far from all other values.
    case farValue = "far-value"
    /// The treatment, `column`, takes `distinct` values, and `value` in `count` of `total` rows.
    case fewTreatmentValues = "few-treatment-values"
    /// The treatment, `column`, has `value` in `count` of `total` rows; it takes `distinct` values, unless they are many.
    case heapedTreatment = "heaped-treatment"
    /// `names` and `counts`: covariates of Gaussian groups, and in how many of `total` rows each has one value.
    case massAtPoint = "mass-at-point"
    /// `group` is the label of `count` rows, fewer than it has parameters; `memberRows` are the first.
    case groupOfFewRows = "group-of-few-rows"
    /// All `count` rows with the label `group` have the treatment `value`; `memberRows` are the first.
    case groupOfOneTreatment = "group-of-one-treatment"

    /// `count` of `total` rows are more than `distance` standard deviations from every group of some size; `memberRows` are the
    /// first.
    case farRows = "far-rows"

    // MARK: Files of others

    /// `column`, a dataset under its default name that the fit can do without, is no use for its role: `reason`. Its
    /// `option` names another.
    case datasetLeftOut = "dataset-left-out"
    /// `reason`: how stored numbers of `column` became its values, after attributes.
    case valuesScaled = "values-scaled"
    /// `count` values of `column` mean missing by attributes of its dataset or conventions, `reason`.
    case valuesMarkedMissing = "values-marked-missing"

    /// `column` has other levels in some files than in others: `levels` together, the first of which is the reference.
    case differentLevels = "different-levels"

    // MARK: Tables

    /// `column` has one of `levels` only, and so is no column of x.
    case singleLevel = "single-level"

    /// The tables have no `column`, which was the outcome of earlier ones.
    case outcomeLacking = "outcome-lacking"

    // MARK: Tables from elsewhere

    /// The rows of `file` begin with names that its header has none for.
    case rowNamesSkipped = "row-names-skipped"
    /// `count` rows of `file` have no value in any field, the first in `line`.
    case emptyRowsSkipped = "empty-rows-skipped"
    /// `names`: how `file` and those beside it were read, unasked; `option` says otherwise.
    case formatRecognized = "format-recognized"
    /// `names`: markers of missing values that stood for none.
    case markersUnmatched = "markers-unmatched"
    /// `count` of `total` numbers of `column` stand with an affix.
    case affixesOfSome = "affixes-of-some"
    /// `count` of `total` values of `column` are numbers.
    case numbersAmongCategories = "numbers-among-categories"
    /// `names`: categories of `column` that may mean that a value is missing.
    case categoriesMeanMissing = "categories-mean-missing"
    /// `names`: categories of `column` that differ in blanks and case alone.
    case categoriesAlike = "categories-alike"
    /// `count` of `total` rows miss values and were left out.
    case rowsDropped = "rows-dropped"
    /// `names` and `counts`: covariates, and how many of their values were missing and were filled.
    case missingFilled = "missing-filled"
    /// `column` becomes `count` indicators of `rows`.
    case manyIndicators = "many-indicators"

    // MARK: The joint model

    case noRegularMaximum = "no-regular-maximum"
    /// `distance` between the effects of the best two starts.
    case startsDisagree = "starts-disagree"
    /// `low` and `high`: the treatments that there are, 0 outside.
    case distantReference = "distant-reference"
    /// Effects are those of the treatment as measured, though its noise was to be taken back.
    case noiseNotTakenBack = "noise-not-taken-back"
    /// `count` rows whose group the covariates decide.
    case groupsDecidedByCovariates = "groups-decided-by-covariates"
    /// A `share` of the rows repeats others.
    case repeatedRows = "repeated-rows"
    /// The rows carry no larger basis of x than `names`.
    case smallBasis = "small-basis"
    /// `distance` that a larger basis moves the effect.
    case basisTooSmall = "basis-too-small"
    /// `names`: the finest functions of the treatment that are tried were the best.
    case finestOutcomeBasis = "finest-outcome-basis"
    /// `test` of the effect being that of two-stage least squares.
    case twoStageDisagrees = "two-stage-disagrees"
    /// `test` of groups not shifting the outcome.
    case groupsShiftOutcome = "groups-shift-outcome"
    /// `test` of groups not moving the outcome in ways of their own.
    case groupsMoveOutcome = "groups-move-outcome"
    /// `test` of confounding that is the same whatever x and t.
    case confoundingInteracts = "confounding-interacts"
    /// `test` of a linear control function.
    case outcomeBends = "outcome-bends"
    /// `test` of shares that do not depend on covariates.
    case sharesDependOnCovariates = "shares-depend-on-covariates"
    /// `test` of slopes being the same in all groups.
    case equalSlopes = "equal-slopes"
    /// One group explains `names`, of `treatment` and `treatment-and-outcome`, as well as `groups`.
    case oneGroupSuffices = "one-group-suffices"

    // MARK: Effects

    /// `test` of the instruments not telling the functions of the treatment apart.
    case effectNotIdentified = "effect-not-identified"
    /// `effectiveF` of the treatment below `critical`, or `craggDonald`, that of all its functions together.
    case weakInstruments = "weak-instruments"
    /// `test` of all instruments giving one effect.
    case instrumentsDisagree = "instruments-disagree"
    /// `pValue` of covariates being alike in all groups; the largest `difference` of their means.
    case groupsUnbalanced = "groups-unbalanced"
    /// `share` of what could be unknown of the rows' groups is.
    case weakGroups = "weak-groups"
    /// Without `names`, a group, the effect is another, by `distance` standard errors.
    case groupStandsOut = "group-stands-out"
    /// `test` of the treatment being as good as randomised given the covariates.
    case noSignOfConfounding = "no-sign-of-confounding"
    /// Groups of `distribution` with `label` lean on the error of the treatment, and so on that of the outcome.
    case labelsLean = "labels-lean"
    /// There is no instrument, and `names` are methods that cannot do without.
    case noInstrument = "no-instrument"
    /// All candidates are covariates, so that what is made of them is a function of the controls.
    case candidatesAreControls = "candidates-are-controls"
    /// `names`: methods whose curves are up to `difference` standard deviations of y from that of the default method.
    case methodsDisagree = "methods-disagree"
    /// `names`: columns that others determine, which were left out.
    case droppedColumns = "dropped-columns"
    /// `condition` of the columns together: digits are lost.
    case illConditioned = "ill-conditioned"
    /// `count` clusters are few.
    case fewClusters = "few-clusters"
    /// `count` of `total` replicates of the bootstrap failed, the first for `reason`.
    case bootstrapFailures = "bootstrap-failures"
    /// Treatments from `low` to `high` are asked for where there are none.
    case beyondTreatments = "beyond-treatments"
    /// Answers are asked for at covariates `names` where there are none.
    case beyondCovariates = "beyond-covariates"

    // MARK: Synthetic potential outcomes

    /// `names`: proxies that have one value.
    case constantProxies = "constant-proxies"
    /// `names`: joint cells of proxies without a row.
    case emptyCells = "empty-cells"
    /// The proxies of both sides show one class only.
    case oneClassSeen = "one-class-seen"
    /// `groups` were asked for where the proxies show `fewerGroups`.
    case moreClassesThanRank = "more-classes-than-rank"
    /// `names`: arms in which the proxies tell the classes with less than four standard errors, at least with `value`.
    case weakProxies = "weak-proxies"
    /// `test` of the treatment's proxies not moving the outcome or its proxies.
    case treatmentProxiesLead = "treatment-proxies-lead"
    /// `test` of the outcome's proxies not moving the outcome.
    case outcomeProxiesLead = "outcome-proxies-lead"
    /// `test` of the treatment not moving the outcome's proxies.
    case outcomeProxiesTouched = "outcome-proxies-touched"
    /// `names`: codes of the three findings above whose test cannot be made.
    case proxiesUntestable = "proxies-untestable"
    case classesComplex = "classes-complex"
    case classesCoincide = "classes-coincide"
    /// The share of a class is `value`.
    case shareImpossible = "share-impossible"
    /// `count` of `total` replicates of the jackknife have no classes.
    case replicatesWithoutClasses = "replicates-without-classes"
    /// The effects of two classes may be the same.
    case classesAlike = "classes-alike"

    // MARK: Synthetic interventions

    /// Outcomes after of the donors of the arm `label` do not lie in their factors before: `value` of F, `pValue`.
    case outcomesLeaveFactors = "outcomes-leave-factors"
    /// The subspace of outcomes after of the arm `label` leaves that before: `value` of τ above `critical`.
    case subspaceLeft = "subspace-left"
    /// `count` of `total` donors of the arm `label` have outcomes in the intervals that the others give them.
    case donorsUncovered = "donors-uncovered"
    /// `names`: units whose estimates under the arm `label` move by more than half their interval with the rank.
    case rankDecides = "rank-decides"
    /// `names`: units of whose weights under the arm `label` one donor has more than half.
    case donorCarries = "donor-carries"
    /// Intervals under the arm `label` are not calibrated, for `reason`.
    case intervalsUncalibrated = "intervals-uncalibrated"
    /// There are no intervals for `names` under the arm `label`, for `reason`.
    case intervalsLacking = "intervals-lacking"
    /// `names`: units that the donors of the arm `label` do not reproduce before as they do each other.
    case targetsNotReproduced = "targets-not-reproduced"
    /// A `share` of outcomes is missing, which took `rounds` to fill for donors.
    case outcomesFilled = "outcomes-filled"
    /// Of the donors of the arm `label` `value` factors are kept, and the universal threshold sees `count`.
    case rankUnlikeSpectrum = "rank-unlike-spectrum"
    /// `count` of `total` donors of the arm `label` lack no outcome; from them alone estimates move by up to `value` halves
    /// of their intervals.
    case donorsIncomplete = "donors-incomplete"
    /// `names`: donors of the arm `label` that came under it before the windows before end, or after its own begins.
    case startsWithinWindows = "starts-within-windows"
    /// The rank of the arm `label` is `value`, for it has `count` donors; more was asked for.
    case rankLowered = "rank-lowered"
    /// The test of subspaces of the arm `label` says nothing in so few periods after, or of one factor.
    case subspaceUntestable = "subspace-untestable"
    /// Placebo tests reject too often when the target was chosen for what it was before.
    case placeboTarget = "placebo-target"
    /// `names`: units that came under their arms too early or late for the windows.
    case unitsBeyondWindows = "units-beyond-windows"

    // MARK: Sweeps

    /// The choice by `criterion` is among the fits of `distribution`.
    case choiceWithinDistribution = "choice-within-distribution"
    /// The choice by `criterion` is among the fits of `distribution` with `representation` and `lambda`.
    case choiceWithinRepresentation = "choice-within-representation"
    /// `names` and `counts`: criteria and the groups that they choose.
    case criteriaDisagree = "criteria-disagree"
    /// The best by `criterion` has the most groups that were tried.
    case bestAtMostGroups = "best-at-most-groups"
    case bestNotConverged = "best-not-converged"
    /// No fit has a value of `criterion`.
    case criterionMissing = "criterion-missing"
    /// `groups` reached a lower likelihood than `fewerGroups`.
    case moreGroupsFitWorse = "more-groups-fit-worse"
    /// `cell` could not be fitted, and why: `reason`.
    case cellFailed = "cell-failed"
    /// `names`: fits that degenerate without the rows of a fold.
    case heldOutMissing = "held-out-missing"
    /// `names` and `counts`: fits and how many of `total` replicates they have.
    case replicatesMissing = "replicates-missing"
  }
}
