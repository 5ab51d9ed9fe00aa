/// A counter-based random generator: every number is a pure function of (seed, stream, row, draw).
///
/// There is no state, so results depend neither on the order of the draws nor on which rank makes them. One (row, draw)
/// gives one Philox block: the different kinds of numbers at the same place are made from the same bits, so a place
/// must serve one purpose only.
public struct CounterRandom: Sendable {
  public let seed: UInt64
  public let stream: UInt32

  public init(seed: UInt64, stream: UInt32) {
    self.seed = seed
    self.stream = stream
  }

  public init(seed: UInt64, stream: RandomStream) {
    self.init(seed: seed, stream: stream.rawValue)
  }

  /// The 128 random bits of a place, as four words: Philox4x32-10 of (draw, stream, row) keyed by the seed.
  ///
  /// - Precondition: `0 <= draw < 2³²`.
  public func bits(row: Int, draw: Int) -> SIMD4<UInt32> {
    let row = UInt64(bitPattern: Int64(row))
    return Philox4x32.block(
      counter: SIMD4(UInt32(draw), stream, UInt32(truncatingIfNeeded: row), UInt32(truncatingIfNeeded: row >> 32)),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
  }

  /// A uniform number in [0, 1), a multiple of 2⁻⁵³.
  public func uniform(row: Int, draw: Int) -> Double {
    Self.uniform(word(row: row, draw: draw))
  }

  /// Two independent uniform numbers in [0, 1), from the two halves of one block; the first is `uniform`.
  public func uniformPair(row: Int, draw: Int) -> (Double, Double) {
    let bits = bits(row: row, draw: draw)
    return (Self.uniform(Self.word(bits.lowHalf)), Self.uniform(Self.word(bits.highHalf)))
  }

  /// A uniform number in the open interval (0, 1), symmetric about one half; for logarithms and quantile functions.
  public func openUniform(row: Int, draw: Int) -> Double {
    (Double(word(row: row, draw: draw) >> 12) + 0.5) * 0x1p-52
  }

  /// A standard normal number.
  public func normal(row: Int, draw: Int) -> Double {
    normalPair(row: row, draw: draw).0
  }

  /// Two independent standard normal numbers, by Box-Muller from a pair of uniform ones; the first is `normal`.
  public func normalPair(row: Int, draw: Int) -> (Double, Double) {
    let bits = bits(row: row, draw: draw)
    return Self.normals(Self.word(bits.lowHalf), Self.word(bits.highHalf))
  }

  /// Two normal numbers of two words.
  static func normals(_ first: UInt64, _ second: UInt64) -> (Double, Double) {
    // 1 - u lies in (0, 1].
    let radius = (-2 * Elementary.log(1 - uniform(first))).squareRoot()
    let (sin, cos) = Elementary.sinCos(2 * Double.pi * uniform(second))
    return (radius * cos, radius * sin)
  }

  /// An integer in `0 ..< count`; no value is favoured by more than count / 2⁶⁴.
  ///
  /// - Precondition: `count > 0`.
  public func integer(below count: Int, row: Int, draw: Int) -> Int {
    precondition(count > 0, "a random integer needs a positive bound")
    return Int(word(row: row, draw: draw).multipliedFullWidth(by: UInt64(count)).high)
  }

  /// An index drawn with the given probabilities, which are divided by their sum.
  ///
  /// - Precondition: the probabilities are not negative and one of them is positive.
  public func categorical(row: Int, draw: Int, probabilities: some Collection<Double>) -> Int {
    var remaining = uniform(row: row, draw: draw) * probabilities.reduce(0, +)
    var last = -1
    for (index, probability) in probabilities.enumerated() where probability > 0 {
      if remaining < probability { return index }
      remaining -= probability
      last = index
    }
    // Rounding may leave a last crumb beyond the last category.
    precondition(last >= 0, "one of the probabilities must be positive")
    return last
  }

  private func word(row: Int, draw: Int) -> UInt64 {
    Self.word(bits(row: row, draw: draw).lowHalf)
  }

  static func word(_ halves: SIMD2<UInt32>) -> UInt64 {
    UInt64(halves[0]) | UInt64(halves[1]) << 32
  }

  private static func uniform(_ word: UInt64) -> Double {
    Double(word >> 11) * 0x1p-53
  }
}

/// The streams of random numbers in use; two uses that share a seed must not share a stream.
public enum RandomStream: UInt32, Sendable {
  // Simulated data.
  case simulatedRow = 1
  case simulatedWeights = 2
  case simulatedTestRow = 3
  case simulatedProxyRow = 4
  /// The order of covariates from a table.
  case simulatedOrder = 5
  /// Loadings, factors, noise and missing outcomes of a panel.
  case simulatedPanelUnit = 8
  case simulatedPanelFactor = 9
  case simulatedPanelNoise = 10
  case simulatedPanelGaps = 11
  case simulatedGraphLaw = 12
  case simulatedGraphRow = 13
  // Fitting.
  case starts = 16
  case sampledLabels = 17
  case folds = 18
  case subsample = 19
  /// Starts of EM with curved differences between groups.
  case curvedStarts = 20
  /// Starts of the joint model of treatment and outcome.
  case jointStarts = 21
  /// Groups that rows are drawn into for a round of training.
  case assignments = 22
  /// Rows that are kept from training.
  case validation = 23
  /// Starts of EM with differences between groups that are parabolas.
  case parabolicStarts = 24
  /// Rows whose values show the law of a column.
  case scan = 25
  // Effects.
  /// Folds of the regressions of the treatment that index instruments are made of.
  case indexFolds = 40
  /// Draws of a curve's coefficients for its uniform band.
  case uniformBand = 41
  /// Halves and folds of rows in nonparametric instrumental regressions, and rows that judge them.
  case structuralParts = 42
  /// Rows that kernels are told at.
  case landmarks = 43
  /// Treatments that a conditional density gives.
  case conditionalDraws = 44
  /// Rows that the balance of groups is tested on, the features that it is tested in, and rearrangements of the groups.
  case balanceRows = 45
  case balanceFeatures = 46
  case balancePermutations = 47
  /// Weights of rows or clusters in the replicates of a bootstrap.
  case bootstrapWeights = 56
  /// The blocks of rows that a jackknife leaves out.
  case jackknifeBlocks = 57
  // Synthetic potential outcomes.
  /// Combinations of the operators of several arms.
  case armDirections = 64
  // Interventional sampling.
  /// Rows that models are learned on, and rows under an intervention.
  case generatedRows = 80
  case interventionalRows = 81
  /// What networks and kept rows draw for these.
  case generatedNumbers = 82
  case interventionalNumbers = 83
  /// The noise that flows are trained from.
  case flowNoise = 84
  // Synthetic interventions.
  /// Untreated units that stand for the treated ones of an event study.
  case placeboCohorts = 72
  // Networks.
  case networkStart = 32
  case minibatches = 33
  case dropout = 34
  // Choosing the number of groups.
  case bootstrap = 48
  /// Starts with one group more.
  case cuts = 49
  // The joint model.
  /// Noise that is added to a treatment which was measured with some.
  case treatmentErrors = 50
  // The test suite.
  case test = 255
}
