import Diagnostics
import Panels
import Shards
import Storage

/// Turns tables into a panel, in memory that does not grow with them.
///
/// ```swift
/// let plan = PanelPlan(unit: "state", arm: "policy", shape: .long(time: "year", outcomes: ["packs"]))
/// let summary = try PanelImporter(inputs: ["packs.csv"], plan: plan).run(into: "panel", force: false)
/// ```
/// The first pass finds units, arms and periods. As the rows may come in any order, the outcomes are then gathered for
/// as many units (or periods) as fit in memory at a time; each further lot reads the inputs once more. Units and periods
/// are sorted, so the files do not depend on the order of the rows.
public struct PanelImporter {
  private let inputs: [String]
  private var plan: PanelPlan
  /// Outcomes that are gathered at a time.
  private let cellsInMemory: Int

  public init(inputs: [String], plan: PanelPlan) { self.init(inputs: inputs, plan: plan, cellsInMemory: 1 << 26) }

  package init(inputs: [String], plan: PanelPlan, cellsInMemory: Int) {
    self.inputs = inputs
    self.plan = plan
    self.cellsInMemory = cellsInMemory
  }

  /// Writes the files and their manifest into a folder, which is created when it does not exist.
  ///
  /// - Throws: ``Failure`` that names the option, or the file, line, unit and column at fault; then nothing of this run
  ///   stays in the folder, and earlier files stay as they were.
  public func run(into folder: String, force: Bool) throws -> PanelImportSummary {
    try plan.validate()
    var given = GivenFiles()
    for input in inputs where given.repetition(of: input) != nil {
      throw Failure(.usage, "\(input) is given twice; its rows would count twice")
    }
    try refuse(outputFolder: folder, holding: inputs.filter { $0.hasSuffix(".h5") })
    try ShardFolder.check(folder, force: force)
    let inputs = try self.inputs.map(InputFile.init)
    let (format, notes) = try plan.format.recognized(in: inputs)
    var importer = self
    importer.plan.format = format
    var summary = try importer.run(inputs, into: folder, force: force)
    summary.findings = notes + summary.findings
    return summary
  }

  private func run(_ inputs: [InputFile], into folder: String, force: Bool) throws -> PanelImportSummary {
    let survey = try PanelSurvey(inputs, plan)
    let layout = plan.layout ?? (survey.periods.count > 4 * survey.units.count ? .periods : .units)
    guard plan.unitsPerFile == nil || layout == .units else {
      throw Failure(
        .usage,
        "--units-per-shard cuts a panel of units, and this one has many more periods; give --layout units, or leave it out"
      )
    }
    let target = try ShardFolder(folder, force: force)
    var summary = PanelImportSummary(survey, plan, layout, folder: folder)
    let rowCount = layout == .units ? survey.units.count : survey.periods.count
    let width = (layout == .units ? survey.periods.count : survey.units.count) * plan.outcomes.count
    let rowsPerFile = min(plan.unitsPerFile ?? max(1, Self.cellsPerFile / width), max(1, cellsInMemory / width))
    let filesPerLot = max(1, cellsInMemory / (rowsPerFile * width))
    for start in stride(from: 0, to: rowCount, by: rowsPerFile * filesPerLot) {
      var lot = PanelLot(
        rows: start..<min(start + rowsPerFile * filesPerLot, rowCount), layout: layout, survey: survey, plan: plan)
      try lot.gather(inputs)
      summary.add(lot)
      for first in stride(from: start, to: lot.rows.upperBound, by: rowsPerFile) {
        let rows = first..<min(first + rowsPerFile, lot.rows.upperBound)
        let path = "\(target.staging)/\(ShardFolder.fileName(summary.files.count))"
        summary.files.append(try lot.write(rows, to: path))
      }
    }
    try target.commit(Manifest(panel: summary.files))
    return summary
  }

  /// About 64 MiB.
  private static let cellsPerFile = 1 << 23
}

/// The outcomes of some consecutive units or periods.
struct PanelLot {
  let rows: Range<Int>
  let layout: Panel.Layout
  let survey: PanelSurvey
  let plan: PanelPlan
  /// [rows, others, metrics]; NaN is missing.
  private(set) var values: [Double]
  /// Whether a row of the tables had this unit and period.
  private var isSeen: [Bool]

