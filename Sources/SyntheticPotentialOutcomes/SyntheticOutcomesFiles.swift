import LinearAlgebra
import Runs
import Statistics
import Storage

/// The files of synthetic potential outcomes: `spo.h5` with all numbers, and tidy tables of classes and tests.
public struct SyntheticOutcomesFiles {
  /// In the order in which they get their names.
  public static let names = ["spo.h5", "classes.csv", "tests.csv"]
  private static let encodingType = "giv-spo"
  private static let encodingVersion = "1.0.0"

  private let result: SyntheticOutcomesResult
  /// Attributes of the root: versions, digests of what the answers come from.
  private let origin: [String: String]

  public init(_ result: SyntheticOutcomesResult, origin: [String: String]) {
    self.result = result
    self.origin = origin
  }

  /// Writes one of ``names``.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(_ name: String, to path: String) throws {
    switch name {
    case "classes.csv": try AtomicFile.save([UInt8](classes.csv.utf8), to: path, force: true)
    case "tests.csv": try AtomicFile.save([UInt8](tests.csv.utf8), to: path, force: true)
    default: try writeHDF5(to: path)
    }
  }

  // MARK: Tidy tables

  /// A row for each number of each class.
  private var classes: ResultTable {
    typealias Line = (stratum: String?, index: Int, term: String, value: JackknifeEstimate)
    let lines = result.strata.flatMap { stratum in
      (stratum.classes ?? []).enumerated().flatMap { index, found -> [Line] in
        [(stratum.name, index, "share", found.share)]
          + zip(result.contrasts, found.effects).map {
            (stratum.name, index, "effect \($0.treated.words):\($0.control.words)", $1)
          }
          + zip(result.arms, found.means).map { (stratum.name, index, "mean \($0.words)", $1) }
      }
    }
    var table = ResultTable(rowCount: lines.count)
    table.add("stratum", .text(lines.map(\.stratum)))
    table.add("class", .integers(lines.map { $0.index + 1 }))
    table.add("term", .text(lines.map(\.term)))
    table.add("estimate", .numbers(lines.map(\.value.estimate)))
    table.add("std.error", .numbers(lines.map(\.value.standardError)))
    table.add("conf.low", .numbers(lines.map(\.value.lower)))
    table.add("conf.high", .numbers(lines.map(\.value.upper)))
    return table
  }

  private typealias TestLine = (stratum: String?, name: String, arm: Double?, test: ChiSquareTest?)

  private var allTests: [TestLine] {
    result.strata.flatMap { stratum -> [TestLine] in
      stratum.treatmentProxiesExcluded.map { (stratum.name, "z_excluded", $0.arm, $0.test) }
        + stratum.outcomeProxiesExcluded.map { (stratum.name, "x_excluded", $0.arm, $0.test) }
        + [(stratum.name, "x_untouched", nil, stratum.outcomeProxiesUntouched)]
    }
  }

  private var tests: ResultTable {
    let all = allTests
    var table = ResultTable(rowCount: all.count)
    table.add("stratum", .text(all.map(\.stratum)))
    table.add("test", .text(all.map(\.name)))
    table.add("arm", .numbers(all.map(\.arm)))
    table.add("statistic", .numbers(all.map { $0.test?.statistic }))
    table.add("df", .integers(all.map { $0.test?.degreesOfFreedom }))
    table.add("p.value", .numbers(all.map { $0.test?.pValue }))
    return table
  }

  // MARK: HDF5

  private func writeHDF5(to path: String) throws {
    try HDF5File.writeResults(
      to: path, encodingType: Self.encodingType, encodingVersion: Self.encodingVersion, origin: origin,
      configuration: result.options, fill)
  }

  private func fill(_ file: borrowing HDF5File) throws {
    try file.setAttribute("result-digest", .string(result.digest()))
    try file.write(result.arms, to: "arms")
    try file.write(result.treatmentFeatures.names, to: "features/treatment")
    try file.write(result.outcomeFeatures.names, to: "features/outcome")
    try write(result.armMeans, to: file, "arm_means")
    try write(result.contrasts.map(\.effect), to: file, "ate")
    try write(result.contrasts.map(\.naive), to: file, "naive")
    try file.write(
      result.contrasts.flatMap { [$0.treated, $0.control] }, shape: [result.contrasts.count, 2], to: "contrasts")
    try writeMoments(to: file)
    for (index, stratum) in result.strata.enumerated() {
      try write(stratum, to: file, stratum.name == nil ? "stratum" : "strata/\(index)")
    }
  }

  /// The sums by stratum, arm and block: rows, Σ w, Σ w² and Σ w y^l φφ' for l = 0, 1, 2, of the scaled outcome.
  private func writeMoments(to file: borrowing HDF5File) throws {
    let moments = result.moments
    let shape = [
      moments.groups.stratumCount, moments.groups.arms.count, moments.groups.blocks.count, moments.groupWidth,
    ]
    try file.write(moments.summands, shape: shape, to: "moments")
    try file.setAttribute("outcome-center", .number(result.scale.center), of: "moments")
    try file.setAttribute("outcome-scale", .number(result.scale.deviation), of: "moments")
    try file.setAttribute("layout", .string(moments.isTable ? "cells" : "triangle"), of: "moments")
  }

  /// [n, 4]: estimate, standard error and ends of the interval.
  private func write(_ estimates: [JackknifeEstimate], to file: borrowing HDF5File, _ name: String) throws {
    let values = estimates.flatMap { [$0.estimate, $0.standardError ?? .nan, $0.lower ?? .nan, $0.upper ?? .nan] }
    try file.write(values, shape: [estimates.count, 4], to: name)
  }

  private func write(_ stratum: StratumResult, to file: borrowing HDF5File, _ group: String) throws {
    try file.write(stratum.canonicalValues, to: "\(group)/spectrum")
    if let name = stratum.name { try file.setAttribute("level", .string(name), of: group) }
    try file.setAttribute("rank", .number(Double(stratum.rank)), of: group)
    try file.setAttribute("rank-found", .number(Double(stratum.foundRank)), of: group)
    try file.setAttribute("verdict-ate", .string(stratum.verdicts.averageEffect.rawValue), of: group)
    try file.setAttribute("verdict-classes", .string(stratum.verdicts.classes.rawValue), of: group)
    try write(stratum.armMeans, to: file, "\(group)/arm_means")
    try write(stratum.contrasts.map(\.effect), to: file, "\(group)/ate")
    try write(stratum.effectMoments, to: file, "\(group)/effect_moments")
    try write(stratum.strengths.map(\.value), to: file, "\(group)/strength")
    try write(stratum.separations, to: file, "\(group)/separation")
    let matrices = stratum.matrices
    for (t, arm) in result.arms.enumerated() {
      let place = "\(group)/arm/\(arm.words)"
      try write(matrices.cross[t], to: file, "\(place)/M")
      try file.write(matrices.outcomeMeans[t], to: "\(place)/m_y")
      try write(matrices.outcomeCross[t], to: file, "\(place)/Q")
      try file.write(matrices.bridges[t], to: "\(place)/alpha")
      try write(matrices.operators[t], to: file, "\(place)/A")
    }
    if let classes = stratum.classes {
      try write(classes.map(\.share), to: file, "\(group)/classes/shares")
      for (index, contrast) in result.contrasts.enumerated() {
        let name = "effects_\(contrast.treated.words)_\(contrast.control.words)"
        try write(classes.map { $0.effects[index] }, to: file, "\(group)/classes/\(name)")
      }
      for (t, arm) in result.arms.enumerated() {
        try write(classes.map { $0.means[t] }, to: file, "\(group)/classes/means_\(arm.words)")
      }
      try write(Matrix(classes.map(\.features)), to: file, "\(group)/classes/features")
      if let covariance = stratum.classCovariance { try write(covariance, to: file, "\(group)/classes/covariance") }
    }
    let tests = allTests.filter { $0.stratum == stratum.name }
    try file.write(
      tests.map { line in line.name + (line.arm.map { " \($0.words)" } ?? "") }, to: "\(group)/tests/names")
    try file.write(tests.map { $0.test?.statistic ?? .nan }, to: "\(group)/tests/statistic")
    try file.write(tests.map { $0.test.map { Double($0.degreesOfFreedom) } ?? .nan }, to: "\(group)/tests/df")
    try file.write(tests.map { $0.test?.pValue ?? .nan }, to: "\(group)/tests/p")
  }

  private func write(_ matrix: Matrix, to file: borrowing HDF5File, _ name: String) throws {
    try file.write(matrix.values, shape: [matrix.rows, matrix.columns], to: name)
  }
}
