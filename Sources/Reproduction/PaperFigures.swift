/// What the paper and its supplement report, to be set beside our figures.
public struct PaperFigure: Sendable, Codable, Equatable {
  public let mean: Double
  /// Over replications; nil where none is given.
  public let standardDeviation: Double?

  public init(mean: Double, standardDeviation: Double?) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }
}

public enum PaperFigures {
  /// The nine regressions, in the paper's order.
  static let methods = [
    "poly2sls", "nn2sls", "kerneliv", "dualiv", "deepiv", "onesiv", "dfiv", "deepgmm", "agmm",
  ]

  /// The figure of a cell; nil where the paper has none. Rows of real covariates are found by the name of their file.
  public static func figure(_ experiment: Experiment, row: String, column: String, file: String?) -> PaperFigure? {
    let name = file.map { $0.lowercased().filter(\.isLetter) }
    let isMortality = name?.contains("pmcmr") ?? false
    switch experiment {
    case .table3 where isMortality: return mortality[row]?[column]
    case .table3 where name?.contains("ihdp") ?? false: return infants[row]?[column]
    case .table5 where isMortality: return supplement5[row]?[column]
    case .table1: return table1[row]?[column]
    case .table2: return table2[row]?[column]
    case .table4: return supplement4[row]?[column]
    case .table3, .table5, .figure3, .figure4, .figure5: return nil
    }
  }

  /// All figures of an experiment, by row and column.
  public static func all(_ experiment: Experiment, file: String? = nil) -> [(row: String, column: String)] {
    let table: [String: [String: PaperFigure]] =
      switch experiment {
      case .table1: table1
      case .table2: table2
      case .table3: file?.lowercased().contains("ihdp") ?? false ? infants : mortality
      case .table4: supplement4
      case .table5: supplement5
      case .figure3, .figure4, .figure5: [:]
      }
    return table.sorted { $0.key < $1.key }.flatMap { row, columns in columns.keys.sorted().map { (row, $0) } }
  }

