extension Double: Reducible {
  public var summands: [Double] {
    get { [self] }
    set { self = newValue[0] }
  }
}

extension Array: Reducible where Element == Double {
  public var summands: [Double] {
    get { self }
    set { self = newValue }
  }
}

/// Two values that add, summed in one reduction; pairs of pairs carry more.
public struct ReduciblePair<First: Reducible, Second: Reducible>: Reducible {
  public var first: First
  public var second: Second

  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  public var summands: [Double] {
    get { first.summands + second.summands }
    set {
      let count = first.summands.count
      first.summands = Array(newValue[..<count])
      second.summands = Array(newValue[count...])
    }
  }
}
