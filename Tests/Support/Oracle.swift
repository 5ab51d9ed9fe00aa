import Foundation

/// A file of Tests/OracleFixtures: numbers that another program computed.
public func oracle<Value: Decodable>(_ name: String, as _: Value.Type = Value.self) throws -> Value {
  let file = packageDirectory.appendingPathComponent("Tests/OracleFixtures/\(name)")
  return try JSONDecoder().decode(Value.self, from: Data(contentsOf: file))
}

/// How far numbers are from those expected, as a share of the larger of 1 and the largest one expected; infinite when
/// one is not finite or there are not as many.
public func distance(_ actual: some Collection<Double>, _ expected: some Collection<Double>) -> Double {
  guard actual.count == expected.count, actual.allSatisfy(\.isFinite) else { return .infinity }
  let scale = expected.reduce(1) { max($0, abs($1)) }
  return zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
}

/// The same for rows of numbers.
public func distance(_ actual: [[Double]], _ expected: [[Double]]) -> Double {
  guard actual.map(\.count) == expected.map(\.count) else { return .infinity }
  return distance(Array(actual.joined()), Array(expected.joined()))
}
