/// A target under an arm with all that is told of it.
struct TargetCell: Sendable, Codable, Equatable {
  let unit: Int
  let arm: Int
  let isOwn: Bool
  /// By metric.
  let numbers: [CellNumbers]
  let rankPaths: [[Double]]
  /// Period by period the metrics; what is observed is NaN where missing.
  let path: [Double]
  let observed: [Double]
  /// By cell after |b_t|², the square of the path's gradient in the coordinates; none for bias-corrected weights.
  let pathSlopes: [Double]
  /// Outcomes before, NaN where missing, and what the donors make of them, U U'y.
  let before: [Double]
  let fitted: [Double]
  /// The vector a [p] with weights w_j = a'x_j, or the chosen donors and their weights.
  let weightForm: [Double]
  let chosenUnits: [Int]
  let chosenWeights: [Double]
  /// U b by metric, the gradient of θ in y; none for bias-corrected weights.
  let gradients: [[Double]]

  /// Means over the observed periods: what was observed, and how far it is from the path; NaN where all are missing.
  func means(metric: Int) -> (observed: Double, error: Double) {
    var (count, observed, error) = (0.0, 0.0, 0.0)
    for cell in stride(from: metric, to: path.count, by: numbers.count) where !self.observed[cell].isNaN {
      count += 1
      observed += self.observed[cell]
      error += self.observed[cell] - path[cell]
    }
    return count > 0 ? (observed / count, error / count) : (.nan, .nan)
  }

  /// Observed less path, by period of a metric.
  func gaps(metric: Int) -> [Double] {
    stride(from: metric, to: path.count, by: numbers.count).map { observed[$0] - path[$0] }
  }
}

/// Trimmed cells have no numbers of periods before, and of those after paths alone: enough of a cell that is not listed.
extension TargetCell {
  /// A unit of a chunk under an arm, on the subspace of all its donors.
  init(_ cells: ChunkCells, row: Int, arm: Int, isTrimmed: Bool) throws {
    let (problem, model) = (cells.models.problem, cells.models.arms[arm])
    self = try cells.withCoordinates(row, arm) { c in
      TargetCell(
        model, c, unit: cells.block.units.lowerBound + row, arm: arm,
        own: cells.isOwn(row, arm) ? cells.ownOutcomes(row) : nil,
        before: isTrimmed ? [] : (0..<problem.beforeCount).map { cells.block.observed(row, $0) },
        observed: cells.observedOutcomes(row, arm), isTrimmed: isTrimmed)
    }
  }

  /// - Parameters:
  ///   - own: what a donor of the arm saw after, to be foretold from the others.
  ///   - isLeftOut: whether the unit came under the arm, and is no part of the model.
  init(
    _ model: ArmModel, _ c: TargetCoordinates, unit: Int, arm: Int, own: OwnOutcomes? = nil, isLeftOut: Bool = false,
    before: [Double], observed: [Double], isTrimmed: Bool
  ) {
    isOwn = own != nil || isLeftOut
    numbers = (0..<model.metricCount).map { metric in
      own.map { model.own(c, $0, metric: metric, unit: unit) } ?? model.numbers(c, metric: metric)
    }
    self.unit = unit
    self.arm = arm
    self.before = isTrimmed ? [] : before
    self.observed = observed
    fitted = isTrimmed ? [] : model.fitted(c)
    rankPaths = (0..<model.metricCount).map { model.rankPath(c, metric: $0, own: own) }
    path = model.outcomes(c, own: own.map { ($0, unit) })
    let chosen = model.choice.flatMap { own == nil ? $0 : $0.without(unit) }
    (chosenUnits, chosenWeights) = chosen.map { ($0.units, $0.weights(c)) } ?? ([], [])
    if isTrimmed || model.choice != nil {
      (weightForm, pathSlopes, gradients) = ([], [], [])
    } else {
      weightForm = model.weightForm(c, isOwn: own != nil)
      pathSlopes = model.pathSlopes(c, own: own)
      gradients = (0..<model.metricCount).map { model.gradient(c, metric: $0, own: own) }
    }
  }
}

extension UnitBlock {
  /// A cell of a unit, NaN where it is missing.
  func observed(_ row: Int, _ cell: Int) -> Double {
    isComplete(row) || !missing[row]!.contains(cell) ? self[cell][row] : .nan
  }
}
