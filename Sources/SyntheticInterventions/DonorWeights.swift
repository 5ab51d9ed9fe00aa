import Communication
import LinearAlgebra

/// What the weights of a cell look like.
struct WeightSummary: Sendable {
  let largestShare: Double?
  let effectiveDonors: Double?
  let negativeDonors: Int
}

/// The weights of donors for some cells, and the signs of their correlations with the targets before.
struct DonorWeights: Sendable {
  /// More products of cells and units than this are not formed.
  private static let mostProducts = 2_000_000

  /// By cell the donors of the arm but the target itself, ascending, and their weights.
  let units: [[Int]]
  let weights: [[Double]]
  private let negative: [Int]

  /// Nil where they are too many. Collective.
  init?(_ cells: [TargetCell], _ analysis: PanelAnalysis) throws {
    let problem = analysis.problem
    let rows = problem.panel.frame.rows
    guard cells.count * rows.rowCount <= Self.mostProducts, !cells.isEmpty else { return nil }
    let targets = try Self.targets(cells, analysis)
    // Four numbers for each pair of cell and donor: cell, donor, weight, covariance with the target before.
    var own: [Double] = []
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        let block = try UnitBlock(problem, chunk: chunk, fills: analysis.models.fills)
        for (row, unit) in block.units.enumerated() where problem.donorArms[unit] >= 0 {
          let before = block.values(row, 0..<problem.beforeCount)
          for (index, cell) in cells.enumerated() where cell.arm == problem.donorArms[unit] && cell.unit != unit {
            let weight = cell.weight(of: unit, before)
            let covariance = zip(targets[cell.unit]![cell.arm], before).reduce(0) { $0 + $1.0 * $1.1 }
            own += [Double(index), Double(unit), weight, covariance]
          }
        }
      }
    }
    var units = Array(repeating: [Int](), count: cells.count)
    var weights = Array(repeating: [Double](), count: cells.count)
    var negative = Array(repeating: 0, count: cells.count)
    let all = try rows.communicator.allGather(elements: own).joined()
    let pairs = Array(all)
    let order = stride(from: 0, to: pairs.count, by: 4).sorted { pairs[$0 + 1] < pairs[$1 + 1] }
    for start in order {
      let cell = Int(pairs[start])
      units[cell].append(Int(pairs[start + 1]))
      weights[cell].append(pairs[start + 2])
      if pairs[start + 3] < 0 { negative[cell] += 1 }
    }
    self.units = units
    self.weights = weights
    self.negative = negative
  }

  func summary(_ cell: Int) -> WeightSummary {
    let sizes = weights[cell].map(abs)
    let (sum, squares) = (sizes.reduce(0, +), sizes.reduce(0) { $0 + $1 * $1 })
    return WeightSummary(
      largestShare: (sizes.max().map { $0 / sum })?.defined, effectiveDonors: (sum * sum / squares).defined,
      negativeDonors: negative[cell])
  }

  /// By target and arm its outcomes before over squared scales, less their mean: the form whose value at a donor's is
  /// their covariance, with metrics over their scales. Collective.
  private static func targets(_ cells: [TargetCell], _ analysis: PanelAnalysis) throws -> [Int: [[Double]]] {
    try analysis.outcomesBefore(cells.map(\.unit)).mapValues { before in
      analysis.models.arms.map { covarianceForm(before, $0.scales) }
    }
  }

  private static func covarianceForm(_ before: [Double], _ scales: [Double]) -> [Double] {
    let scaled = before.enumerated().map { $1 / scales[$0 % scales.count] }
    let observed = scaled.filter { !$0.isNaN }
    let mean = observed.reduce(0, +) / Double(observed.count)
    return scaled.enumerated().map { $1.isNaN ? 0 : ($1 - mean) / scales[$0 % scales.count] }
  }
}

extension TargetCell {
  /// The weight of a donor.
  fileprivate func weight(of unit: Int, _ before: [Double]) -> Double {
    guard !weightForm.isEmpty else { return chosenUnits.firstIndex(of: unit).map { chosenWeights[$0] } ?? 0 }
    return zip(weightForm, before).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
