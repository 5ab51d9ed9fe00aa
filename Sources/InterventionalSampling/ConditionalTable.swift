import CausalGraphs

/// The law of a categorical variable given others, as a table.
public struct ConditionalTable: Sendable, Equatable {
  /// Variables are places in a graph.
  public let variable: Int
  /// In ascending order.
  public let parents: [Int]
  /// The numbers of levels of the variable, and of its parents.
  public let levelCount: Int
  public let parentLevelCounts: [Int]
  /// P(level | levels of the parents): the combinations of the parents' levels one after the other, the last parent the
  /// fastest, and for each the levels of the variable.
  public let probabilities: [Double]
  /// The share of each probability that was learned where there are rows enough.
  public let soundShares: [Double]

  /// - Precondition: there is a number for every combination of levels.
  package init(
    variable: Int, parents: [Int], levelCount: Int, parentLevelCounts: [Int], probabilities: [Double],
    soundShares: [Double]
  ) {
    precondition(parents.count == parentLevelCounts.count && zip(parents, parents.dropFirst()).allSatisfy(<))
    precondition(probabilities.count == parentLevelCounts.reduce(levelCount, *))
    precondition(soundShares.count == probabilities.count)
    self.variable = variable
    self.parents = parents
    self.levelCount = levelCount
    self.parentLevelCounts = parentLevelCounts
    self.probabilities = probabilities
    self.soundShares = soundShares
  }

  /// A variable whose levels are equally likely.
  init(uniform variable: Int, levelCount: Int) {
    self.init(
      variable: variable, parents: [], levelCount: levelCount, parentLevelCounts: [],
      probabilities: Array(repeating: 1 / Double(levelCount), count: levelCount),
      soundShares: Array(repeating: 1, count: levelCount))
  }

  /// - Parameter law: P(variable | parents) of the variables of a model.
  init(_ model: IdentificationPlan.Model, _ law: SoundFactor) {
    let place = law.whole.scope.firstIndex(of: model.variable)!
    let (sizes, parents) = (law.whole.sizes, law.whole.scope.filter { $0 != model.variable })
    let levels = sizes[place]
    let (outer, inner) = (sizes[..<place].reduce(1, *), sizes[(place + 1)...].reduce(1, *))
    var (probabilities, sound): ([Double], [Double]) = ([], [])
    probabilities.reserveCapacity(outer * inner * levels)
    sound.reserveCapacity(outer * inner * levels)
    for first in 0..<outer {
      for last in 0..<inner {
        for level in 0..<levels {
          let cell = (first * levels + level) * inner + last
          let whole = law.whole.values[cell]
          probabilities.append(whole)
          sound.append(whole > 0 ? law.sound.values[cell] / whole : 0)
        }
      }
    }
    self.init(
      variable: model.variable, parents: parents, levelCount: levels,
      parentLevelCounts: Array(sizes[..<place]) + sizes[(place + 1)...], probabilities: probabilities,
      soundShares: sound)
  }

  /// The combinations of the parents' levels.
  public var combinationCount: Int { probabilities.count / levelCount }

  /// The combinations of the parents' levels with too few rows, or none.
  public var thinCount: Int {
    (0..<combinationCount).count { combination in
      let cells = combination * levelCount..<(combination + 1) * levelCount
      return cells.allSatisfy { probabilities[$0] * soundShares[$0] == 0 }
    }
  }

  /// The same law, taken for one that was learned on rows enough.
  var trusted: ConditionalTable {
    ConditionalTable(
      variable: variable, parents: parents, levelCount: levelCount, parentLevelCounts: parentLevelCounts,
      probabilities: probabilities, soundShares: Array(repeating: 1, count: soundShares.count))
  }
}
