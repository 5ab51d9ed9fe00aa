/// Critical values of Cragg and Donald's statistic for a bias of 2SLS of at most a tenth of that of ordinary regression,
/// at the level .05 (Stock and Yogo 2005, "Testing for weak instruments in linear IV regression", table 5.1).
enum StockYogo {
  /// By the number of endogenous columns, from as many instruments on as there are columns and two more.
  private static let tables: [[Double]] = [
    [
      9.08, 10.27, 10.83, 11.12, 11.29, 11.39, 11.46, 11.49, 11.51, 11.52, 11.52, 11.52, 11.51, 11.50, 11.49, 11.48,
      11.46,
      11.45, 11.44, 11.42, 11.41, 11.40, 11.38, 11.37, 11.36, 11.34, 11.33, 11.32,
    ],
    [
      7.56, 8.78, 9.48, 9.92, 10.22, 10.43, 10.58, 10.69, 10.78, 10.84, 10.89, 10.93, 10.96, 10.99, 11.00, 11.02, 11.03,
      11.04, 11.05, 11.05, 11.05, 11.06, 11.06, 11.06, 11.05, 11.05, 11.05,
    ],
    [
      6.61, 7.77, 8.50, 9.01, 9.37, 9.64, 9.85, 10.01, 10.14, 10.25, 10.33, 10.41, 10.47, 10.52, 10.56, 10.60, 10.63,
      10.65, 10.68, 10.70, 10.71, 10.73, 10.74, 10.75, 10.76, 10.77,
    ],
  ]

  /// nil where there is no entry: more than three endogenous columns, fewer than two instruments more than them, or more
  /// than 30.
  static func critical(endogenous: Int, instruments: Int) -> Double? {
    guard (1...tables.count).contains(endogenous) else { return nil }
    let table = tables[endogenous - 1]
    let place = instruments - endogenous - 2
    return table.indices.contains(place) ? table[place] : nil
  }
}
