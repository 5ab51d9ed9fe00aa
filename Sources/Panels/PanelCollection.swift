import Diagnostics
import Frames
import Shards
import Storage

/// The files of a panel: units, or periods, of one follow those of the other.
///
/// Only what is known of units and periods is read here; ``Panel/load(_:storage:on:)`` reads the outcomes of a rank.
public struct PanelCollection: Sendable {
  /// One file.
  struct Part: Sendable {
    let path: String
    /// The rows of the panel that it holds.
    let rows: Range<Int>
    let otherFiles: [String]
  }

  let parts: [Part]
  public let layout: Panel.Layout
  public let arms: [String]
  public let periods: Identifiers
  public let metrics: [String]
  public let units: Identifiers
  public let unitArms: [Int]
  public let starts: [Int?]?
  /// Where the outcomes lie.
  let outcome: String

  /// The paths of all files.
  public var paths: [String] { parts.map(\.path) }
  /// Units or periods.
  public var rowCount: Int { parts.last!.rows.upperBound }
  /// The outcomes of a row.
  var width: Int { (layout == .units ? periods.count : units.count) * metrics.count }

  /// Opens files and folders, as ``ShardCollection/open(_:names:required:as:)`` does.
  ///
  /// - Throws: ``Failure`` `noInput` when there is no such file; `data` when one is no panel or damaged, one is given
  ///   twice, files disagree on arms, periods, metrics or layout, or a unit or period is named twice.
  public static func open(_ paths: [String], names: PanelDatasetNames = PanelDatasetNames()) throws -> PanelCollection {
    var given = GivenFiles()
    let files = try paths.flatMap { try ShardCollection.files(at: $0) }.map {
      if let repetition = given.repetition(of: $0.path) { throw Failure(.data, repetition) }
      return try PanelFile(path: $0.path, names: names, entry: $0.entry)
    }
    guard let first = files.first else { throw Failure(.usage, "no panel given; name files or folders") }
    for other in files.dropFirst() {
      if let words = first.header.difference(from: other.header) {
        throw Failure(
          .data, "\(first.path) and \(other.path) disagree on \(words); files of one panel must agree")
      }
    }
    let collection = PanelCollection(files, outcome: names.outcome)
    try collection.check(files)
    return collection
  }

  private init(_ files: [PanelFile], outcome: String) {
    var start = 0
    parts = files.map { file in
      defer { start += file.rowCount }
      return Part(path: file.path, rows: start..<start + file.rowCount, otherFiles: file.otherFiles)
    }
    let first = files[0].header
    (layout, arms, metrics) = (first.layout, first.arms, first.metrics)
    self.outcome = outcome
    var (units, periods) = (first.units, first.periods)
    var (unitArms, starts) = (first.unitArms, first.starts)
    for file in files.dropFirst() {
      if layout == .units {
        units.append(file.header.units)
        unitArms += file.header.unitArms
        starts = starts.flatMap { starts in file.header.starts.map { starts + $0 } }
      } else {
        periods.append(file.header.periods)
      }
    }
    (self.units, self.periods, self.unitArms, self.starts) = (units, periods, unitArms, starts)
  }

  /// Refuses names that are given twice, integers that do not rise, and starts that are no period.
  private func check(_ files: [PanelFile]) throws {
    if let unit = Self.repetition(in: units.texts) {
      let holding = files.filter { $0.header.units.texts.contains(unit) }.map(\.path)
      throw Failure(
        .data,
        "unit '\(unit)' is there twice (in \(Array(Set(holding)).sorted().joined(separator: " and "))); give each unit one row, "
          + "and a name of its own")
    }
    if let period = Self.repetition(in: periods.texts) {
      throw Failure(.data, "\(parts[0].path): period '\(period)' is there twice; give each period a label of its own")
    }
    if case .integers(let labels) = periods,
      let place = labels.indices.dropFirst().first(where: { labels[$0] < labels[$0 - 1] })
    {
      throw Failure(
        .data,
        "\(parts[0].path): period \(labels[place]) follows \(labels[place - 1]); periods must be in the order of time")
    }
    if let starts, let unit = starts.firstIndex(where: { $0.map { !(0..<periods.count).contains($0) } ?? false }) {
      throw Failure(
        .data,
        "the start of unit '\(units.texts[unit])' is \(starts[unit]!), and there are \(periods.count) periods; give the place "
          + "of its first period under its arm, counted from 0, or -1 for never")
    }
  }

  private static func repetition(in names: [String]) -> String? {
    var seen: Set<String> = []
    return names.first { !seen.insert($0).inserted }
  }

  /// The pieces of files that hold rows of the panel, in order.
  func pieces(of rows: Range<Int>) -> [(part: Part, rows: Range<Int>, globalStart: Int)] {
    parts.compactMap { part in
      let overlap = part.rows.clamped(to: rows)
      guard !overlap.isEmpty else { return nil }
      let start = overlap.lowerBound - part.rows.lowerBound
      return (part, start..<start + overlap.count, overlap.lowerBound)
    }
  }
}

extension PanelHeader {
  /// In what the files of one panel differ that must agree, in words; nil when they agree.
  fileprivate func difference(from other: PanelHeader) -> String? {
    func lists(_ one: [String], _ two: [String]) -> String {
      guard one.count == two.count, let place = one.indices.first(where: { one[$0] != two[$0] }) else {
        return "\(one.count) and \(two.count)"
      }
      return "'\(one[place])' and '\(two[place])' in place \(place + 1)"
    }
    if layout != other.layout { return "the layout (\(layout.rawValue) and \(other.layout.rawValue))" }
    if arms != other.arms { return "the arms (\(arms.joined(separator: ", ")); \(other.arms.joined(separator: ", ")))" }
    if metrics != other.metrics { return "the metrics (\(lists(metrics, other.metrics)))" }
    if (starts == nil) != (other.starts == nil) { return "whether units have starts" }
    switch layout {
    case .units:
      if periods != other.periods { return "the periods (\(lists(periods.texts, other.periods.texts)))" }
      if !units.isOfKind(other.units) { return "whether the names of units are strings or integers" }
    case .periods:
      if units != other.units { return "the units (\(lists(units.texts, other.units.texts)))" }
      if unitArms != other.unitArms { return "the arms of units" }
      if starts != other.starts { return "the starts of units" }
      if !periods.isOfKind(other.periods) { return "whether periods are strings or integers" }
    }
    return nil
  }
}

extension Identifiers {
  fileprivate func isOfKind(_ other: Identifiers) -> Bool {
    switch (self, other) {
    case (.integers, .integers), (.strings, .strings): true
    default: false
    }
  }
}
