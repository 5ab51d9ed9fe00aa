import LinearAlgebra
import Networks

/// The law of a variable given others, as a network that reads those and gives the law.
///
/// ```
/// softmax   level     P(j | parents) = exp a_j / Σ exp a          a = network(parents), two hidden layers of tanh
/// gaussian  number    N(a, σ²)                                    a linear, σ² the mean square of what is left
/// mixture   number    Σ_k p_k N(m_k, s_k²)                        Bishop 1994: p, m and log s = network(parents)
/// flow      numbers   dx/dt = network(x, t, parents) from N(0, 1) at t = 0 to the law at t = 1, by Euler's steps
///                                                                 (flow matching; Lipman et al. 2023)
/// ```
/// Networks see numbers standardised, and give them so.
public struct ConditionalNetwork: Sendable, Equatable {
  /// What its outputs are.
  public enum Law: Sendable, Codable, Equatable {
    case softmax
    case gaussian(deviation: Double)
    case mixture(components: Int)
    case flow(steps: Int)

    /// How people and digests name it; all that it has besides parameters.
    public var words: String {
      switch self {
      case .softmax: "softmax"
      case .gaussian(let deviation): "gaussian, deviation \(deviation)"
      case .mixture(let components): "mixture of \(components)"
      case .flow(let steps): "flow in \(steps) steps"
      }
    }
  }

  /// Places in a graph; the parents in ascending order.
  public let variable: Int
  public let parents: [Int]
  public let law: Law
  public let network: Network
  let inputs: NetworkInputs
  /// Of the variable; nil for a category.
  let target: Standardization?
  /// Whether it follows rows that were held out of its training; nil where none were.
  public var heldOut: HeldOutFit?

  /// Functions of time that a flow reads besides where it is and the time itself: sine and cosine of π 2^j t.
  private static let frequencies = 4

  // MARK: Shapes

  /// The columns that a network reads before its parents.
  static func leadingWidth(_ law: Law, width: Int) -> Int {
    if case .flow = law { width + 1 + 2 * frequencies } else { 0 }
  }

  /// The outputs of a law of so many levels, or numbers.
  static func outputCount(_ law: Law, levelCount: Int, width: Int) -> Int {
    switch law {
    case .softmax: levelCount
    case .gaussian: 1
    case .mixture(let components): 3 * components
    case .flow: width
    }
  }

  /// What the outputs are judged by.
  static func loss(_ law: Law) -> Loss {
    switch law {
    case .softmax: .softmax
    case .gaussian, .flow: .squared
    case .mixture(let components): .mixtureDensity(components: components)
    }
  }

  /// The place of a flow in time, the same of some rows, as its network reads it.
  static func fillTime(_ time: Double, rows: Range<Int>, _ columns: UnsafeMutablePointer<Double>) {
    func fill(_ column: Int, _ value: Double) {
      (columns + column * NetworkBlock.stride + rows.lowerBound).update(repeating: value, count: rows.count)
    }
    fill(0, time)
    for frequency in 0..<frequencies {
      let (sin, cos) = Elementary.sinCos(Double.pi * Double(1 << frequency) * time)
      fill(1 + 2 * frequency, sin)
      fill(2 + 2 * frequency, cos)
    }
  }

  // MARK: Draws

  /// The blocks of random numbers that a row needs.
  var drawCount: Int {
    switch law {
    case .softmax, .gaussian: 1
    case .mixture: 2
    case .flow: (target!.width + 1) / 2
    }
  }

  /// Draws the variable for every row of a block.
  func draw(into rows: inout RowBlock, _ random: NodeRandom) {
    let block = NetworkBlock(network.shape)
    let raw = AlignedBuffer(count: max(1, inputs.rawWidth) * NetworkBlock.stride)
    for first in stride(from: 0, to: rows.rowCount, by: NetworkBlock.longest) {
      let own = first..<min(first + NetworkBlock.longest, rows.rowCount)
      block.rowCount = own.count
      var column = raw.pointer
      for parent in parents {
        for component in 0..<rows.width(of: parent) {
          rows.copy(parent, component: component, rows: own, to: column)
          column += NetworkBlock.stride
        }
      }
      let leading = Self.leadingWidth(law, width: target?.width ?? 1)
      inputs.encode(raw.pointer, rowCount: own.count, to: block.input + leading * NetworkBlock.stride)
      if case .flow(let steps) = law {
        flow(block, steps, &rows, own, random)
      } else {
        network.forward(block)
        for (index, row) in own.enumerated() {
          let number = Int(rows.rows[row])
          switch law {
          case .softmax: rows[variable, row] = level(block, index, random.uniform(row: number))
          default: rows[variable, component: 0, row] = self.number(block, index, number, random)
          }
        }
      }
    }
  }

  private func level(_ block: NetworkBlock, _ row: Int, _ uniform: Double) -> Int32 {
    let count = network.shape.outputCount
    return Int32(chosen(count, uniform) { block.output[$0 * NetworkBlock.stride + row] })
  }

  /// A place drawn by the exponentials of numbers.
  private func chosen(_ count: Int, _ uniform: Double, _ number: (Int) -> Double) -> Int {
    var largest = number(0)
    for place in 1..<count { largest = max(largest, number(place)) }
    var total = 0.0
    for place in 0..<count { total += Elementary.exp(number(place) - largest) }
    var rest = uniform * total
    for place in 0..<count - 1 {
      rest -= Elementary.exp(number(place) - largest)
      if rest < 0 { return place }
    }
    return count - 1
  }

  private func number(_ block: NetworkBlock, _ index: Int, _ row: Int, _ random: NodeRandom) -> Double {
    let (output, stride) = (block.output + index, NetworkBlock.stride)
    switch law {
    case .gaussian(let deviation):
      return target!.restore(output[0] + deviation * random.normalPair(0, row: row).0, 0)
    case .mixture(let components):
      let k = chosen(components, random.uniform(row: row)) { output[$0 * stride] }
      let normal = random.normalPair(1, row: row).0
      let deviation = Elementary.exp(output[(2 * components + k) * stride])
      return target!.restore(output[(components + k) * stride] + deviation * normal, 0)
    case .softmax, .flow: preconditionFailure("a law of levels or vectors has no single number")
    }
  }

  private func flow(
    _ block: NetworkBlock, _ steps: Int, _ rows: inout RowBlock, _ own: Range<Int>, _ random: NodeRandom
  ) {
    let (width, stride) = (target!.width, NetworkBlock.stride)
    // With an odd width the last of the noise falls on the first column of time, which is filled after it.
    let numbers = Array(rows.rows[own])
    for pair in 0..<(width + 1) / 2 {
      let column = block.input + 2 * pair * stride
      random.normalPairs(pair, rows: numbers, to: column, column + stride)
    }
    for step in 0..<steps {
      Self.fillTime(Double(step) / Double(steps), rows: 0..<own.count, block.input + width * stride)
      network.forward(block)
      for component in 0..<width {
        let (place, velocity) = (block.input + component * stride, block.output + component * stride)
        for index in 0..<own.count { place[index] += velocity[index] / Double(steps) }
      }
    }
    for component in 0..<width {
      for (index, row) in own.enumerated() {
        rows[variable, component: component, row] = target!.restore(block.input[component * stride + index], component)
      }
    }
  }
}
