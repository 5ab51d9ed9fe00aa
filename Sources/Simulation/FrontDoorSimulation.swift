import Diagnostics
import LinearAlgebra

/// What a simulation of a front door is made of.
public struct FrontDoorParameters: Sendable, Codable, Equatable {
  public var law: FrontDoorLaw
  public var rows = 10_000
  public var seed: UInt64 = 0

  public init(law: FrontDoorLaw) { self.law = law }
}

/// What X, M and Y are where X moves Y through M alone and something unrecorded moves X and Y.
public enum FrontDoorLaw: String, Sendable, Codable, CaseIterable {
  /// Numbers: x = u + .7 e, m = .8 tanh x + .8 e, y = m² + .8 m + 1.2 u + .3 e, where u = ±1 + .3 e.
  case real = "real-front-door"
  /// Numbers, and of m three levels with logits 1.5 x, .3 - 1.2 x and 0: y = (-1, .5, 2)_m + 1.2 u + .4 (1 + .5 [m = 2]) e.
  case mixed = "mixed-front-door"
  /// Coloured digits as small images: x shows a digit, m is that digit, y shows the next one; u moves colour and digit of
  /// x, and the colour of y.
  case glyphs
}

/// Rows of X -> M -> Y with X <-> Y, and their truth.
///
/// Every row is a pure function of (parameters, row number), whoever computes it and in whatever order.
public struct FrontDoorSimulation: Sendable {
  public let parameters: FrontDoorParameters

  /// A row, with what moves it.
  public struct Row: Sendable {
    public fileprivate(set) var x: [Double] = []
    /// A number, or a level.
    public fileprivate(set) var m = 0.0
    public fileprivate(set) var y: [Double] = []
    public fileprivate(set) var u = 0.0
    /// Of numbers: y where x is set to each of ``FrontDoorSimulation/settings``, with the same u and errors. Of glyphs: the
    /// digits of x and y, then their colours.
    public fileprivate(set) var truth: [Double] = []
  }

  /// What x is set to in the truth.
  public static let settings = [-1.0, 0, 1]

  /// - Throws: ``Failure`` `usage` when there are no rows.
  public init(_ parameters: FrontDoorParameters) throws {
    guard parameters.rows >= 1 else { throw Failure(.usage, "--rows is \(parameters.rows); give at least 1") }
    self.parameters = parameters
  }

  public func row(_ row: Int) -> Row {
    var variates = RowVariates(random: CounterRandom(seed: parameters.seed, stream: .simulatedGraphRow), row: row)
    return switch parameters.law {
    case .real, .mixed: numbers(&variates)
    case .glyphs: glyphs(&variates)
    }
  }

  // MARK: Numbers

  private func numbers(_ variates: inout RowVariates) -> Row {
    var row = Row()
    row.u = (variates.chance(0.5) ? 1 : -1) + 0.3 * variates.normal()
    let x = row.u + 0.7 * variates.normal()
    // The errors of m and y are the same whatever x is set to.
    let (mediating, error, uniform) = (variates.normal(), variates.normal(), variates.uniform())
    func rest(_ x: Double) -> (m: Double, y: Double) {
      if parameters.law == .real {
        let m = 0.8 * (1 - 2 / (Elementary.exp(2 * x) + 1)) + 0.8 * mediating
        return (m, m * m + 0.8 * m + 1.2 * row.u + 0.3 * error)
      }
      let weights = [1.5 * x, 0.3 - 1.2 * x, 0].map(Elementary.exp)
      let share = uniform * weights.reduce(0, +)
      let m = share < weights[0] ? 0 : share < weights[0] + weights[1] ? 1 : 2
      return (Double(m), [-1, 0.5, 2][m] + 1.2 * row.u + 0.4 * (m == 2 ? 1.5 : 1) * error)
    }
    let (m, y) = rest(x)
    (row.x, row.m, row.y) = ([x], m, [y])
    row.truth = Self.settings.map { rest($0).y }
    return row
  }

  // MARK: Images

  private func glyphs(_ variates: inout RowVariates) -> Row {
    var row = Row()
    let u = variates.integer(below: 2)
    let colour = variates.chance(0.1) ? 1 - u : u
    let digit = variates.chance(0.2) ? variates.integer(below: 10) : 5 * u + variates.integer(below: 5)
    let m = variates.chance(0.1) ? variates.integer(below: 10) : digit
    let next = variates.chance(0.15) ? variates.integer(below: 10) : (m + 1) % 10
    let nextColour = variates.chance(0.1) ? 1 - u : u
    (row.u, row.m) = (Double(u), Double(m))
    row.x = image(digit, colour, &variates)
    row.y = image(next, nextColour, &variates)
    row.truth = [digit, next, colour, nextColour].map(Double.init)
    return row
  }

  private func image(_ digit: Int, _ colour: Int, _ variates: inout RowVariates) -> [Double] {
    let intensity = 0.7 + 0.3 * variates.uniform()
    return Glyph.image(digit, colour: colour).map { intensity * $0 + 0.1 * variates.normal() }
  }
}

/// Digits as images of 8 x 8 in two colours.
public enum Glyph {
  public static let side = 8
  public static let colours = 2
  /// Rows of five places each, from the top.
  private static let shapes = [
    ".###. #...# #...# #...# #...# #...# .###.", "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    ".###. #...# ....# ...#. ..#.. .#... #####", ".###. #...# ....# ..##. ....# #...# .###.",
    "...#. ..##. .#.#. #..#. ##### ...#. ...#.", "##### #.... ####. ....# ....# #...# .###.",
    ".###. #.... #.... ####. #...# #...# .###.", "##### ....# ...#. ..#.. .#... .#... .#...",
    ".###. #...# #...# .###. #...# #...# .###.", ".###. #...# #...# .#### ....# ....# .###.",
  ]

  /// [colour][row][column]: 1 where the digit is, in its colour.
  public static func image(_ digit: Int, colour: Int) -> [Double] {
    var image = [Double](repeating: 0, count: colours * side * side)
    for (row, line) in shapes[digit].split(separator: " ").enumerated() {
      for (column, place) in line.enumerated() where place == "#" {
        image[colour * side * side + row * side + column + 1] = 1
      }
    }
    return image
  }
}

/// The random numbers of a row, one after the other.
private struct RowVariates {
  let random: CounterRandom
  let row: Int
  private var draw = 0

  init(random: CounterRandom, row: Int) {
    self.random = random
    self.row = row
  }

  private mutating func next() -> Int {
    defer { draw += 1 }
    return draw
  }

  mutating func uniform() -> Double { random.uniform(row: row, draw: next()) }
  mutating func normal() -> Double { random.normal(row: row, draw: next()) }
  mutating func chance(_ probability: Double) -> Bool { uniform() < probability }
  mutating func integer(below count: Int) -> Int { random.integer(below: count, row: row, draw: next()) }
}