  private var metrics: Int { plan.outcomes.count }
  private var others: Int { layout == .units ? survey.periods.count : survey.units.count }

  init(rows: Range<Int>, layout: Panel.Layout, survey: PanelSurvey, plan: PanelPlan) {
    self.rows = rows
    self.layout = layout
    self.survey = survey
    self.plan = plan
    let others = layout == .units ? survey.periods.count : survey.units.count
    values = [Double](repeating: .nan, count: rows.count * others * plan.outcomes.count)
    isSeen = [Bool](repeating: false, count: rows.count * others)
  }

  /// Takes the outcomes from the tables.
  ///
  /// - Throws: ``Failure`` `data` that names unit, period and lines of a cell that is given twice.
  mutating func gather(_ inputs: [InputFile]) throws {
    var rowCount = 0
    for input in inputs {
      let rows = try PanelRows(input, plan)
      while try rows.next() {
        rowCount += 1
        let name = try rows.unit()
        guard let unit = survey.unitPlaces[name] else { throw changedInput(input.path) }
        if case .long = plan.shape {
          guard let period = survey.periodPlaces[try rows.time(of: name)] else { throw changedInput(input.path) }
          guard take(rows, unit, period, from: 0) else { throw try repetition(inputs, unit, period) }
        } else {
          for period in 0..<survey.periods.count where !take(rows, unit, period, from: period) {
            throw try repetition(inputs, unit, nil)
          }
        }
      }
    }
    guard rowCount == survey.rowCount else { throw changedInput(inputs.map(\.path).joined(separator: ", ")) }
  }

  /// Takes the metrics of a cell that lies in the lot; false when it was given before.
  private mutating func take(_ table: PanelRows, _ unit: Int, _ period: Int, from first: Int) -> Bool {
    let (row, other) = layout == .units ? (unit, period) : (period, unit)
    guard rows.contains(row) else { return true }
    let place = (row - rows.lowerBound) * others + other
    guard !isSeen[place] else { return false }
    isSeen[place] = true
    for metric in 0..<metrics { values[place * metrics + metric] = table.outcome(first + metric) }
    return true
  }

  /// The failure of a unit, or of a unit in a period, that two rows have.
  private func repetition(_ inputs: [InputFile], _ unit: Int, _ period: Int?) throws -> Failure {
    let name = survey.units.texts[unit]
    let label = period.map { survey.periods.texts[$0] }
    var places: [String] = []
    for input in inputs {
      let rows = try PanelRows(input, plan)
      while try places.count < 2 && rows.next() {
        guard try rows.unit() == name else { continue }
        if let label, try rows.time(of: name) != label { continue }
        places.append(rows.place)
      }
    }
    return Failure(
      .data,
      "unit '\(name)' has two rows\(label.map { " of period \($0)" } ?? ""), \(places.joined(separator: " and ")); remove one, or "
        + "make one of them")
  }

  /// Missing outcomes by arm.
  var missing: [Int] {
    var counts = survey.arms.map { _ in 0 }
    for place in values.indices where values[place].isNaN {
      let (row, other) = (place / metrics).quotientAndRemainder(dividingBy: others)
      counts[survey.unitArms[layout == .units ? rows.lowerBound + row : other]] += 1
    }
    return counts
  }

  /// Writes some of the rows as a file.
  func write(_ part: Range<Int>, to path: String) throws -> Manifest.Shard {
    let units = layout == .units ? part : 0..<survey.units.count
    let header = PanelHeader(
      layout: layout, arms: survey.arms, periods: layout == .units ? survey.periods : survey.periods[part],
      metrics: plan.outcomes, units: survey.units[units], unitArms: Array(survey.unitArms[units]),
      starts: survey.starts.map { Array($0[units]) })
    let writer = try PanelWriter(path: path, header: header, force: false)
    let width = others * metrics
    for row in part {
      let start = (row - rows.lowerBound) * width
      try writer.append(Array(values[start..<start + width]))
    }
    return try writer.finish()
  }
}
