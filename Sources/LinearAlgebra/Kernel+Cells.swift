import CKernels

extension Kernel {
  /// A column of whole numbers from 0 on, a stride of which is its part in the number of a row's cell.
  public struct RealPart {
    fileprivate let native: giv_real_part

    /// - Parameter values: 64-byte aligned, padded to a multiple of ``lanes``.
    public init(_ values: UnsafePointer<Double>, stride: Int32) {
      native = giv_real_part(values: values, stride: stride)
    }
  }

  /// A column of codes from 0 on, one per row, a stride of which is its part in the number of a row's cell.
  public struct CodePart {
    fileprivate let native: giv_code_part

    public init(_ codes: UnsafePointer<Int64>, stride: Int32) { native = giv_code_part(codes: codes, stride: stride) }

    /// Adds it to a number of each of the first rows.
    public func add(to numbers: inout [Int32], rowCount: Int) {
      precondition(numbers.count >= rowCount)
      giv_add_codes(native.codes, native.stride, rowCount, &numbers)
    }
  }

  /// A random integer of every row, a stride of which is its part in a number of the row.
  ///
  /// Row r takes word r mod 4 of the block of place (⌊r / 4⌋, 0), and of it ⌊word · below / 2³²⌋: four rows share a block,
  /// and many are made at a time, since a pass over rows should not wait for them. No value of `0 ..< below` is favoured by
  /// more than below / 2³². All draws 0 of the stream are used up.
  public struct RandomPart {
    fileprivate let native: giv_random_part

    /// - Precondition: `0 < below < 2³¹`, and the products with the stride do not leave `Int32`.
    public init(_ random: CounterRandom, below: Int, stride: Int32) {
      precondition(below > 0 && below <= Int32.max, "a random integer needs a positive bound of 31 bits")
      native = giv_random_part(seed: random.seed, stream: random.stream, below: UInt32(below), stride: stride)
    }

    /// Adds it to a number of each of consecutive rows.
    ///
    /// - Parameter numbers: one for each of `rows`, and perhaps more, which stay.
    public func add(rows: Range<Int>, to numbers: inout [Int32]) {
      precondition(numbers.count >= rows.count)
      withUnsafePointer(to: native) {
        giv_add_random_integers($0, UInt64(rows.lowerBound), rows.count, &numbers)
      }
    }
  }

  /// Adds to three numbers of every row's cell, row after row, w, w v and w v², v = (value - center) · factor.
  ///
  /// - Parameters:
  ///   - cells: the numbers of the rows' cells but for `parts`, which are added; padded to a multiple of ``lanes``.
  ///   - weights: one per row, or `nil` for 1.
  ///   - sums: those of cell c from 3 c on.
  public static func addToCells(
    _ cells: inout [Int32], and parts: [RealPart], values: UnsafePointer<Double>, center: Double, factor: Double,
    weights: UnsafePointer<Double>?, rowCount: Int, sums: UnsafeMutablePointer<Double>
  ) {
    precondition(cells.count >= paddedCount(rowCount))
    giv_add_to_cells(
      parts.map(\.native), parts.count, &cells, values, center, factor, weights, rowCount, sums)
  }

  /// Adds 1 to the count of every row's cell.
  ///
  /// - Parameters:
  ///   - cells: the numbers of the rows' cells but for `parts` and `chance`; empty where all are 0.
  ///   - firstRow: the number among all rows of the first, to which random integers belong.
  ///   - ahead: how many codes behind one the code lies that will be read soon; it is fetched meanwhile, if it exists.
  ///   - counts: one for every cell.
  /// - Precondition: no number and no stride is below 0.
  public static func countCells(
    _ cells: [Int32], and parts: [CodePart], _ chance: RandomPart?, firstRow: Int, ahead: Int, rowCount: Int,
    counts: UnsafeMutablePointer<Int64>
  ) {
    precondition(cells.isEmpty || cells.count >= rowCount)
    withUnsafeTemporaryAllocation(of: giv_code_part.self, capacity: parts.count) { native in
      for (index, part) in parts.enumerated() { native.initializeElement(at: index, to: part.native) }
      func count(_ chance: UnsafePointer<giv_random_part>?) {
        cells.withUnsafeBufferPointer { cells in
          giv_count_cells(
            chance, UInt64(firstRow), native.baseAddress, parts.count, ahead, rowCount,
            cells.isEmpty ? nil : cells.baseAddress, counts)
        }
      }
      if let chance { withUnsafePointer(to: chance.native, count) } else { count(nil) }
    }
  }
}