  /// Lines of a row's name and its figures, mean(deviation) or a mean alone; `-` where there is none. A figure that is
  /// given as above 100 is 100.
  private static func table(_ columns: [String], _ text: String) -> [String: [String: PaperFigure]] {
    let rows = text.split(separator: "\n").map { line in
      let words = line.split(separator: " ").map(String.init)
      let figures = words.suffix(columns.count).map { word -> PaperFigure? in
        let parts = word.split(whereSeparator: { "()".contains($0) }).compactMap { Double($0) }
        return parts.first.map { PaperFigure(mean: $0, standardDeviation: parts.dropFirst().first) }
      }
      let named = zip(columns, figures).compactMap { column, figure in figure.map { (column, $0) } }
      return (
        words.dropLast(columns.count).joined(separator: " "), Dictionary(uniqueKeysWithValues: named)
      )
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }

  private static let table1 = table(
    methods,
    """
    None 0.33(0.04) 1.90(1.25) 0.35(0.07) 1.92(0.48) 0.37(0.01) 0.31(0.03) 1.33(0.14) 0.33(0.07) 0.21(0.05)
    UAS 0.33(0.04) 2.30(1.46) 0.35(0.07) 0.98(0.34) 0.37(0.02) 0.31(0.03) 1.30(0.10) 0.32(0.04) 0.21(0.05)
    WAS 0.31(0.04) 1.59(0.92) 0.36(0.05) 2.16(0.46) 0.37(0.02) 0.34(0.03) 1.29(0.12) 0.32(0.06) 0.23(0.04)
    ModeIV 0.33(0.04) 2.25(1.30) 0.35(0.08) 1.90(0.56) 0.37(0.02) 0.31(0.02) 1.29(0.12) 0.31(0.07) 0.20(0.04)
    AutoIV 100 2.10(1.01) 0.35(0.07) 0.79(0.32) 0.37(0.02) 0.31(0.03) 1.29(0.11) 0.31(0.09) 0.21(0.05)
    GIV-KM 0.27(0.13) 0.65(0.36) 0.22(0.04) 1.47(0.26) 0.28(0.01) 0.23(0.02) 1.25(0.11) 0.14(0.01) 0.12(0.02)
    GIV-KM* 0.19(0.09) 0.37(0.22) 0.21(0.03) 1.60(0.36) 0.26(0.04) 0.22(0.03) 1.24(0.10) 0.14(0.04) 0.10(0.01)
    GIV-EM 0.05(0.00) 0.12(0.01) 0.11(0.02) 1.99(0.41) 0.08(0.00) 0.12(0.01) 0.79(0.08) 0.08(0.01) 0.06(0.00)
    True 0.05(0.00) 0.08(0.01) 0.11(0.02) 1.93(0.39) 0.08(0.00) 0.11(0.01) 0.79(0.06) 0.06(0.01) 0.06(0.01)
    """)

  private static let table2 = table(
    ["linear", "poly", "sin", "sigmoid", "abs"],
    """
    EM 0.861 0.829 0.872 0.894 0.852
    Meta-EM 0.861 0.927 0.903 0.947 0.923
    Fun-EM 0.861 0.981 0.963 0.984 0.965
    """)

  private static let four = ["poly2sls", "kerneliv", "deepiv", "agmm"]

  private static let infants = table(
    four,
    """
    None 0.24(0.13) 0.46(0.24) 0.58(0.24) 0.14(0.06)
    UAS 0.24(0.133) 0.46(0.24) 0.57(0.24) 0.14(0.06)
    WAS 0.24(0.13) 0.45(0.24) 0.57(0.23) 0.14(0.06)
    ModeIV 0.24(0.13) 0.46(0.25) 0.57(0.24) 0.15(0.06)
    AutoIV 100 0.46(0.24) 0.58(0.25) 0.14(0.07)
    GIV-KM 0.05(0.03) 0.35(0.18) 0.50(0.20) 0.11(0.05)
    GIV-EM 0.03(0.01) 0.20(0.17) 0.48(0.23) 0.09(0.03)
    True 0.03(0.01) 0.15(0.06) 0.46(0.17) 0.09(0.03)
    """)

  private static let mortality = table(
    four,
    """
    None 0.18(0.04) 0.35(0.20) 0.41(0.16) 0.13(0.06)
    UAS 0.18(0.04) 0.35(0.20) 0.40(0.16) 0.13(0.06)
    WAS 0.18(0.04) 0.37(0.21) 0.42(0.16) 0.16(0.08)
    ModeIV 0.18(0.04) 0.36(0.20) 0.41(0.15) 0.13(0.07)
    AutoIV 0.18(0.04) 0.35(0.20) 0.41(0.18) 0.13(0.06)
    GIV-KM 0.09(0.04) 0.33(0.20) 0.38(0.16) 0.12(0.05)
    GIV-EM 0.05(0.01) 0.31(0.21) 0.34(0.18) 0.08(0.04)
    True 0.03(0.01) 0.14(0.07) 0.14(0.05) 0.05(0.02)
    """)

  private static let supplement4 = table(
    four,
    """
    Linear-2-5 GIV-EM 0.058 0.141 0.076 0.057
    Linear-2-5 True 0.044 0.139 0.078 0.058
    Linear-3-5 GIV-EM 0.045 0.167 0.104 0.067
    Linear-3-5 True 0.044 0.169 0.101 0.069
    Linear-5-5 GIV-EM 0.192 0.207 0.146 0.046
    Linear-5-5 True 0.130 0.199 0.239 0.043
    Linear-3-10 GIV-EM 0.062 0.302 0.258 0.051
    Linear-3-10 True 0.032 0.311 0.102 0.054
    """)

  private static let supplement5 = table(
    methods,
    """
    GIV-EM 0.048 0.624 0.308 0.666 0.339 0.306 0.982 0.125 0.085
    True 0.028 0.190 0.140 0.678 0.141 0.154 0.993 0.112 0.054
    """)
}
