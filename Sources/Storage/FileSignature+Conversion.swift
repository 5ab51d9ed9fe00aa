import Diagnostics

extension FileSignature {
  /// The format that the end of a name tells, of those that Python converts; nil for other names.
  package init?(nameOf path: String) {
    switch path.split(separator: ".").last?.lowercased() {
    case "dta": self = .stata
    case "sav", "zsav": self = .spss
    case "sas7bdat": self = .sas
    case "xpt": self = .sasTransport
    case "parquet": self = .parquet
    case "feather", "arrow": self = .arrow
    default: return nil
    }
  }

  /// What makes a table of pandas of a file, which Python has as its first argument, and the packages that it takes.
  private var reader: (expression: String, imports: String, packages: String)? {
    switch self {
    case .stata: ("pandas.read_stata(sys.argv[1])", "pandas", "pandas")
    case .spss: ("pyreadstat.read_sav(sys.argv[1], apply_value_formats=True)[0]", "pyreadstat", "pandas pyreadstat")
    case .sas: ("pyreadstat.read_sas7bdat(sys.argv[1])[0]", "pyreadstat", "pandas pyreadstat")
    case .sasTransport: ("pyreadstat.read_xport(sys.argv[1])[0]", "pyreadstat", "pandas pyreadstat")
    case .parquet: ("pandas.read_parquet(sys.argv[1])", "pandas", "pandas pyarrow")
    case .arrow: ("pandas.read_feather(sys.argv[1])", "pandas", "pandas pyarrow")
    default: nil
    }
  }

  /// How to make CSV of a file by Python: a line for the shell, after the packages that it takes; nil for formats that Python
  /// does not convert in one.
  private func conversion(of path: String) -> String? {
    guard let reader else { return nil }
    let program = "import sys, \(reader.imports); \(reader.expression).to_csv(sys.argv[2], index=False)"
    let words = ["python3", "-c", program, path, Self.table(for: path)]
    return "pip install \(reader.packages); " + words.map(\.asShellWord).joined(separator: " ")
  }

  /// The failure of a file that Python converts: it says how.
  ///
  /// - Parameter wanted: what could be read in its place.
  func refusal(of path: String, instead wanted: String) -> Failure? {
    conversion(of: path).map {
      Failure(.data, "\(path) is \(words), not \(wanted); make CSV of it for 'giv-dist shard': \($0)")
    }
  }

  /// The format of a file by its first bytes.
  ///
  /// - Throws: ``Failure`` when it cannot be read.
  init?(ofFile path: String) throws {
    var head = [UInt8](repeating: 0, count: 4096)
    let input = try InputFile(path)
    let count = try head.withUnsafeMutableBytes { try FileBytes(input).read(into: $0) }
    self.init(Array(head[..<count]))
  }

  /// The name of the table beside a file.
  private static func table(for path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard FileSignature(nameOf: path) != nil, let point = name.lastIndex(of: "."), point > name.startIndex else {
      return path + ".csv"
    }
    return path[..<point] + ".csv"
  }
}
