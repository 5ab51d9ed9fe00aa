import LinearAlgebra

/// SplitMix64, so that a test's data depend on its seed alone.
struct TestRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  mutating func doubles(_ count: Int, in range: ClosedRange<Double>) -> [Double] {
    (0..<count).map { _ in Double.random(in: range, using: &self) }
  }
}

/// One chunk of random rows and a random mixture, with what the kernels make of them.
struct KernelProblem {
  /// The instruction sets that this machine has, best first.
  static let kernels: [String] = {
    defer { try? Kernel.select(nil) }
    return ["avx512", "avx2", "portable"].filter { (name: String) in (try? Kernel.select(name)) != nil }
  }()

  let rowCount: Int
  let groupCount: Int
  let shape: Kernel.FormShape
  let hard: Bool
  var columns: [AlignedBuffer]
  var forms: [Double]
  var logScales: [Double]
  var rowWeights: [Double]?

  var stride: Int { Kernel.paddedCount(rowCount) + Kernel.lanes }

  /// Values in [-1, 1], coefficients in [-1/2, 1/2]; the padding rows hold large finite numbers.
  init(
    columns columnCount: Int, rows: Int, groups: Int, shape: Kernel.FormShape, hard: Bool = false,
    weighted: Bool = false, seed: UInt64 = 1
  ) {
    var random = TestRandom(state: seed)
    rowCount = rows
    groupCount = groups
    self.shape = shape
    self.hard = hard
    columns = (0..<columnCount).map { column in
      let buffer = AlignedBuffer(count: Kernel.paddedCount(rows))
      for row in 0..<buffer.count {
        let value = Double.random(in: -1...1, using: &random)
        buffer[row] = row >= rows ? value * 1e300 : column == 0 ? 1 : value
      }
      return buffer
    }
    forms = random.doubles(groups * shape.coefficientCount(columnCount: columnCount), in: -0.5...0.5)
    logScales = random.doubles(groups, in: -1...1)
    rowWeights = weighted ? random.doubles(rows, in: 0.5...1.5) : nil
  }

  struct Responsibilities: Equatable {
    /// `groupCount` x `stride`.
    var gamma: [Double]
    var totals: Kernel.Totals
  }

  struct Pass: Equatable {
    var gram: [Double]
    var totals: Kernel.Totals
  }

  func responsibilities() -> Responsibilities {
    let gamma = AlignedBuffer(count: groupCount * stride)
    let totals = withBlockAndMixture { block, mixture in
      withRowWeights {
        Kernel.responsibilities(of: block, under: mixture, rowWeights: $0, into: gamma.pointer, stride: stride)
      }
    }
    return Responsibilities(gamma: (0..<gamma.count).map { gamma[$0] }, totals: totals)
  }

  /// The sums of products under the weights gamma[k * stride + row] x row weight.
  func gram(gamma: [Double]) -> [Double] {
    let weights = AlignedBuffer(count: gamma.count)
    for group in 0..<groupCount {
      for row in 0..<rowCount {
        weights[group * stride + row] = gamma[group * stride + row] * (rowWeights?[row] ?? 1)
      }
    }
    return withBlockAndMixture { block, _ in
      var gram = [Double](repeating: 0, count: groupCount * block.gramCount)
      Kernel.addWeightedGram(of: block, weights: weights.pointer, groupCount: groupCount, stride: stride, to: &gram)
      return gram
    }
  }

  func pass(times: Int = 1) -> Pass {
    withBlockAndMixture { block, mixture in
      var gram = [Double](repeating: 0, count: groupCount * block.gramCount)
      var totals: Kernel.Totals?
      for _ in 0..<times {
        totals = withRowWeights {
          Kernel.pass(over: block, under: mixture, rowWeights: $0, addingGramTo: &gram)
        }
      }
      return Pass(gram: gram, totals: totals!)
    }
  }

  private func withBlockAndMixture<Result>(_ body: (Kernel.Block, Kernel.Mixture) -> Result) -> Result {
    let pointers: [UnsafePointer<Double>?] = columns.map { UnsafePointer($0.pointer) }
    return pointers.withUnsafeBufferPointer { pointers in
      forms.withUnsafeBufferPointer { forms in
        logScales.withUnsafeBufferPointer { logScales in
          body(
            Kernel.Block(columns: pointers.baseAddress!, columnCount: columns.count, rowCount: rowCount),
            Kernel.Mixture(
              shape: shape, groupCount: groupCount, forms: forms.baseAddress!, logScales: logScales.baseAddress!,
              hard: hard))
        }
      }
    }
  }

  private func withRowWeights<Result>(_ body: (UnsafePointer<Double>?) -> Result) -> Result {
    guard let rowWeights else { return body(nil) }
    return rowWeights.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
