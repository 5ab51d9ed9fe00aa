import Diagnostics
import Frames
import Shards
import Storage

/// Turns tables into shards, in two passes over the inputs and in memory that does not grow with them.
///
/// ```swift
/// var plan = ImportPlan(treatment: "dose", outcome: "survival", covariates: ["age", "region"])
/// plan.institution = "hospital"
/// plan.cutsByInstitution = true
/// let summary = try Importer(inputs: ["trial.csv"], plan: plan).run(into: "shards", force: false)
/// ```
/// The first pass counts, finds categories, means and institutions; the second writes.
public struct Importer {
  /// Institutions that are written at a time; each further lot reads the inputs once more.
  static let institutionsPerPass = 64
  /// Rows that are handed to a writer at a time.
  static let blockLength = 1024

  private let inputs: [String]
  private var plan: ImportPlan

  public init(inputs: [String], plan: ImportPlan) {
    self.inputs = inputs
    self.plan = plan
  }

  /// Writes the shards and their manifest into a folder, which is created when it does not exist.
  ///
  /// - Throws: ``Failure`` that names the option, the file, the line or row, and the column at fault; then nothing of
  ///   this run stays in the folder, and earlier shards stay as they were.
  public func run(into folder: String, force: Bool) throws -> ImportSummary {
    try plan.validate()
    try checkInputs(besides: folder)
    try ShardFolder.check(folder, force: force)
    let inputs = try self.inputs.map(InputFile.init)
    let (format, notes) = try plan.format.recognized(in: inputs)
    var importer = self
    importer.plan.format = format
    var summary = try importer.run(inputs, into: folder, force: force)
    summary.findings = notes + summary.findings
    return summary
  }

  private func run(_ inputs: [InputFile], into folder: String, force: Bool) throws -> ImportSummary {
    let survey = try ImportSurvey(of: inputs, plan)
    let encoding = try ImportEncoding(survey)
    var plan = self.plan
    if !survey.roles.contains(.outcome) { plan.outcome = nil }
    if !survey.roles.contains(.identifier) { plan.identifier = nil }
    let record = try ImportRecord(inputs: inputs, survey: survey, encoding: encoding)
    let header = try record.header(plan, encoding)

    let target = try ShardFolder(folder, force: force)
    let output = ImportOutput(folder: target.staging, header: header, plan: plan, encoding: encoding)
    let institutions = plan.cutsByInstitution ? survey.further.first { $0.role == .institution }?.levels : nil
    let shards = try institutions.map { try writeByInstitution(inputs, output, $0) } ?? writeByRows(inputs, output)
    guard shards.reduce(0, { $0 + $1.rows }) == survey.rowsKept else {
      throw changedInput(self.inputs.joined(separator: ", "))
    }
    var manifest = Manifest(header: header, shards: shards)
    if plan.outcome == nil { manifest.outcome = nil }
    manifest.imported = record
    try target.commit(manifest)
    return ImportSummary(
      folder: folder, rows: survey.rowsKept, covariates: header.covariateNames, columns: encoding.columns,
      shards: shards, record: record,
      findings: survey.findings + encoding.findings + lacking(plan))
  }

  /// What the shards lack of the earlier ones.
  private func lacking(_ written: ImportPlan) -> [Finding] {
    guard let outcome = plan.outcome, written.outcome == nil else { return [] }
    return [.note(.outcomeLacking, [.column: .name(outcome)])]
  }

  private func checkInputs(besides folder: String) throws {
    var given = GivenFiles()
    for input in inputs where given.repetition(of: input) != nil {
      throw Failure(.usage, "\(input) is given twice; its rows would count twice")
    }
    // Shards may get its name, and it would be taken for one of them.
    try refuse(outputFolder: folder, holding: inputs.filter { $0.hasSuffix(".h5") })
  }

  private func forEachKeptRow(of inputs: [InputFile], _ body: (ImportRows) throws -> Void) throws {
    for input in inputs {
      let rows = try ImportRows(input, plan)
      while try rows.next() {
        if rows.isKept { try body(rows) }
      }
    }
  }

  private func writeByRows(_ inputs: [InputFile], _ output: ImportOutput) throws -> [Manifest.Shard] {
    var shards: [Manifest.Shard] = []
    var current: ImportShard?
    try forEachKeptRow(of: inputs) { rows in
      let shard = try current ?? output.open(ShardFolder.fileName(shards.count), institution: nil)
      try shard.append(rows)
      current = shard
      if shard.rowCount == plan.rowsPerShard {
        shards.append(try shard.finish())
        current = nil
      }
    }
    if let current { shards.append(try current.finish()) }
    return shards
  }

  private func writeByInstitution(
    _ inputs: [InputFile], _ output: ImportOutput, _ institutions: [String]
  ) throws -> [Manifest.Shard] {
    let files = ShardFolder.fileNames(for: institutions)
    var shards: [Manifest.Shard] = []
    for start in stride(from: 0, to: institutions.count, by: Self.institutionsPerPass) {
      let lot = start..<min(start + Self.institutionsPerPass, institutions.count)
      let open = try lot.map { try output.open(files[$0], institution: institutions[$0]) }
      let places = Dictionary(uniqueKeysWithValues: lot.map { (institutions[$0], $0 - start) })
      try forEachKeptRow(of: inputs) { rows in
        let institution = try rows.level(rows.position(of: .institution)!)
        if let place = places[institution] { try open[place].append(rows) }
      }
      shards += try open.map { try $0.finish() }
    }
    return shards
  }
}

/// What all shards of an import share.
private struct ImportOutput {
  let folder: String
  let header: ShardHeader
  let plan: ImportPlan
  let encoding: ImportEncoding

  private var roles: Set<Role> { Set(plan.roles.map(\.role).filter { !$0.isFurther }) }

  func open(_ file: String, institution: String?) throws -> ImportShard {
    let encoding = institution.map(encoding.restricted) ?? encoding
    var header = header
    header.institution = institution
    header.columns = encoding.columns
    let writer = try ShardWriter(path: "\(folder)/\(file)", header: header, roles: roles, force: false)
    return ImportShard(writer: writer, encoding: encoding, empty: emptyBlock)
  }

  private var emptyBlock: ShardBlock {
    ShardBlock(
      covariates: [], treatment: [], outcome: plan.outcome == nil ? nil : [], source: plan.source == nil ? nil : [],
      weight: plan.weight == nil ? nil : [], identifiers: plan.identifier == nil ? nil : .strings([]),
      columns: encoding.emptyValues)
  }
}

/// A shard in the making, and the rows that wait to be written to it.
private final class ImportShard {
  private(set) var rowCount = 0
  private var waitingRows = 0
  private let writer: ShardWriter
  private let encoding: ImportEncoding
  private let empty: ShardBlock
  private var block: ShardBlock
  private var identifiers: [String] = []

  init(writer: ShardWriter, encoding: ImportEncoding, empty: ShardBlock) {
    self.writer = writer
    self.encoding = encoding
    self.empty = empty
    block = empty
  }

  func append(_ rows: ImportRows) throws {
    try encoding.append(rows, to: &block)
    if block.identifiers != nil { identifiers.append(try rows.identifierText()) }
    rowCount += 1
    waitingRows += 1
    if waitingRows == Importer.blockLength { try flush() }
  }

  func finish() throws -> Manifest.Shard {
    try flush()
    return try writer.finish()
  }

  private func flush() throws {
    if block.identifiers != nil { block.identifiers = .strings(identifiers) }
    try writer.append(block)
    block = empty
    waitingRows = 0
    identifiers.removeAll(keepingCapacity: true)
  }
}
