import Diagnostics
import Frames

/// The values of what is set and seen that answers are for, and of free inputs, at which answers are compared.
struct AskedValues: Sendable {
  typealias Values = [Int: InterventionSettings.Value]

  /// Answers at most.
  private static let most = 1000
  /// Where free inputs that are numbers are compared.
  private static let freeQuantiles = [0.25, 0.75]
  /// Combinations of free inputs that are compared at most.
  private static let mostFree = 6

  /// By places in the graph; what is seen runs fastest.
  let answers: [Values]
  /// Answers that differ in what is seen alone.
  let perSet: Int
  /// Of free inputs; fewer than two where their values cannot be compared.
  let free: [Values]

  /// Collective where numbers have no values that are asked for.
  ///
  /// - Throws: on all ranks the same ``Failure``: `data` when no row has a value, or a number lies beyond those of the rows;
  ///   `usage` when a value is no number, a variable holds vectors, or there are too many answers.
  init(
    _ options: InterventionalOptions, _ variables: GraphVariables, set: [Int], seen: [Int], free: [Int], _ frame: Frame
  ) throws {
    func quantiles(_ places: [Int], _ probabilities: [Double]) throws -> [Int: [Double]] {
      let numbers = places.filter { !variables.isCategory($0) && options.values[variables.names[$0]] == nil }
      if let vector = numbers.first(where: { variables.columns[$0].width > 1 }) {
        throw Failure(
          .usage,
          "'\(variables.names[vector])' holds vectors, which have no quantiles to answer for; draw rows with idgen fit and "
            + "idgen sample --do-from")
      }
      return Dictionary(uniqueKeysWithValues: zip(numbers, try variables.quantiles(of: numbers, probabilities, frame)))
    }
    func values(_ place: Int, _ quantiles: [Int: [Double]]) throws -> [InterventionSettings.Value] {
      let variable = variables.described(place)
      guard let words = options.values[variable.name] else {
        if let numbers = quantiles[place] { return Set(numbers).sorted().map { .number($0) } }
        return variable.levels.indices.map { .level($0) }
      }
      return try words.map { word in
        guard let numbers = variable.numbers else { return .level(try variable.occurringLevel(named: word)) }
        return .number(
          try numbers.value(
            word, of: variable.name, "--values", allowsExtrapolation: options.allowsExtrapolation))
      }
    }
    func combined(_ places: [Int], _ probabilities: [Double]) throws -> [Values] {
      let quantiles = try quantiles(places, probabilities)
      return try places.reduce([[:]]) { found, place in
        let own = try values(place, quantiles)
        guard found.count * own.count <= Self.most else {
          throw Failure(
            .usage,
            "the values of \(places.map { variables.names[$0] }.joined(separator: ", ")) have more than \(Self.most) "
              + "combinations; choose some with --values")
        }
        return found.flatMap { values in own.map { values.merging([place: $0]) { $1 } } }
      }
    }
    let seenValues = try combined(seen, InterventionalOptions.seenQuantiles)
    perSet = seenValues.count
    answers = try combined(set, InterventionalOptions.setQuantiles).flatMap { own in
      seenValues.map { own.merging($0) { $1 } }
    }
    let areSingle = free.allSatisfy { variables.isCategory($0) || variables.columns[$0].width == 1 }
    let combinations = areSingle && !free.isEmpty ? try combined(free, Self.freeQuantiles) : []
    self.free = Array(combinations.prefix(Self.mostFree))
  }
}

extension InterventionalNetwork.Variable {
  /// How a report names a value.
  public func words(_ value: InterventionSettings.Value) -> String {
    switch value {
    case .level(let level): levels[level]
    case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
    }
  }
}
