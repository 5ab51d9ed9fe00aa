import Diagnostics
import Foundation
import Import
import Storage
import TestSupport
import Testing

/// Tables as pandas, R, data.table, Julia and MATLAB write them become the bits that numpy reads in them.
///
/// `Fixtures/round_trips.py` says what each of the programs does, and writes what is expected.
@Suite final class RoundTripTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/round_trips.py")
    let result = try python([script.path, folder.path])
    try #require(result.exitCode == 0, "\(result.error)")
  }

  @Test func `texts of every program are read to the bits of the numbers in them`() throws {
    for name in ["pandas", "pandas-index", "pandas-quoted", "r", "r-table", "data-table", "julia", "matlab"] {
      try compare("\(name).csv", covariates: ["a", "b"])
    }
    for name in ["pandas-comma", "r-2"] {
      try compare("\(name).csv", covariates: ["a", "b"]) {
        $0.format.delimiter = ";"
        $0.format.numbers.decimalMark = ","
      }
    }
  }

  @Test func `HDF5 in the layouts of every program is read to the same bits`() throws {
    for name in ["rhdf5", "rhdf5-columns", "hdf5-jl", "hdf5-jl-packed", "matlab-7"] {
      try compare("\(name).h5", covariates: ["x"])
    }
    // Rows with the NA of R are left out.
    try compare("rhdf5-integers.h5", covariates: ["x"]) { $0.missing = .drop }
  }

  @Test(arguments: ["rhdf5-transposed", "hdf5-jl-transposed", "matlab-7-transposed"])
  func `matrices as R, Julia and MATLAB hold them in memory are refused as transposed`(name: String) {
    let refusal = failure { try compare("\(name).h5", covariates: ["x"]) }
    #expect(refusal?.exitCode == .data && refusal?.message.contains("it looks transposed") == true)
  }

  private func compare(
    _ name: String, covariates: [String], change: (inout ImportPlan) -> Void = { _ in }
  ) throws {
    let found = try ImportedTable.imported(
      at: folder.file(name), into: folder.file("out"), covariates: covariates, change: change)
    let expected = try HDF5File.open(folder.file("\(name.prefix { $0 != "." }).expected.h5"))
    for (dataset, numbers) in [("x", found.x), ("t", found.t), ("y", found.y)] {
      let wanted: [Double] = try expected.dataset(dataset).read(Double.self)
      #expect(!wanted.isEmpty && numbers.map(\.bitPattern) == wanted.map(\.bitPattern), "\(name): \(dataset)")
    }
  }
}
