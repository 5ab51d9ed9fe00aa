import ArgumentParser
import Communication
import Diagnostics
import Frames
import InterventionalSampling
import Reports
import Runs
import Shards
import Simulation
import Storage

/// `giv-dist idgen sample`: rows under an intervention, from a network that `idgen fit` has learned.
struct IdgenSample: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw rows under an intervention from the models that 'idgen fit' has learned.",
    discussion: """
      The shards have a column of the role 'variable' for each variable of the outcome, or with --all for each that is \
      set, seen or drawn; report.json beside them says what they are rows of, and with --image sheet.png shows the first. Row \
      r is the same on any number of ranks and in any number of shards. After a signal, or a kill, the same command with \
      --resume keeps the shards that are complete. A value that was seen and not set is met by \
      drawing again.

        giv-dist idgen sample network --do smoking=1 --rows 100000 --out smokers
        giv-dist idgen sample network --do dose=2.5 --rows 100000 --out treated
        mpirun -n 8 giv-dist idgen sample network --do-from visits --all --shards 8 --out answers
      """)

  @Argument(help: "The folder that 'idgen fit' wrote, or its idgen.h5.")
  var run: String
  @OptionGroup var job: JobOptions
  @Option(
    name: .customLong("do"), help: "What is set to which value, X=1; once for each variable that the network sets.")
  var intervened: [String] = []
  @Option(help: "What is seen to have which value, Z=0; once for each variable that the network sees.")
  var given: [String] = []
  @Option(help: "Shards with the values of these variables, from which each row of the sample takes those of its own.")
  var doFrom: String?
  @Option(help: "The number of rows; with --do-from as many as it has.")
  var rows: Int?
  @Option(help: "The number of files.")
  var shards = 1
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 0
  @Flag(help: "Write all variables that are set, seen or drawn, and not the outcome alone.")
  var all = false
  @Flag(
    help: """
      Draw also where more than a fifth rests on combinations with fewer than five rows, or numbers are set beyond those of \
      the data.
      """)
  var allowExtrapolation = false
  @Option(
    help: "Draw the first 64 images of the outcome: their rows and columns, 8x8; colours come one after the other.")
  var image: String?
  @Option(help: "The folder of the shards.")
  var out: String
  @Flag(help: "Replace the shards that are in the folder.")
  var force = false
  @Flag(help: "Go on with the unfinished shards in the folder, on any number of ranks; where there are none, begin.")
  var resume = false
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if resume && force { throw ValidationError("--resume goes on and --force starts anew; give one of them") }
    if let rows, rows < 1 { throw ValidationError("--rows is \(rows); give at least 1") }
    guard shards >= 1 else { throw ValidationError("--shards is \(shards); give at least 1") }
    guard doFrom == nil || rows == nil else {
      throw ValidationError("--do-from has as many rows as the sample; leave --rows out")
    }
    guard doFrom == nil || intervened.isEmpty && given.isEmpty else {
      throw ValidationError("--do-from gives all values that are set or seen; leave --do and --given out")
    }
    guard doFrom != nil || rows != nil else { throw ValidationError("give --rows N, or --do-from with a row for each") }
    _ = try (Self.values(intervened, "--do"), Self.values(given, "--given"))
  }

  func run(on communicator: any Communicator) throws {
    let files = Answer.fileNames + [StoredRun.imagesName]
    try communicator.agree {
      if communicator.isRoot { try ShardFolder.check(out, force: force, resume: resume, companions: files) }
    }
    let network = try communicator.agree { try InterventionalNetwork.load(ofRun: run).network }
    let sheet = try communicator.agree { try image.map { try SampleSheet($0, of: network) } }
    let (set, seen) = try (Self.values(intervened, "--do"), Self.values(given, "--given"))
    let (settings, rowCount, valuesDigest) = try communicator.agree {
      guard let doFrom else {
        let settings = try InterventionSettings(network, set: set, seen: seen, allowsExtrapolation: allowExtrapolation)
        return (settings, rows ?? 0, "")
      }
      let table = try table(doFrom)
      return (
        try InterventionSettings(network, table: table, allowsExtrapolation: allowExtrapolation), table.rows.rowCount,
        table.digest
      )
    }
    let sample = InterventionalSample(network, settings, rowCount: rowCount, seed: seed, all: all)
    let survey = try sample.survey(on: communicator)
    guard allowExtrapolation || survey.rareShare <= Overlap.refusedShare else {
      throw Failure(
        .data,
        "\(Int((100 * survey.rareShare).rounded()))% of the rows rest on combinations of levels with fewer than 5 rows in the "
          + "data; join levels, choose another value, or give --allow-extrapolation")
    }
    let report = SampleReport(sample, survey, set: set, seen: seen, table: doFrom.map { [$0] } ?? [])
    let answer = try communicator.agree { try Answer("idgen sample", report.text(shards: shards), report) }
    var companions: [String: InterventionalRows.Companion] = [:]
    for name in Answer.fileNames { companions[name] = { try answer.bytes(of: name) } }
    if let sheet { companions[StoredRun.imagesName] = { try sheet.bytes(sample) } }
    let drawn = DrawnRows(
      rows: rowCount, shards: shards, seed: seed, do: intervened.sorted(), given: given.sorted(), all: all)
    let fingerprint = try Fingerprint(drawn, inputDigest: network.digest() + valuesDigest)
    StopSignal.install()
    let manifest = try InterventionalRows(
      sample, companions: companions, among: files, isStopRequested: { StopSignal.isReceived }
    ).write(
      shards: shards, toFolder: out, force: force,
      resumption: Resumption(fingerprint, isWished: resume, optionName: OptionNames.name), on: communicator)
    guard communicator.isRoot else { return }
    answer.show(
      json: json, folder: out,
      files: files.filter { companions[$0] != nil } + [Manifest.fileName, "\(manifest.shards.count) shards"])
  }

  /// What determines the shards besides the network and a table of values.
  private struct DrawnRows: Encodable {
    let rows: Int
    let shards: Int
    let seed: UInt64
    let `do`: [String]
    let given: [String]
    let all: Bool
  }

  /// All rows of the table of values, read by this rank alone when they are needed.
  private func table(_ path: String) throws -> Frame {
    let collection = try ShardCollection.open([path], names: DatasetNames(), required: [])
    try collection.requireNoShard(inOutputFolder: out)
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: SoloCommunicator())
    return try Frame.load(
      collection, rows: rows, roles: collection.graphRoles, covariatesAsNumbers: true, storage: .stream())
  }

  /// The values of variables by name.
  private static func values(_ texts: [String], _ option: String) throws -> [String: String] {
    try texts.reduce(into: [:]) { values, text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw ValidationError("\(option) \(text): give a variable and its value, X=1") }
      guard values.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw ValidationError("\(option) names '\(parts[0])' twice; give it one value")
      }
    }
  }
}
