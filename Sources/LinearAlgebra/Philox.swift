/// Philox4x32-10: a bijection of 128-bit counters, for every 64-bit key, whose outputs pass as random.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public enum Philox4x32 {
  private static let rounds = 10
  private static let multipliers: (UInt32, UInt32) = (0xD251_1F53, 0xCD9E_8D57)
  /// The golden ratio and √3 - 1, in 32 bits.
  private static let weyl = SIMD2<UInt32>(0x9E37_79B9, 0xBB67_AE85)

  /// The four random words of a counter.
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var words = counter
    var key = key
    for _ in 0..<rounds {
      let first = multipliers.0.multipliedFullWidth(by: words[0])
      let second = multipliers.1.multipliedFullWidth(by: words[2])
      words = SIMD4(
        second.high ^ words[1] ^ key[0], second.low, first.high ^ words[3] ^ key[1], first.low)
      key &+= weyl
    }
    return words
  }
}
