import CKernels

extension CounterRandom {
  /// Adds to a number of each of consecutive rows a stride times a random integer in `0 ..< count`.
  ///
  /// Row r takes word r mod 4 of the block of place (⌊r / 4⌋, 0), and of it ⌊word · count / 2³²⌋: four rows share a block,
  /// and many are made at a time, since a pass over rows should not wait for them. No value is favoured by more than
  /// count / 2³². All draws 0 of the stream are used up.
  ///
  /// - Parameter numbers: one for each of `rows`, and perhaps more, which stay.
  /// - Precondition: `0 < count < 2³¹`, and the products do not leave `Int32`.
  public func addIntegers(below count: Int, times stride: Int, rows: Range<Int>, to numbers: inout [Int32]) {
    precondition(count > 0 && count <= Int32.max, "a random integer needs a positive bound of 31 bits")
    precondition(numbers.count >= rows.count)
    giv_add_random_integers(
      seed, stream, UInt32(count), Int32(stride), UInt64(rows.lowerBound), rows.count, &numbers)
  }
}
