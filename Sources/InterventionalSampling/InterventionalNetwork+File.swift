import CausalGraphs
import Diagnostics
import Storage

/// What `idgen.h5` says besides its arrays.
private struct NetworkRecord: Codable {
  static let encodingType = "giv-idgen-network"
  static let encodingVersion = "1.0.0"

  var encodingType = Self.encodingType
  var encodingVersion = Self.encodingVersion
  let options: NetworkOptions
  let isExact: Bool
  let rowCount: Int
  let generatedRowCount: Int
  let variables: [InterventionalNetwork.Variable]
  let software: [String: String]
  let inputDigest: String
  let networkDigest: String
}

/// The part of a record that all kinds of files have.
private struct RecordKind: Decodable {
  let encodingType: String
}

/// `idgen.h5`: the tables of a network, with what is needed to use and to repeat it.
///
/// The attribute `giv-record` holds, as JSON, the options with the graph, the levels, versions and digests; plain attributes
/// say the same for other readers. For each table `free/<variable>`, `generated/<number>/<variable>` or `network/<variable>`
/// there are `probabilities` and `sound_shares`, of shape [levels of the first parent, .., levels of the variable], and
/// `parents`, their names; `levels/<variable>` holds the names of levels.
extension InterventionalNetwork {
  /// The files of a run, in the order in which they get their names.
  public static let fileNames = ["idgen.h5"]

  /// Writes the file under its name once it is complete.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func save(to path: String, inputDigest: String, software: [String: String]) throws {
    try HDF5File.writeResults(
      to: path, encodingType: NetworkRecord.encodingType, encodingVersion: NetworkRecord.encodingVersion,
      origin: software.merging(["input-digest": inputDigest]) { $1 }, configuration: options
    ) { file in
      try file.setRecord(
        NetworkRecord(
          options: options, isExact: isExact, rowCount: rowCount, generatedRowCount: generatedRowCount,
          variables: variables, software: software, inputDigest: inputDigest, networkDigest: digest()))
      try file.setAttribute("graph", .string(graph.text))
      try file.setAttribute("network-digest", .string(digest()))
      try file.setAttribute("order", .strings(network.map { graph.names[$0.variable] }))
      for variable in variables { try file.write(variable.levels, to: "levels/\(variable.name)") }
      for (path, table) in tables {
        let shape = table.parentLevelCounts + [table.levelCount]
        try file.write(table.probabilities, shape: shape, to: "\(path)/probabilities")
        try file.write(table.soundShares, shape: shape, to: "\(path)/sound_shares")
        if !table.parents.isEmpty { try file.write(table.parents.map { graph.names[$0] }, to: "\(path)/parents") }
      }
    }
  }

  /// Reads the network of a run, given by its folder or by the file, with the digest of the rows that it was learned on.
  ///
  /// - Throws: ``Failure`` `noInput` when there is no such file, `data` when it holds no network or was altered.
  public static func load(ofRun run: String) throws -> (network: InterventionalNetwork, inputDigest: String) {
    let path = run.hasSuffix(".h5") ? run : "\(run)/\(fileNames[0])"
    let remedy = "give the folder that giv-dist idgen fit wrote (--out)"
    guard ResolvedPath(path) != nil else { throw Failure(.noInput, "\(path): there is no such file; \(remedy)") }
    let file = try HDF5File.open(path)
    guard try file.record(as: RecordKind.self)?.encodingType == NetworkRecord.encodingType,
      let record = try file.record(as: NetworkRecord.self)
    else { throw Failure(.data, "\(path) holds no network of models; \(remedy)") }
    let altered = Failure(.data, "\(path) was altered: its tables do not fit its graph; run idgen fit again")
    let (options, variables) = (record.options, record.variables)
    let graph = try MixedGraph(text: options.graph, file: path)
    guard graph.names == variables.map(\.name), variables.allSatisfy({ $0.levels.count > 1 }),
      let query = CausalQuery(options, graph), let plan = try? Identification(of: query, in: graph).plan()
    else { throw altered }
    func table(_ model: IdentificationPlan.Model, _ folder: String) throws -> ConditionalTable {
      let path = "\(folder)/\(graph.names[model.variable])"
      let parents = model.parents.sorted()
      let (counts, levelCount) = (
        parents.map { variables[$0].levels.count }, variables[model.variable].levels.count
      )
      func numbers(_ name: String) throws -> [Double] {
        let dataset = try file.dataset("\(path)/\(name)")
        guard try dataset.shape() == counts + [levelCount] else { throw altered }
        let values: [Double] = try dataset.read()
        guard values.allSatisfy({ (0...1.000001).contains($0) }) else { throw altered }
        return values
      }
      return ConditionalTable(
        variable: model.variable, parents: parents, levelCount: levelCount, parentLevelCounts: counts,
        probabilities: try numbers("probabilities"), soundShares: try numbers("sound_shares"))
    }
    let network = InterventionalNetwork(
      options: options, graph: graph, plan: plan, isExact: record.isExact, rowCount: record.rowCount,
      generatedRowCount: record.generatedRowCount, variables: variables,
      free: try plan.freeModels.map { try table($0, "free") },
      generated: try plan.generated.enumerated().map { index, generated in
        try generated.models.map { try table($0, "generated/\(index + 1)") }
      },
      network: try plan.network.map { try table($0, "network") })
    guard network.digest() == record.networkDigest else { throw altered }
    return (network, record.inputDigest)
  }
}

extension CausalQuery {
  /// The question of a network's options; nil when it is none of the graph's.
  fileprivate init?(_ options: NetworkOptions, _ graph: MixedGraph) {
    let parts = [options.intervened, options.outcome, options.given].map { names in
      names.compactMap { graph.names.firstIndex(of: $0) }
    }
    let count = options.intervened.count + options.outcome.count + options.given.count
    guard Set(parts.joined()).count == count, !parts[1].isEmpty else { return nil }
    self.init(intervened: Set(parts[0]), outcome: Set(parts[1]), given: Set(parts[2]))
  }
}
