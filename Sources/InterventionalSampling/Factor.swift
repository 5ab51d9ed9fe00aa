/// A function of some categorical variables: a number for every combination of their levels.
///
/// Variables are places in a graph; ``scope`` is ascending, and the last one runs fastest in ``values``. Sums run in the
/// order of the values, so that they have the same bits everywhere.
package struct Factor: Sendable, Equatable {
  package let scope: [Int]
  /// The levels of each variable of the scope.
  package let sizes: [Int]
  package var values: [Double]

  /// - Precondition: `scope` is ascending, and there is a value for every combination.
  package init(_ scope: [Int], sizes: [Int], values: [Double]) {
    precondition(zip(scope, scope.dropFirst()).allSatisfy(<) && values.count == sizes.reduce(1, *))
    self.scope = scope
    self.sizes = sizes
    self.values = values
  }

  /// The function that is 1 everywhere, of no variables.
  package static let one = Factor([], sizes: [], values: [1])

  /// How far apart in the values two levels of each variable of another scope are; 0 for those that are not here.
  private func strides(in scope: [Int]) -> [Int] {
    var own: [Int: Int] = [:]
    var stride = 1
    for (variable, size) in zip(self.scope, sizes).reversed() {
      own[variable] = stride
      stride *= size
    }
    return scope.map { own[$0] ?? 0 }
  }

  /// Visits every combination of levels of a scope, with where each of some factors has its value for it.
  private static func visit(sizes: [Int], strides: [[Int]], _ body: (_ places: [Int]) -> Void) {
    var (levels, places) = ([Int](repeating: 0, count: sizes.count), [Int](repeating: 0, count: strides.count))
    for _ in 0..<sizes.reduce(1, *) {
      body(places)
      for variable in sizes.indices.reversed() {
        levels[variable] += 1
        for factor in places.indices { places[factor] += strides[factor][variable] }
        if levels[variable] < sizes[variable] { break }
        for factor in places.indices { places[factor] -= strides[factor][variable] * sizes[variable] }
        levels[variable] = 0
      }
    }
  }

  /// Of two functions one of all their variables, combination by combination.
  package func combined(with other: Factor, _ operation: (Double, Double) -> Double) -> Factor {
    var size: [Int: Int] = [:]
    for factor in [self, other] { for (variable, count) in zip(factor.scope, factor.sizes) { size[variable] = count } }
    let scope = size.keys.sorted()
    let sizes = scope.map { size[$0]! }
    var values: [Double] = []
    values.reserveCapacity(sizes.reduce(1, *))
    Self.visit(sizes: sizes, strides: [strides(in: scope), other.strides(in: scope)]) { places in
      values.append(operation(self.values[places[0]], other.values[places[1]]))
    }
    return Factor(scope, sizes: sizes, values: values)
  }

  package static func * (first: Factor, second: Factor) -> Factor { first.combined(with: second, *) }

  /// The sums over all variables that are not among these.
  package func marginal(on kept: some Sequence<Int>) -> Factor {
    let kept = Set(kept)
    let places = scope.indices.filter { kept.contains(scope[$0]) }
    var sum = Factor(
      places.map { scope[$0] }, sizes: places.map { sizes[$0] },
      values: [Double](repeating: 0, count: places.reduce(1) { $0 * sizes[$1] }))
    Self.visit(sizes: sizes, strides: [strides(in: scope), sum.strides(in: scope)]) {
      sum.values[$0[1]] += values[$0[0]]
    }
    return sum
  }

  /// The sums over some variables.
  package func summed(over variables: some Sequence<Int>) -> Factor { marginal(on: Set(scope).subtracting(variables)) }

  /// The value at a level for each variable of the scope; further levels are passed over.
  package func value(at levels: [Int: Int]) -> Double {
    values[zip(scope, strides(in: scope)).reduce(0) { $0 + $1.1 * levels[$1.0]! }]
  }

  /// Every combination of levels of some of the variables, the last one fastest.
  package func combinations(of variables: [Int]) -> [[Int: Int]] {
    let size = Dictionary(uniqueKeysWithValues: zip(scope, sizes))
    return variables.reduce([[:]]) { found, variable in
      found.flatMap { levels in (0..<size[variable]!).map { levels.merging([variable: $0]) { $1 } } }
    }
  }

  /// The product of some functions, summed over some variables, one after the other, each as soon as what has it is
  /// multiplied.
  package static func product(of factors: [Factor], summedOver variables: [Int]) -> Factor {
    var left = factors
    for variable in variables {
      let having = left.filter { $0.scope.contains(variable) }
      left.removeAll { $0.scope.contains(variable) }
      left.append(having.reduce(.one, *).summed(over: [variable]))
    }
    return left.reduce(.one, *)
  }
}
